"""A payment that a case knows already, told again: what differs goes to a person, what agrees may let an order go."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from antifraud.auth.service import Source
from antifraud.cases import trail
from antifraud.cases.accounts import AccountCard
from antifraud.cases.casefile import CaseFile
from antifraud.intake.lines import UNTRUSTED, Line
from workflows import AnyEvent
from workflows.events import ClaimConfirmed, DoubtRaised, LeadResolved
from workflows.state import Hold, Task

PERHAPS_THE_SAME = "perhaps_the_same"
"""The reason of the task about a transfer that was taken for a known payment by its account and amount alone."""
Holds = list[tuple[UUID, Hold]]
"""Holds with the procedure of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A report beside the case that it joins."""

    file: CaseFile
    report_id: UUID
    is_history: bool
    accounts: Mapping[AccountCard, UUID]

    def compare(self, line: Line, twin: trail.KnownReceipt, holds: Holds, *, is_likeness: bool) -> None:
        """Tell a person where another report of the same payment differs, or that only likeness says it is the same.

        Without a reference it may be a second payment to the same account,
        and then an order is missing: a person looks.
        """
        differs = self._differences(line, twin, holds)
        if is_likeness:
            differs.append(PERHAPS_THE_SAME)
        if differs:
            self.doubt(line, ",".join(differs))

    def _differences(self, line: Line, twin: trail.KnownReceipt, holds: Holds) -> list[str]:
        account_id = twin.payee_account_id or next((hold.account_id for _, hold in holds), None)
        payee_id = self.accounts.get(line.payee) if line.payee else None
        return [
            name
            for name, ours, theirs in (
                ("amount", twin.amount_minor, line.facts.amount_minor),
                ("currency", twin.asset, line.facts.asset),
                ("account", account_id, payee_id),
            )
            if ours is not None and theirs is not None and ours != theirs
        ]

    def add_to(self, line: Line, twin: trail.KnownReceipt, holds: Holds, source: Source) -> None:
        """Let a report of the same facts add to holds that wait what only it knows; one that differs adds nothing."""
        if self.is_history or self._differences(line, twin, holds):
            return
        for procedure_id, hold in holds:
            for event in self._what_it_adds(
                self.file.procedures[procedure_id].state.tasks.values(), hold, line, source
            ):
                self.file.apply(procedure_id, event, cause_id=self.report_id)

    def _what_it_adds(self, tasks: Iterable[Task], hold: Hold, line: Line, source: Source) -> Iterator[AnyEvent]:
        """Yield what a second report of the same facts adds to a hold that waits."""
        if hold.state != "unconfirmed" or line.payee is None:
            return
        work, doubts = self.file.desk.work, line.doubts(source)
        said: dict[str, Any] = {"id": work.new_id(), "at": work.now(), "hold_id": hold.id, "by": work.actor}
        if hold.account_id is None:
            yield LeadResolved(
                **said,
                account_id=self.accounts[line.payee],
                institution_id=line.payee.institution_id,
                doubts=doubts,
                account_kind=line.payee.kind,
                cross_border=line.cross_border,
                agreed_answer=line.payee_institution.agreed_answer if line.payee_institution else None,
            )
        elif not doubts and any(task.subject_id == hold.id and task.reason == UNTRUSTED for task in tasks):
            yield ClaimConfirmed(**said)

    def doubt(self, line: Line, reason: str) -> None:
        """Show a person what the report says otherwise; an order never changes by it."""
        work = self.file.desk.work
        for procedure_id in self.file.procedures:
            event = DoubtRaised(
                id=work.new_id(),
                at=work.now(),
                kind="differ",
                subject_kind="procedure",
                subject_id=procedure_id,
                reason=reason,
                amount_minor=line.facts.amount_minor,
                asset=line.asset,
            )
            self.file.apply(procedure_id, event, cause_id=self.report_id)


def holds_of(file: CaseFile, receipt_id: UUID) -> Holds:
    """Return the holds of a receipt."""
    return [
        (procedure.id, hold)
        for procedure in file.procedures.values()
        for hold in procedure.state.holds.values()
        if hold.receipt_id == receipt_id
    ]
