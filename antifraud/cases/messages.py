"""From a request that must leave to a message that waits in the outbox: composed, sealed, its bytes frozen."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from antifraud.cases.casefile import Change, Desk
from antifraud.cases.models import documents
from antifraud.cases.orders import Authority, compose
from antifraud.foundation.json import loads
from antifraud.outbox.service import Message
from workflows import Definition, derived_id
from workflows.clocks import derive, parse_length
from workflows.scheme_rules import KEEPING
from workflows.state import Hold, Request

MAX_AUTHORITY_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Mail:
    """How messages of this installation look: where replies go, and whose instruction they carry by default.

    Attributes:
        public_url: The address under which banks reach us.
        authority: Named when the report carries no instruction of its own.
    """

    public_url: str
    authority: Authority

    def messages(self, desk: Desk) -> list[Message]:
        """Return the messages of everything on the desk that must leave."""
        wanted = [
            (change, change.file.request(send.request_id), send.rank, None)
            for change in desk.changes
            for send in change.projection.sends
            if change.file.request(send.request_id).stage != "withdrawn"
        ] + [
            (change, change.file.request(reminder.request_id), 0, reminder.number)
            for change in desk.changes
            for reminder in change.projection.reminders
        ]
        holds = {request.id: change.file.hold(request.hold_id) for change, request, _, _ in wanted}
        desk.need_accounts(hold.account_id for hold in holds.values() if hold)
        desk.need_receipts(hold.receipt_id for hold in holds.values() if hold)
        desk.need_keys(change.file.row["key_id"] for change, _, _, _ in wanted)
        desk.need_institutions(desk.institution_of(change.file, request.id) for change, request, _, _ in wanted)
        named = references_of(desk, {UUID(paper) for _, request, _, _ in wanted for paper in request.documents})
        return [
            self._message(desk, change, _naming(request, named), rank, number)
            for change, request, rank, number in wanted
        ]

    def _message(self, desk: Desk, change: Change, request: Request, rank: int, reminder: int | None) -> Message:
        file, hold = change.file, change.file.hold(request.hold_id)
        if hold is None or hold.account_id is None:
            message = f"request {request.id} has no account to name"
            raise LookupError(message)
        institution_id = desk.institution_of(file, request.id)
        message_id = request.id if reminder is None else derived_id(change.event.at, request.id, "reminder", reminder)
        key = desk.keys[file.row["key_id"]]
        definition = file.procedure_of(request.id).definition
        body = compose(
            request,
            account=desk.accounts[hold.account_id],
            receipt=desk.receipts.get(hold.receipt_id) if hold.receipt_id else None,
            authority=self._authority(desk, file.row["authority_cipher"], file.id, file.row["key_id"]),
            answer_limit_seconds=_answer_limit(definition, hold, request),
            supplement=request.supplement,
            reply_to=f"{self.public_url}/api/bank/v1/requests/{request.id}/replies",
            issued_at=request.created_at,
            about=None if reminder is None else request.id,
            message_id=message_id,
            tells=definition.requests[request.kind].tells,
            force=definition.force,
            money_in=definition.money_may_come_in(hold.lane) or request.purpose not in KEEPING,
        )
        return Message(
            id=message_id,
            institution_id=institution_id,
            case_id=file.id,
            request_id=request.id,
            kind=request.kind if reminder is None else "reminder",
            channel=desk.institutions[institution_id].channel,
            key_id=key.id,
            body_cipher=key.seal("outbox", "body", message_id, body),
            body_digest=hashlib.sha256(body).digest(),
            rank=rank,
        )

    def _authority(self, desk: Desk, cipher: bytes | None, case_id: UUID, key_id: UUID) -> Authority:
        if cipher is None:
            return self.authority
        document = loads(desk.keys[key_id].open("cases", "authority", case_id, cipher), max_bytes=MAX_AUTHORITY_BYTES)
        return Authority.from_json(document)


def _answer_limit(definition: Definition, hold: Hold, request: Request) -> int:
    """Return the seconds that the institution has, as counted from the request: agreed with it, else of the scheme."""
    box = definition.answer_clock(request.kind, request.urgency).box
    is_agreed = box.hard_end is None and definition.requests[request.kind].own_clock is None
    if hold.agreed_answer is not None and is_agreed:
        return int(parse_length(hold.agreed_answer).absolute().total_seconds())
    return int((derive(box, request.created_at, "").due_at - request.created_at).total_seconds())


def references_of(desk: Desk, document_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Open the references of papers by their ids; one whose key was destroyed is left out."""
    wanted = set(document_ids)
    if not wanted:
        return {}
    rows = desk.work.connection.execute(
        select(documents.c.id, documents.c.key_id, documents.c.reference_cipher).where(documents.c.id.in_(wanted))
    ).all()
    desk.need_keys(row.key_id for row in rows)
    return {
        row.id: desk.keys[row.key_id].open("documents", "reference", row.id, row.reference_cipher).decode()
        for row in rows
        if row.key_id in desk.keys
    }


def _naming(request: Request, references: dict[UUID, str]) -> Request:
    """Return the request with the references of its papers, which the institution reads, in place of our ids."""
    ids = [UUID(paper) for paper in request.documents]
    return replace(request, documents=tuple(references[paper] for paper in ids if paper in references))
