"""What institutions answer: stored as it came, then understood; a repetition gets the bytes that were answered first.

1. Verified message and nonce are written (`keep`), under the institution's own
   credential: another bank's request does not exist for it.
2. The effect, the next tier and the answer's bytes are written (`apply_reply`),
   tried at once, else by a loop.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.banks.models import nonces
from antifraud.cases import statements
from antifraud.cases.casefile import CaseFile, Desk, Procedure
from antifraud.cases.messages import Mail
from antifraud.cases.queries import request_for_reply
from antifraud.cases.service import save
from antifraud.channel.hops import Destination, claims_on, lock_accounts
from antifraud.channel.models import replies
from antifraud.channel.signatures import Verified
from antifraud.channel.sums import REFUSED, SUMS_REFUSED, parts_of, refuse_parts, refuse_return
from antifraud.channel.wire import Answer, NextAccount, parse_answer
from antifraud.foundation.json import canonical
from antifraud.foundation.problems import NotFound, Problem
from antifraud.foundation.seams import seam
from antifraud.outbox.service import request_of
from antifraud.vault.service import DataKey, KeyDestroyed
from antifraud.work import Work
from workflows import EventRefused
from workflows.events import AnswerReceived
from workflows.money import ReturnNotice

MAX_MESSAGE_ID = 64
UNREAD = "unread:"
"""How the id of a message begins that could not be read; no sender's id has a colon here by chance alone."""

log = structlog.get_logger()


class MessageIdReused(Problem):
    """This message id was used for another message."""

    status = 409
    type = "message-id-reused"


