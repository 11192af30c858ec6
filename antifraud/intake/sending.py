"""Send a draft: through the one door for reports, once, whatever happens in between; and complete it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from antifraud.auth.people import Person
from antifraud.auth.service import Centre, source_by_code
from antifraud.banks.directory import choices
from antifraud.cases.acts import case_id_of
from antifraud.cases.casefile import CaseNotFound, Desk
from antifraud.cases.models import cases
from antifraud.cases.service import save as save_case
from antifraud.foundation.db import retrying
from antifraud.foundation.json import canonical, loads
from antifraud.foundation.metrics import REPORTS, report_outcome
from antifraud.foundation.problems import InvalidReport
from antifraud.intake import drafts
from antifraud.intake.answers import Submission
from antifraud.intake.door import Door
from antifraud.intake.drafting import PARTS, Understood, document, understand
from antifraud.intake.drafts import Draft, DraftEnded, Frozen, NotTheEditor
from antifraud.work import Work

SOURCE: Final = "console"
_MAX_ANSWER_BYTES: Final = 1_000_000


class NotReady(Exception):
    """Something is missing or unclear; `understood` says what, and nothing was sent."""

    def __init__(self, understood: Understood) -> None:
        super().__init__("the draft cannot be sent yet")
        self.understood = understood


class NothingToTell(Exception):
    """No field of that part was filled."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Sends drafts of one centre for one person."""

    door: Door
    centre: Centre
    person: Person

    def send(self, no: int) -> Draft:
        """Send the draft; one that was sent already is returned as it is.

        Raises:
            NotReady: Something is missing.
            NotTheEditor: Somebody else edits it.
            KeyInProgress: It is being sent at this moment: ask again.
            Problem: The door refused it; the draft can be changed again.
        """
        found = retrying(partial(self._frozen, no, self._first))
        return found if found.frozen is None else self._carry_out(found, found.frozen)

    def complete(self, no: int, part: str) -> Draft:
        """Tell the draft's case what was learnt after sending: one part, as a further report of the same case.

        Raises:
            NothingToTell: No field of the part is filled.
            NotReady: A further transfer is not complete.
            DraftEnded: The draft was not sent yet, or its report still waits for its case.
        """
        pending = retrying(partial(self._frozen, no, lambda *_: None))
        if pending.frozen is not None:
            self._carry_out(pending, pending.frozen)
        found = retrying(partial(self._frozen, no, partial(self._further, part)))
        return found if found.frozen is None else self._carry_out(found, found.frozen)

    def work(self, connection: Any) -> Work:  # noqa: ANN401 -- a connection
        """Return the person's hands."""
        door = self.door
        return Work(
            connection=connection,
            clock=door.clock,
            centre_id=self.centre.id,
            actor=self.person.actor,
            vault=door.vault,
        )

    def _frozen(self, no: int, make: Any) -> Draft:  # noqa: ANN401 -- of (work, draft) -> Frozen or None
        """Freeze what ``make`` returns, unless something is frozen already or nothing is to be sent."""
        with self.door.database.begin(self.centre.id) as connection:
            work = self.work(connection)
            found = drafts.draft(work, no, lock=True)
            if found.frozen is None:
                frozen = make(work, found)
                if frozen is not None:
                    drafts.freeze(work, found, frozen)
            return drafts.draft(work, no)

    def _first(self, work: Work, found: Draft) -> Frozen | None:
        if found.state == "sent":
            return None
        if found.state != "open":
            raise DraftEnded("it was discarded")
        if found.editor_id != self.person.id:
            raise NotTheEditor(found.editor_id)
        understood = self._understood(work, found)
        if not understood.can_go:
            raise NotReady(understood)
        return Frozen(
            key=str(found.id),
            raw=canonical(self._document(understood, found, found.source_ref, tuple(PARTS))),
            case_id=_chosen(work, found.values.get("merge", "")),
            part=None,
            links=tuple(
                case_id
                for number in found.values.get("link", "").split()
                if (case_id := _chosen(work, number)) is not None
            ),
        )

    def _further(self, part: str, work: Work, found: Draft) -> Frozen:
        case = (found.answer or {}).get("case")
        if found.state != "sent" or not case:
            raise DraftEnded("it is in no case yet")
        first = sent_rows(found) + 1
        understood = understand(
            found.values, choices(work.connection), now=work.now(), zone=self.centre.zone, first=first
        )
        is_money = part == "transfers"
        if is_money and not understood.can_go:
            raise NotReady(understood)
        number = len(found.marks.get("sent", [])) + 2
        told = self._document(understood, found, f"{found.source_ref}-{number}", (part,))
        if not {"victim", "reporter", "narrative", "place", "fraud_type", "transfers"} & told.keys():
            raise NothingToTell
        return Frozen(key=f"{found.id}-{number}", raw=canonical(told), case_id=UUID(case["id"]), part=part)

    def _document(self, understood: Understood, found: Draft, source_ref: str, parts: Sequence[str]) -> dict[str, Any]:
        return document(
            understood,
            found.values,
            source_ref=source_ref,
            reported_at=found.opened_at,
            zone=self.centre.zone,
            currency=self.centre.currency,
            parts=parts,
        )

    def _understood(self, work: Work, found: Draft) -> Understood:
        return understand(found.values, choices(work.connection), now=work.now(), zone=self.centre.zone)

    def _carry_out(self, found: Draft, frozen: Frozen) -> Draft:
        source = source_by_code(self.door.database, self.centre.id, SOURCE)
        submission = Submission(
            source=source,
            key=frozen.key,
            raw=frozen.raw,
            profile="native",
            actor=self.person.actor,
            key_id=found.key.id if frozen.part is None else None,
            case_id=frozen.case_id,
        )
        try:
            answer = self.door.submit(submission)
        except InvalidReport:
            self._again(partial(drafts.thaw, no=found.no))
            raise
        told = loads(answer.body, max_bytes=_MAX_ANSWER_BYTES)
        if not isinstance(told, dict):
            raise TypeError("an answer is an object")
        REPORTS.labels(report_outcome(answer.status, told, is_repeated=answer.replayed)).inc()
        settled: Draft = self._again(partial(drafts.settle, no=found.no, key=frozen.key, answer=told))
        if frozen.links and told.get("case"):
            self._again(partial(self._link, case_id=UUID(told["case"]["id"]), others=frozen.links))
        return settled

    def _again(self, act: Any) -> Any:  # noqa: ANN401 -- of (work) -> whatever
        def once() -> Any:  # noqa: ANN401
            with self.door.database.begin(self.centre.id) as connection:
                return act(self.work(connection))

        return retrying(once)

    def _link(self, work: Work, *, case_id: UUID, others: Sequence[UUID]) -> None:
        """Note in both cases that one is the other's history."""
        desk = Desk(work)
        desk.lock_all({case_id, *others})
        for other in others:
            if other != case_id and other in desk.files and case_id in desk.files:
                desk.files[case_id].note("CasesLinked", {"case_id": str(other), "by": work.actor})
                desk.files[other].note("CasesLinked", {"case_id": str(case_id), "by": work.actor})
        save_case(desk, self.door.mails[self.centre.id])


def sent_rows(found: Draft) -> int:
    """Return how many rows of transfers of a sent draft were told already."""
    return int(found.marks.get("rows", 0))


def _chosen(work: Work, number: str) -> UUID | None:
    """Return the open case of a number that the operator chose; one that closed since is no case to enter."""
    if not number.strip():
        return None
    try:
        case_id = case_id_of(work, number)
    except CaseNotFound:
        return None
    row = work.connection.execute(select(cases.c.origin, cases.c.closed_at).where(cases.c.id == case_id)).one()
    return None if row.closed_at is not None or row.origin != "live" else case_id
