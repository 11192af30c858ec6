"""The message that a request becomes: composed once, its bytes frozen, told only what the institution needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from antifraud.cases.accounts import AccountCard, ReceiptCard
from antifraud.foundation.json import canonical
from antifraud.foundation.money import to_json
from workflows.scheme_rules import TOLD
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
    tells: frozenset[str] = frozenset(TOLD),
    force: str = "order",
    money_in: bool = True,
) -> bytes:
    """Return the canonical JSON bytes of the native message; the reporter is never in it.

    A reminder carries an id of its own and names the request it is ``about``.
    ``tells`` are the facts that the definition lists for the kind: every other
    one stands in the message as null, so that its form never depends on the
    scheme. ``force``, the role of a kind, and ``money_in`` are told where they
    are not what an institution takes for granted: an order, the role that the
    kind is called after, and that money may still come in.
    """
    amount = request.asked_minor if "amount" in tells else None
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
                "holder": account.holder if "holder" in tells else None,
            },
            "measure": {
                "scope": request.scope,
                "amount_minor": None if amount is None else to_json(amount),
                "asset": request.asset,
                "ends_at": request.ends_at,
                **({} if money_in else {"money_in": False}),
            },
            "receipt": _receipt(receipt, tells),
            "authority": _authority(authority, request, tells),
            "reply_to": reply_to,
            **({} if request.purpose == request.kind else {"role": request.purpose}),
            **({} if force == "order" else {"force": force}),
        }
    )


def _receipt(receipt: ReceiptCard | None, tells: frozenset[str]) -> dict[str, Any] | None:
    if receipt is None or not tells & {"amount", "paid_at", "reference"}:
        return None
    is_amount = "amount" in tells and receipt.amount_minor is not None
    return {
        "amount_minor": to_json(receipt.amount_minor) if is_amount and receipt.amount_minor is not None else None,
        "asset": receipt.asset if "amount" in tells else None,
        "earliest": receipt.earliest_at if "paid_at" in tells else None,
        "latest": receipt.latest_at if "paid_at" in tells else None,
        "reference": receipt.reference if "reference" in tells else None,
    }


def _authority(authority: Authority, request: Request, tells: frozenset[str]) -> dict[str, Any]:
    """Return whose instruction it is; a request on nobody's instruction names no officer, basis or paper."""
    named = authority.to_json() if "authority" in tells else Authority(name=authority.name).to_json()
    papers = [*authority.documents, *request.documents] if "documents" in tells else []
    return {**named, "documents": papers}
