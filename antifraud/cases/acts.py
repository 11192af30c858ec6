"""What a person does in a case: each verb checks, becomes an event, and is written with all that follows.

Every verb takes the case under lock, so that it decides on what is true now.
Whoever acts is `work.actor`: it comes from the session or the operating
system, never from the caller's words. Events stay for ever and in the clear,
so they hold no free text: a reason is a code, and the reference of a paper is
kept under the case's key and told by its id.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select

from antifraud.banks.models import institutions
from antifraud.banks.numbers import read_number
from antifraud.banks.queries import by_name
from antifraud.cases import migrating
from antifraud.cases.accounts import AccountCard, resolve
from antifraud.cases.casefile import CaseFile, CaseNotFound, Desk
from antifraud.cases.messages import Mail, references_of
from antifraud.cases.models import accounts, approvals, cases, documents, transfers
from antifraud.cases.service import save
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows import AnyEvent
from workflows.engine.migrating import MIGRATE
from workflows.events import (
    AnswerSettled,
    ApprovalGiven,
    ApprovalRefused,
    CaseFiled,
    CaseNotFiled,
    ChaseExtended,
    ClaimConfirmed,
    ClaimDropped,
    LeadResolved,
    MeasureAsked,
    PapersFollowed,
    ReminderAsked,
    RequestDelivered,
    TaskCompleted,
)
from workflows.state import Hold

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)
# What the native message allows a reference.
_LONGEST_REFERENCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A further measure on a hold: `kind` is a request kind of the definition, `documents` are references of papers.

    `papers` are the codes of those papers that the definition asks for.
    """

    kind: str
    amount_minor: int | None = None
    ends_at: datetime | None = None
    documents: tuple[str, ...] = ()
    reason: str | None = None
    papers: tuple[str, ...] = ()


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


def confirm_claim(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, note: str | None = None) -> CaseFile:
    """Confirm an account that was in doubt: its order leaves now.

    A whole-account order to an account of many people needs a supervisor's ``note``: kept under the case's key.
    """
    return act_in(
        work,
        mail,
        case_id,
        hold_id,
        lambda file, known: ClaimConfirmed(
            **known, hold_id=hold_id, by=work.actor, note=keep_papers(file, [note])[0] if note else None
        ),
    )


def extend_chase(work: Work, mail: Mail, case_id: UUID, hold_id: UUID) -> CaseFile:
    """Ask to follow the money deeper than the scheme does by itself, because of a hold that waits there."""
    return act_in(work, mail, case_id, hold_id, lambda _, known: ChaseExtended(**known, hold_id=hold_id, by=work.actor))


def drop_claim(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, reason: str) -> CaseFile:
    """Drop a claim that was found wrong before anything was sent; `reason` is a code."""
    code = reason_code(reason, "wrong_account")
    return act_in(
        work,
        mail,
        case_id,
        hold_id,
        lambda _, known: ClaimDropped(**known, hold_id=hold_id, by=work.actor, reason=code),
    )


def resolve_lead(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, *, institution: str, account: str) -> CaseFile:
    """Say which account a lead is: its order leaves now, unless its number is one that a person must confirm.

    Raises:
        InvalidValue: The directory has no such institution, or this is no whole account number.
    """
    named = name_account(work, institution=institution, account=account)
    return act_in(
        work,
        mail,
        case_id,
        hold_id,
        lambda file, known: LeadResolved(
            **known,
            hold_id=hold_id,
            account_id=named.account_id,
            institution_id=named.institution_id,
            by=work.actor,
            doubts=named.doubts,
            agreed_answer=named.agreed_answer,
            cross_border=crossed(work, file.hold(hold_id), named.country),
        ),
    )


