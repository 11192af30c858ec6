"""A report that its own side wants back: verified by one person, approved by another, then let go."""

from collections.abc import Callable, Iterable
from uuid import UUID

from sqlalchemy import select

from antifraud.cases import trail
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.foundation.problems import Problem
from antifraud.intake.facts import ReportFacts
from antifraud.intake.models import reports
from antifraud.intake.money_in import MoneyIn
from antifraud.intake.stored import StoredReport, stored_report
from antifraud.work import Work
from workflows.events import WithdrawalAsked, WithdrawalDecided
from workflows.state import LIVE_HOLDS, Withdrawal

Understand = Callable[[StoredReport], ReportFacts]


class CannotWithdraw(Problem):
    """The report cannot be taken back."""

    status = 409
    type = "cannot-withdraw"


def ask(work: Work, mail: Mail, stored: StoredReport, understand: Understand, *, side: str, currency: str) -> UUID:
    """Note that the reporter's side wants a report back; return the id of the withdrawal.

    Nothing but a task to verify it comes of this. Asked again while the first
    waits or after it was approved, it is the first.

    Raises:
        CannotWithdraw: The report is in no case, or nothing that it told of is being asked or held.
        EventRefused: The side is not one that the definition lists.
    """
    case_id = _case_of(work, stored)
    told = _told(work, stored, case_id, understand(stored), currency)
    desk = Desk(work)
    file = desk.lock(case_id)
    receipts = told(file)
    for known in _withdrawals(file):
        if known.report_id == stored.id and known.stage != "refused":
            return known.id
    withdrawal_id, now, is_asked = work.new_id(), work.now(), False
    for procedure in list(file.procedures.values()):
        live = [hold for hold in procedure.state.holds.values() if hold.state in LIVE_HOLDS]
        holds = tuple(hold.id for hold in live if hold.receipt_id in receipts)
        if holds:
            is_asked = True
            event = WithdrawalAsked(
                id=work.new_id(),
                at=now,
                withdrawal_id=withdrawal_id,
                report_id=stored.id,
                hold_ids=holds,
                side=side,
                by=work.actor,
            )
            file.apply(procedure.id, event, cause_id=stored.id)
    if not is_asked:
        message = f"nothing that report {stored.no} told of is asked or held any more: there is nothing to take back"
        raise CannotWithdraw(message)
    save(desk, mail)
    return withdrawal_id


def decide(
    work: Work, mail: Mail, stored: StoredReport, understand: Understand, *, approved: bool, currency: str
) -> CaseFile:
    """Approve or refuse a verified withdrawal; what another report of the case claims as well stays as it is.

    Raises:
        CannotWithdraw: Nobody asked to take this report back, or it was decided before.
        EventRefused: It was not verified, or the same person verified it.
    """
    case_id = _case_of(work, stored)
    told = _told(work, stored, case_id, understand(stored), currency)
    others = {
        other.id: _told(work, other, case_id, understand(other), currency)
        for other in _other_reports(work, case_id, stored.id)
    }
    desk = Desk(work)
    file = desk.lock(case_id)
    gone = {one.report_id for one in _withdrawals(file) if one.stage == "approved"}
    waiting = [one for one in _withdrawals(file) if one.report_id == stored.id and one.stage in {"asked", "verified"}]
    if not waiting:
        message = f"no withdrawal of report {stored.no} waits for a decision"
        raise CannotWithdraw(message)
    claimed = told(file) & set().union(*(other(file) for report_id, other in others.items() if report_id not in gone))
    for procedure in list(file.procedures.values()):
        for withdrawal in procedure.state.withdrawals.values():
            if withdrawal.id != waiting[0].id:
                continue
            kept = tuple(
                hold_id for hold_id in withdrawal.hold_ids if procedure.state.holds[hold_id].receipt_id in claimed
            )
            event = WithdrawalDecided(
                id=work.new_id(),
                at=work.now(),
                withdrawal_id=withdrawal.id,
                by=work.actor,
                approved=approved,
                kept=kept,
            )
            file.apply(procedure.id, event, cause_id=stored.id)
    save(desk, mail)
    return file


def _case_of(work: Work, stored: StoredReport) -> UUID:
    case_id: UUID | None = work.connection.scalar(select(reports.c.case_id).where(reports.c.id == stored.id))
    if case_id is None:
        message = f"report {stored.no} is in no case yet"
        raise CannotWithdraw(message)
    return case_id


def _withdrawals(file: CaseFile) -> Iterable[Withdrawal]:
    return [one for procedure in file.procedures.values() for one in procedure.state.withdrawals.values()]


def _told(
    work: Work, stored: StoredReport, case_id: UUID, facts: ReportFacts, currency: str
) -> Callable[[CaseFile], set[UUID]]:
    """Lock what the report names; return what tells, of a locked case, the receipts that the report told of."""
    money_in = MoneyIn(Desk(work), facts, report_id=stored.id, key=stored.key, currency=currency)
    money_in.lock_payments(case_id, is_chosen=True)
    money_in.lock_accounts()

    def told(file: CaseFile) -> set[UUID]:
        return set(trail.receipts_of_report(work, stored.id)) | money_in.known_in(file)

    return told


def _other_reports(work: Work, case_id: UUID, report_id: UUID) -> list[StoredReport]:
    """Return the other reports of the case: understood, and not forgotten."""
    numbers = work.connection.scalars(
        select(reports.c.no)
        .where(reports.c.case_id == case_id, reports.c.id != report_id, reports.c.state == "understood")
        .order_by(reports.c.accepted_at, reports.c.id)
    )
    return [found for number in list(numbers) if (found := stored_report(work, number)) is not None]
