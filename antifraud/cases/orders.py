"""The message that a request becomes: composed once, its bytes frozen, told only what the institution needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from antifraud.cases.accounts import AccountCard, ReceiptCard
from antifraud.foundation.json import canonical
from antifraud.foundation.money import to_json
from workflows.state import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whose instruction the request carries; the force of law comes from it, not from us."""

    name: str
    officer: str | None = None
    basis: str | None = None
    documents: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Any) -> Self:  # noqa: ANN401 - JSON has no narrower type
        """Return what `to_json` wrote."""
        return cls(
            name=document["name"],
            officer=document["officer"],
            basis=document["basis"],
            documents=tuple(document["documents"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"name": self.name, "officer": self.officer, "basis": self.basis, "documents": list(self.documents)}


def compose(  # noqa: PLR0913 - the message has that many independent facts
    request: Request,
    *,
    account: AccountCard,
    receipt: ReceiptCard | None,
    authority: Authority,
    answer_limit_seconds: int | None,
    supplement: bool,
    reply_to: str,
    issued_at: datetime,
    about: UUID | None = None,
    message_id: UUID | None = None,
) -> bytes:
    """Return the canonical JSON bytes of the native message; the reporter is never in it.

    A reminder carries an id of its own and names the request it is ``about``.
    """
    return canonical(
        {
            "id": message_id or request.id,
            "kind": "reminder" if about else request.kind,
            "about": about,
            "urgency": request.urgency,
            "issued_at": issued_at,
            "answer_limit_seconds": answer_limit_seconds,
            "stop_seq": request.stop_seq,
            "supplement": supplement,
            "account": {
                "institution": account.institution_code,
                "scheme": account.scheme,
                "number": account.number,
                "sub_ref": account.sub_ref,
                "holder": account.holder,
            },
            "measure": {
                "scope": request.scope,
                "amount_minor": None if request.asked_minor is None else to_json(request.asked_minor),
                "asset": request.asset,
                "ends_at": request.ends_at,
            },
            "receipt": None
            if receipt is None
            else {
                "amount_minor": None if receipt.amount_minor is None else to_json(receipt.amount_minor),
                "asset": receipt.asset,
                "earliest": receipt.earliest_at,
                "latest": receipt.latest_at,
                "reference": receipt.reference,
            },
            "authority": {**authority.to_json(), "documents": [*authority.documents, *request.documents]},
            "reply_to": reply_to,
        }
    )