class ReplayedNonce(Problem):
    """The signature of this message was not accepted.

    It was received before: somebody may be playing a recorded message again.
    """

    status = 401
    type = "signature-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message whose signature was verified; `request_id` is the one it was sent to, not the one it names."""

    institution_id: UUID
    request_id: UUID
    via: str
    verified: Verified | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored message: new, or one that came before with the answer that it got."""

    reply_id: UUID
    message_id: str
    state: str
    answer: "Told | None"

    @property
    def is_readable(self) -> bool:
        """Tell whether the message could be read: otherwise its bytes gave it its name."""
        return not self.message_id.startswith(UNREAD)


@dataclass(frozen=True, slots=True)
class Told:
    """The bytes with which a message is answered; `is_refused`: they are a problem document."""

    body: bytes
    is_refused: bool = False


def spend_nonce(work: Work, institution_id: UUID, verified: Verified) -> None:
    """Mark the nonce as used, in the transaction of what the message brings.

    Raises:
        ReplayedNonce: It was used before: somebody plays a recorded message again.
    """
    spent = work.connection.execute(
        upsert(nonces)
        .values(
            centre_id=work.centre_id,
            institution_id=institution_id,
            key_id=verified.key_id,
            nonce=verified.nonce,
            seen_at=work.now(),
        )
        .on_conflict_do_nothing()
        # The row itself tells: an INSERT's rowcount is not kept.
        .returning(nonces.c.nonce)
    ).one_or_none()
    if spent is None:
        raise ReplayedNonce("the nonce of this signature was used before: sign every attempt afresh")


def keep(work: Work, incoming: Incoming) -> Kept:
    """Store a verified message before it is understood. The transaction carries the institution's credential.

    Raises:
        NotFound: The institution has no such request.
        ReplayedNonce: See `spend_nonce`.
        MessageIdReused: Another message of the institution had this id.
    """
    connection = work.connection
    found = request_for_reply(connection, incoming.request_id)
    if found is None:
        raise NotFound("there is no such request")
    if incoming.verified is not None:
        spend_nonce(work, incoming.institution_id, incoming.verified)
    answer = _understood(incoming)
    body_digest = hashlib.sha256(incoming.body).digest()
    # A message that cannot be read is kept too, under the name that its bytes give it.
    message_id = answer.message_id if answer else f"{UNREAD}{body_digest.hex()}"[:MAX_MESSAGE_ID]
    reply_id = work.new_id()
    try:
        key = work.vault.key(connection, found.key_id)
    except KeyDestroyed:
        # What the request was about was forgotten on purpose: nobody may add to it.
        raise NotFound("there is no such request") from None
    stored = connection.execute(
        upsert(replies)
        .values(
            id=reply_id,
            centre_id=work.centre_id,
            institution_id=incoming.institution_id,
            request_id=incoming.request_id,
            message_id=message_id,
            via=incoming.via,
            signing_key_id=incoming.verified.key_id if incoming.verified else None,
            body_digest=body_digest,
            key_id=key.id,
            raw_cipher=key.seal("replies", "raw", reply_id, incoming.body),
            signature_cipher=key.seal("replies", "signature", reply_id, incoming.verified.signature_base.encode())
            if incoming.verified
            else None,
            received_at=work.now(),
            state="stored",
            # A code alone: the sender's own words may name people.
            reason=None if answer else "unreadable",
        )
        .on_conflict_do_nothing(index_elements=["institution_id", "message_id"])
        .returning(replies.c.id)
    ).one_or_none()
    if stored is not None:
        return Kept(reply_id=reply_id, message_id=message_id, state="stored", answer=None)
    return _kept_before(work, incoming, message_id, body_digest)


def _kept_before(work: Work, incoming: Incoming, message_id: str, body_digest: bytes) -> Kept:
    row = work.connection.execute(
        select(replies).where(replies.c.institution_id == incoming.institution_id, replies.c.message_id == message_id)
    ).one()
    if bytes(row.body_digest) != body_digest or row.request_id != incoming.request_id:
        raise MessageIdReused("send a new message_id with every new message; repeat a message byte for byte")
    return Kept(
        reply_id=row.id,
        message_id=message_id,
        state=row.state,
        answer=_stored_answer(work, row),
    )


def _stored_answer(work: Work, row: Row[*tuple[Any, ...]]) -> Told | None:
    if row.answer_cipher is None:
        return None
    key = work.vault.key(work.connection, row.key_id)
    return Told(key.open("replies", "answer", row.id, bytes(row.answer_cipher)), row.reason in REFUSED)


def _understood(incoming: Incoming) -> Answer | None:
    try:
        return parse_answer(incoming.body)
    except Problem:
        return None


def apply_reply(work: Work, mail: Mail, reply_id: UUID) -> Told:
    """Give a stored reply its effect, once; return the bytes with which it is answered.

    An answer that names another request, or that cannot follow from what is
    known, is quarantined: kept, shown, and without effect. One whose amounts
    cannot be true together is told so as well, in a problem document.
    """
    seam("replies.kept")
    connection = work.connection
    row = connection.execute(select(replies).where(replies.c.id == reply_id)).one()
    found = request_for_reply(connection, row.request_id)
    if found is None:
        message = f"reply {reply_id} is about no request"
        raise LookupError(message)
    key = work.vault.key(connection, row.key_id)
    if row.state != "stored":
        return _stored_answer(work, row) or _receipt(row.message_id, row.state)
    answer = None if row.reason else parse_answer(key.open("replies", "raw", reply_id, bytes(row.raw_cipher)))
    is_ours = answer is not None and _is_about(work, answer, row.request_id)
    # Accounts before the case: the order in which reports lock them too.
    accounts = lock_accounts(work, answer.next) if answer and is_ours else {}
    desk = Desk(work)
    file = desk.lock(found.case_id)
    # Under the case's lock: whoever was first has left the answer here.
    row = connection.execute(select(replies).where(replies.c.id == reply_id).with_for_update()).one()
    if row.state != "stored":
        return _stored_answer(work, row) or _receipt(row.message_id, row.state)
    reason, refused = None, None
    if answer is None:
        reason = "unreadable"
    elif not is_ours:
        reason = "names_another_request"
    else:
        try:
            # What was written for the next accounts goes with the answer that is refused.
            with connection.begin_nested():
                _enter(desk, file, row, answer, accounts, key)
        except SUMS_REFUSED as problem:
            reason, refused = problem.reason, problem
            log.warning("reply_refused", reply_id=str(reply_id), reason=reason)
        except EventRefused as unfit:
            reason = "cannot_follow"
            log.warning("reply_refused", reply_id=str(reply_id), reason=str(unfit))
    if reason is not None:
        _quarantine(file, row, reason)
    state = "quarantined" if reason else "applied"
    save(desk, mail)
    told = Told(canonical(refused.to_document()), is_refused=True) if refused else _receipt(row.message_id, state)
    connection.execute(
        update(replies)
        .where(replies.c.id == reply_id)
        .values(
            state=state,
            reason=reason,
            applied_at=work.now(),
            answer_cipher=key.seal("replies", "answer", reply_id, told.body),
        )
    )
    seam("replies.applied")
    return told


def _is_about(work: Work, answer: Answer, request_id: UUID) -> bool:
    """Tell whether the answer names the request that it was sent to, or a reminder of it."""
    return answer.request_id == request_id or request_of(work, answer.request_id) == request_id


def _quarantine(file: CaseFile, row: Row[*tuple[Any, ...]], reason: str) -> None:
    """Note the message that stays without effect, and give it to a person, who asks the institution."""
    file.note("ReplyQuarantined", {"reply_id": str(row.id), "request_id": str(row.request_id), "reason": reason})
    procedure = file.procedure_of(row.request_id)
    watch = reason if reason in REFUSED else "quarantine"
    statements.raise_doubt(file, procedure, watch, "request", row.request_id, reason, cause_id=row.id)


def waiting(work: Work, limit: int) -> list[UUID]:
    """Return stored replies that have no effect yet, oldest first, for the loop that tries them again."""
    return list(
        work.connection.scalars(
            select(replies.c.id).where(replies.c.state == "stored").order_by(replies.c.received_at).limit(limit)
        )
    )


def _enter(
    desk: Desk,
    file: CaseFile,
    row: Row[*tuple[Any, ...]],
    answer: Answer,
    accounts: Mapping[NextAccount, Destination],
    key: DataKey,
) -> None:
    work = desk.work
    procedure = file.procedure_of(row.request_id)
    hold = procedure.state.holds[procedure.state.requests[row.request_id].hold_id]
    # An amount in another asset is no amount of this hold: it was not said.
    is_same_asset = answer.asset is None or answer.asset == hold.asset
    parts = parts_of(answer, hold)
    refuse_parts(parts)
    statement = statements.Statement(
        reply_id=row.id,
        request_id=row.request_id,
        hold=hold,
        parts=parts,
        balance_minor=answer.balance_minor if is_same_asset else None,
        at=row.received_at,
    )
    notice = _return_of(procedure, row, answer, statement, work)
    repeats = None
    if notice is not None:
        known = statements.returns_before(work, hold.id, notice.reference)
        request = procedure.state.requests[row.request_id]
        is_recall = procedure.definition.role_of(request.kind) in {"stop", "query"}
        repeats = refuse_return(notice, known, hold, recalled=request.asked_minor if is_recall else None)
    event = AnswerReceived(
        id=work.new_id(),
        at=row.received_at,
        reply_id=row.id,
        request_id=row.request_id,
        outcome=answer.outcome,
        held_minor=parts.held,
        balance_minor=statement.balance_minor,
        executed_at=answer.executed_at,
        ends_at=answer.ends_at,
        reason="given" if answer.reason else None,
        next_hops=claims_on(desk, file, hold, row, answer.next, accounts, key),
    )
    file.apply(procedure.id, event, cause_id=row.id)
    # Only now: what was gathered for an answer that is refused would be written with the refusal.
    statements.keep(work, file.id, statement)
    if repeats is not None:
        file.note("ReturnRepeated", {"reply_id": str(row.id), "hold_id": str(hold.id), "repeats": str(repeats)})
    elif notice is not None:
        statements.keep_return(work, file.id, statement, notice)
    statements.doubt_above_balance(file, procedure, statement)


def _return_of(
    procedure: Procedure,
    row: Row[*tuple[Any, ...]],
    answer: Answer,
    statement: statements.Statement,
    work: Work,
) -> ReturnNotice | None:
    """Return the notice that an answer is, if it says that money was given back; without a sum, all that was asked."""
    request, hold = procedure.state.requests[row.request_id], statement.hold
    outcome = procedure.definition.outcome_of(answer.outcome, request.kind)
    if not outcome.conclusive or outcome.hold.get(request.kind) != "returned":
        return None
    reference = statements.reference_hash(work, row.institution_id, answer.return_reference)
    return ReturnNotice(
        id=str(row.id),
        reference=reference.hex() if reference else None,
        amount=answer.held_minor if answer.held_minor is not None else request.asked_minor or hold.held_minor,
        asset=answer.asset or hold.asset,
    )


def _receipt(message_id: str, state: str) -> Told:
    return Told(canonical({"message_id": message_id, "status": state}))