def crossed(work: Work, hold: Hold | None, country: str | None) -> bool | None:
    """Tell whether the money of a hold crossed a border on its way to ``country``; None where that cannot be told."""
    if hold is None or hold.receipt_id is None or country is None:
        return None
    paid_from = work.connection.scalar(
        select(institutions.c.country)
        .join(accounts, accounts.c.institution_id == institutions.c.id)
        .join(transfers, transfers.c.payer_account_id == accounts.c.id)
        .where(transfers.c.id == hold.receipt_id)
    )
    return None if paid_from is None else bool(paid_from != country)


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account that a person named: `doubts` are what another person must confirm before an order leaves."""

    account_id: UUID
    institution_id: UUID
    doubts: tuple[str, ...]
    country: str | None = None
    agreed_answer: str | None = None


def name_account(work: Work, *, institution: str, account: str) -> NamedAccount:
    """Find or make the account that a person named by institution and number.

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
    return NamedAccount(
        resolve(work, [card])[card],
        found.id,
        ("checksum",) if read.hard else (),
        country=found.country,
        agreed_answer=found.agreed_answer,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What an institution's contradictory answers amount to: an outcome of the definition, and what is held by it."""

    outcome: str
    held_minor: int | None = None
    executed_at: datetime | None = None


def settle_answers(work: Work, mail: Mail, case_id: UUID, request_id: UUID, settlement: Settlement) -> CaseFile:
    """Decide between contradictory answers to a request.

    Raises:
        InvalidValue: The instant lies in the future.
        EventRefused: They do not contradict each other, or the outcome does not conclude such a request.
    """
    if settlement.executed_at is not None and settlement.executed_at > work.now():
        raise InvalidValue("the stop cannot lie in the future: say when the institution carried it out")
    return act_in(
        work,
        mail,
        case_id,
        request_id,
        lambda _, known: AnswerSettled(
            **known,
            request_id=request_id,
            by=work.actor,
            outcome=settlement.outcome,
            held_minor=settlement.held_minor,
            executed_at=settlement.executed_at,
        ),
    )


def complete_task(work: Work, mail: Mail, case_id: UUID, task_id: UUID) -> CaseFile:
    """Say that a task is done."""
    return act_in(work, mail, case_id, task_id, lambda _, known: TaskCompleted(**known, task_id=task_id, by=work.actor))


def remind(work: Work, mail: Mail, case_id: UUID, request_id: UUID) -> CaseFile:
    """Remind the institution of a request now (催办), beside the reminders that come by themselves.

    Raises:
        EventRefused: It does not have the request yet, has answered it, or was reminded just now.
    """
    return act_in(
        work, mail, case_id, request_id, lambda _, known: ReminderAsked(**known, request_id=request_id, by=work.actor)
    )


def hand_over(work: Work, mail: Mail, case_id: UUID, request_id: UUID, *, channel: str, at: datetime) -> CaseFile:
    """Log that a person handed a request over by paper or telephone: it counts as delivered at that instant."""
    if at > work.now():
        raise InvalidValue("a hand-over cannot lie in the future: say when it was")
    return act_in(
        work,
        mail,
        case_id,
        request_id,
        lambda _, known: RequestDelivered(**known, request_id=request_id, channel=channel, sent_at=at, delivered_at=at),
    )


def ask_measure(work: Work, mail: Mail, case_id: UUID, hold_id: UUID, measure: Measure) -> CaseFile:
    """Ask for a freeze, release, second stop, extension or return; the definition says who must approve first.

    Raises:
        InvalidValue: The reason is no code, or a reference is empty or too long.
    """
    reason = None if measure.reason is None else reason_code(measure.reason, "unrelated_payment")
    return act_in(
        work,
        mail,
        case_id,
        hold_id,
        lambda file, known: MeasureAsked(
            **known,
            hold_id=hold_id,
            kind=measure.kind,
            by=work.actor,
            amount_minor=measure.amount_minor,
            ends_at=measure.ends_at,
            documents=keep_papers(file, measure.documents),
            reason=reason,
            papers=measure.papers,
        ),
    )


def approve(work: Work, mail: Mail, case_id: UUID, approval_id: UUID) -> CaseFile:
    """Approve exactly what was asked; never by the one who asked."""
    if work.connection.scalar(select(approvals.c.act).where(approvals.c.id == approval_id)) == MIGRATE:
        return migrating.approve(work, mail, case_id, approval_id)
    return act_in(
        work,
        mail,
        case_id,
        approval_id,
        lambda _, known: ApprovalGiven(**known, approval_id=approval_id, by=work.actor),
    )


def refuse(work: Work, mail: Mail, case_id: UUID, approval_id: UUID, reason: str) -> CaseFile:
    """Refuse what was asked; `reason` is a code."""
    code = reason_code(reason, "amount_too_high")
    return act_in(
        work,
        mail,
        case_id,
        approval_id,
        lambda _, known: ApprovalRefused(**known, approval_id=approval_id, by=work.actor, reason=code),
    )


def file_case(work: Work, mail: Mail, case_id: UUID, document: str, *, declined: bool = False) -> CaseFile:
    """Record that the authority filed the case (立案), or declined to: then every stop must be released."""
    kind = CaseNotFiled if declined else CaseFiled
    return act_in(
        work,
        mail,
        case_id,
        None,
        lambda file, known: kind(**known, by=work.actor, document=keep_papers(file, [document])[0]),
    )


def hand_in_papers(work: Work, mail: Mail, case_id: UUID, request_id: UUID, document: str) -> CaseFile:
    """Hand in the document that was to follow a request."""
    return act_in(
        work,
        mail,
        case_id,
        request_id,
        lambda file, known: PapersFollowed(**known, request_id=request_id, document=keep_papers(file, [document])[0]),
    )


def reason_code(reason: str, example: str) -> str:
    """Return the reason if it is a code; what was typed is not repeated, for it may name a person."""
    if not _CODE.fullmatch(reason):
        message = f"a reason is a code like {example}: small letters, digits and _, at most 40 (it goes to the log)"
        raise InvalidValue(message)
    return reason


def keep_papers(file: CaseFile, references: Sequence[str]) -> tuple[str, ...]:
    """Keep references of papers under the case's key and return their ids; a reference that the case has keeps its id.

    The same paper handed in twice must stay one paper, or its event would never be known as a repetition.
    """
    wanted = [reference.strip() for reference in references]
    if any(not 1 <= len(reference) <= _LONGEST_REFERENCE for reference in wanted):
        raise InvalidValue(f"the reference of a paper has 1 to {_LONGEST_REFERENCE} characters")
    if not wanted:
        return ()
    desk, key_id = file.desk, file.row["key_id"]
    desk.need_keys([key_id])
    key = desk.keys.get(key_id)
    if key is None:
        raise InvalidValue("the personal data of this case was forgotten: it takes no more papers")
    connection = desk.work.connection
    kept = connection.scalars(select(documents.c.id).where(documents.c.case_id == file.id))
    ids = {reference: document_id for document_id, reference in references_of(desk, kept).items()}
    fresh = {reference: desk.work.new_id() for reference in wanted if reference not in ids}
    if fresh:
        connection.execute(
            insert(documents),
            [
                {
                    "id": document_id,
                    "centre_id": desk.work.centre_id,
                    "case_id": file.id,
                    "key_id": key_id,
                    "reference_cipher": key.seal("documents", "reference", document_id, reference.encode()),
                    "at": desk.work.now(),
                }
                for reference, document_id in fresh.items()
            ],
        )
    ids |= fresh
    return tuple(str(ids[reference]) for reference in wanted)


def act_in(
    work: Work,
    mail: Mail,
    case_id: UUID,
    subject_id: UUID | None,
    event: Callable[[CaseFile, dict[str, Any]], AnyEvent],
) -> CaseFile:
    """Lock the case, apply the event to the procedure that its subject belongs to, and write what follows."""
    desk = Desk(work)
    file = desk.lock(case_id)
    for procedure_id in file.procedures_of(subject_id):
        file.apply(procedure_id, event(file, {"id": work.new_id(), "at": work.now()}))
    save(desk, mail)
    return file
