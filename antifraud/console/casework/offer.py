"""One act that is offered on the page of a case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from antifraud.cases.dossier import TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One act: `verb` is what the address says, `subject_id` what it is about, `measure` the kind of a measure.

    `due_at` and `task` say why it is urgent; `fields` what must be given with it,
    `choices` what may be chosen in its one field of the case's own codes: code
    and words. `role` is what the measure is for. With `href` the act has a page
    of its own.
    """

    verb: str
    subject_id: UUID | None
    title: str
    detail: str = ""
    measure: str | None = None
    due_at: datetime | None = None
    opened_at: datetime | None = None
    task: TaskRow | None = None
    key: str | None = None
    fields: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    role: str = ""
    is_primary: bool = False
    href: str = ""

    @property
    def name(self) -> str:
        """Return the act with the kind of its measure."""
        return f"{self.verb}:{self.measure}" if self.measure else self.verb

    @property
    def wish(self) -> str:
        """Return the act with what its measure is for: by this tasks and keys find it under any scheme."""
        return f"{self.verb}:{self.role}" if self.role else self.name

    @property
    def id(self) -> str:
        """Return the id of its form in the page."""
        return f"act-{self.name.replace(':', '-')}-{self.subject_id or 'case'}"
