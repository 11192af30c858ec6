"""One thing that may happen next: who does it, in words, as the event that `advance` takes."""

from dataclasses import dataclass
from uuid import UUID

from workflows.events import AnyEvent

TIME, BANK, PERSON, REPORTER = "time", "bank", "person", "reporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An event and what it stands for.

    `about` is the hold that it is about, `label` the word at the arrow of a
    diagram, and `rule` the line of the definition that makes the move possible.
    """

    actor: str
    words: str
    event: AnyEvent
    about: UUID | None = None
    label: str = ""
    rule: str = ""
