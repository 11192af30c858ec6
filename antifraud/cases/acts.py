"""What a person does in a case: each verb checks, becomes an event, and is written with all that follows.

Every verb takes the case under lock, so that it decides on what is true now.
Whoever acts is `work.actor`: it comes from the session or the operating
system, never from the caller's words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from antifraud.banks.numbers import read_number
from antifraud.banks.queries import by_name
from antifraud.cases.accounts import AccountCard, resolve
from antifraud.cases.casefile import CaseFile, CaseNotFound, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import cases
from antifraud.cases.service import save
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows import AnyEvent
from workflows.events import (
    AppealDecided,
    AppealReceived,
    ApprovalGiven,
    ApprovalRefused,
    CaseFiled,
    CaseNotFiled,
    ClaimConfirmed,
    ClaimDropped,
    LeadResolved,
    MeasureAsked,
    PapersFollowed,
    RequestDelivered,
    TaskCompleted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A further measure on a hold: `kind` is a request kind of the definition."""

    kind: str
    amount_minor: int | None = None
    ends_at: datetime | None = None
    documents: tuple[str, ...] = ()
    reason: str | None = None


def case_id_of(work: Work, number: str) -> UUID:
    """Return the case of that number.

    Raises:
        CaseNotFound: The centre has none.
    """
    case_id = work.connection.scalar(select(cases.c.id).where(cases.c.no == number.strip().upper()))
    if case_id is None:
        message = f"there is no case {number}"
        raise CaseNotFound(message)
    found: UUID = case_id
    return found


def confirm_claim(work: Work, mail: Mail, case_id: UUID, hold_id: UUID) -> CaseFile:
    """Confirm an account that was in doubt: its order leaves now."""
    return _act(work, mail, case_id, hold_id, lambda known: ClaimConfirmed(**known, hold_id=hold_id, by=work.actor))


def drop_claim(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, reason: str) -> CaseFile:
    """Drop a claim that was found wrong before anything was sent."""
    return _act(
        work, mail, case_id, hold_id, lambda known: ClaimDropped(**known, hold_id=hold_id, by=work.actor, reason=reason)
    )


def resolve_lead(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, *, institution: str, account: str) -> CaseFile:
    """Say which account a lead is: its order leaves now, unless its number is one that a person must confirm.

    Raises:
        InvalidValue: The directory has no such institution, or this is no whole account number.
    """
    found = by_name(work.connection, [institution]).get(institution)
    if found is None:
        raise InvalidValue(f"the directory has no institution {institution!r}: use its code or its full name")
    read = read_number(account)
    if read.number is None:
        raise InvalidValue("this is no whole account number: write every digit, as on the voucher")
    card = AccountCard(
        institution_id=found.id,
        institution_code=found.code,
        scheme=read.scheme,
        number=read.number,
        sub_ref=read.sub_ref,
    )
    account_id = resolve(work, [card])[card]
    doubts = ("checksum",) if read.hard else ()
    return _act(
        work,
        mail,
        case_id,
        hold_id,
        lambda known: LeadResolved(
            **known, hold_id=hold_id, account_id=account_id, institution_id=found.id, by=work.actor, doubts=doubts
        ),
    )


def complete_task(work: Work, mail: Mail, case_id: UUID, task_id: UUID) -> CaseFile:
    """Say that a task is done."""
    return _act(work, mail, case_id, task_id, lambda known: TaskCompleted(**known, task_id=task_id, by=work.actor))


def hand_over(work: Work, mail: Mail, case_id: UUID, request_id: UUID, *, channel: str, at: datetime) -> CaseFile:
    """Log that a person handed a request over by paper or telephone: it counts as delivered at that instant."""
    if at > work.now():
        raise InvalidValue("a hand-over cannot lie in the future: say when it was")
    return _act(
        work,
        mail,
        case_id,
        request_id,
        lambda known: RequestDelivered(**known, request_id=request_id, channel=channel, sent_at=at, delivered_at=at),
    )


def ask_measure(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, measure: Measure) -> CaseFile:
    """Ask for a freeze, release, second stop, extension or return; the definition says who must approve first."""
    return _act(
        work,
        mail,
        case_id,
        hold_id,
        lambda known: MeasureAsked(
            **known,
            hold_id=hold_id,
            kind=measure.kind,
            by=work.actor,
            amount_minor=measure.amount_minor,
            ends_at=measure.ends_at,
            documents=measure.documents,
            reason=measure.reason,
        ),
    )


def approve(work: Work, mail: Mail, case_id: UUID, approval_id: UUID) -> CaseFile:
    """Approve exactly what was asked; never by the one who asked."""
    return _act(
        work, mail, case_id, approval_id, lambda known: ApprovalGiven(**known, approval_id=approval_id, by=work.actor)
    )


def refuse(work: Work, mail: Mail, case_id: UUID, approval_id: UUID, reason: str) -> CaseFile:
    """Refuse what was asked."""
    return _act(
        work,
        mail,
        case_id,
        approval_id,
        lambda known: ApprovalRefused(**known, approval_id=approval_id, by=work.actor, reason=reason),
    )


def file_case(work: Work, mail: Mail, case_id: UUID, document: str, *, declined: bool = False) -> CaseFile:
    """Record that the authority filed the case (立案), or declined to: then every stop must be released."""
    kind = CaseNotFiled if declined else CaseFiled
    return _act(work, mail, case_id, None, lambda known: kind(**known, by=work.actor, document=document))


def hand_in_papers(work: Work, mail: Mail, case_id: UUID, request_id: UUID, document: str) -> CaseFile:
    """Hand in the document that was to follow a request."""
    return _act(
        work, mail, case_id, request_id, lambda known: PapersFollowed(**known, request_id=request_id, document=document)
    )


def receive_appeal(work: Work, mail: Mail, case_id: UUID, hold_id: UUID) -> CaseFile:
    """Record that the account's holder objected."""
    appeal_id = work.new_id()
    return _act(
        work, mail, case_id, hold_id, lambda known: AppealReceived(**known, hold_id=hold_id, appeal_id=appeal_id)
    )


def decide_appeal(work: Work, mail: Mail, case_id: UUID, appeal_id: UUID, *, upheld: bool) -> CaseFile:
    """Decide an objection; an upheld one releases the hold."""
    return _act(
        work,
        mail,
        case_id,
        appeal_id,
        lambda known: AppealDecided(**known, appeal_id=appeal_id, by=work.actor, upheld=upheld),
    )


def _act(
    work: Work, mail: Mail, case_id: UUID, subject_id: UUID | None, event: Callable[[dict[str, Any]], AnyEvent]
) -> CaseFile:
    """Lock the case, apply the event to the procedure that its subject belongs to, and write what follows."""
    desk = Desk(work)
    file = desk.lock(case_id)
    for procedure_id in file.procedures_of(subject_id):
        file.apply(procedure_id, event({"id": work.new_id(), "at": work.now()}))
    save(desk, mail)
    return file
