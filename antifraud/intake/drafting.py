"""What a draft says so far: every field understood or told why not, what is still missing, and the report made of it.

Pure: the directory is handed in, nothing is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from antifraud.banks.directory import BankChoice, of_card, search
from antifraud.foundation.texts import unusable_text
from antifraud.intake import typed
from antifraud.intake.schemas import FRAUD_TYPES
from antifraud.intake.unclear import Unclear

_T = TypeVar("_T")

MAX_TRANSFERS: Final = 20
TRANSFER_FIELDS: Final = ("account", "amount", "time", "name", "bank", "reference")
NEEDED: Final = frozenset({"account", "amount", "time", "bank"})
PAYER_FIELDS: Final = ("payer_bank", "payer_account")
VICTIM_FIELDS: Final = ("victim_name", "victim_phone", "victim_id_no")
REPORTER_FIELDS: Final = ("reporter_name", "reporter_phone", "relation")
STORY_FIELDS: Final = ("narrative", "place")
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "victim": (*VICTIM_FIELDS, *REPORTER_FIELDS),
    "narrative": STORY_FIELDS,
    "transfers": (),
    "category": ("category",),
}
"""What may be completed after sending, and the fields of each; `transfers` are the rows that were not sent yet."""
CHOICE_FIELDS: Final = ("paste", "merge", "link", "different", "start")
LONGEST: Final = {"paste": 8000, "narrative": 20_000}
_LONGEST_OTHER: Final = 300
_ROW_FIELD = re.compile(r"(account|amount|time|name|bank|reference)_([2-9]|1[0-9]|20)")
_PLAIN_FIELDS: Final = frozenset(
    (*TRANSFER_FIELDS, *PAYER_FIELDS, *VICTIM_FIELDS, *REPORTER_FIELDS, *STORY_FIELDS, "category", *CHOICE_FIELDS)
)


def is_field(name: str) -> bool:
    """Return whether a draft has a field of that name."""
    return name in _PLAIN_FIELDS or _ROW_FIELD.fullmatch(name) is not None


def rows_filled(values: Mapping[str, str]) -> int:
    """Return the number of the last row of transfers in which anything stands; the first one always counts."""
    return max(
        (
            number
            for number in range(1, MAX_TRANSFERS + 1)
            if any(values.get(name if number == 1 else f"{name}_{number}", "").strip() for name in TRANSFER_FIELDS)
        ),
        default=1,
    )


def keepable(name: str, value: str) -> str:
    """Return a field's value as it is kept: what no database can hold is left out, and it ends at the longest."""
    tidy = value.replace("\x00", "")
    if unusable_text(tidy):
        tidy = tidy.encode("utf-8", "ignore").decode("utf-8")
    return tidy.replace("\r\n", "\n")[: LONGEST.get(name, _LONGEST_OTHER)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One payment as understood; `number` counts from 1, `at` is in the centre's zone."""

    number: int
    account: typed.TypedAccount | None
    bank: BankChoice | None
    bank_is_of_card: bool
    amount_minor: int | None
    at: typed.Moment | None
    name: str | None
    reference: str | None
    is_empty: bool

    def field(self, name: str) -> str:
        """Return what a field of this row is called in the form."""
        return name if self.number == 1 else f"{name}_{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A draft as understood: `errors` by field, `missing` in the order in which to ask; none means that it can go.

    `from_payer` tells that the payee is not known: the paying bank is asked
    for it first, and no order leaves.
    """

    transfers: tuple[Transfer, ...]
    payer_bank: BankChoice | None
    payer_account: typed.TypedAccount | None
    errors: Mapping[str, str]
    candidates: Mapping[str, Sequence[BankChoice]]
    missing: tuple[str, ...]
    from_payer: bool

    @property
    def can_go(self) -> bool:
        """Return whether there is enough to send: what is only useful to a bank never stands before it."""
        return not self.missing and not self.blocking

    @property
    def blocking(self) -> list[str]:
        """Return the fields that must be mended before sending."""
        return [name for name in self.errors if name.partition("_")[0] in NEEDED]


@dataclass(slots=True)
class _Reader:
    values: Mapping[str, str]
    known: Sequence[BankChoice]
    now: datetime
    zone: str
    errors: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, list[BankChoice]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def account(self, name: str) -> typed.TypedAccount | None:
        return self._read(name, typed.account)

    def amount(self, name: str) -> int | None:
        return self._read(name, typed.amount)

    def moment(self, name: str) -> typed.Moment | None:
        return self._read(name, lambda text: typed.moment(text, self.now, self.zone))

    def name(self, name: str) -> str | None:
        return self._read(name, typed.name)

    def bank(self, name: str, account: typed.TypedAccount | None) -> tuple[BankChoice | None, bool]:
        """Return the institution that was typed, or else the card's own, and whether it was the card's."""
        text = self.text(name)
        own = of_card(account.number, self.known) if account and account.number else None
        if not text:
            return own, own is not None
        found = search(text, self.known)
        if len(found) == 1:
            return found[0], found[0] is own
        self.errors[name] = "bank-ambiguous" if found else "bank-unknown"
        if found:
            self.candidates[name] = found[:8]
        return None, False

    def _read(self, name: str, reader: Callable[[str], _T | None]) -> _T | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return reader(text)
        except Unclear as problem:
            self.errors[name] = problem.code
            return None


def understand(
    values: Mapping[str, str], known: Sequence[BankChoice], *, now: datetime, zone: str, first: int = 1
) -> Understood:
    """Return what a draft says.

    Args:
        values: Its fields as typed.
        known: The directory.
        now: The instant of the clock; times are read beside it.
        zone: The centre's zone.
        first: The first row that counts: rows before it were sent already.
    """
    reader = _Reader(values, known, now, zone)
    rows = [_transfer(reader, number) for number in range(first, MAX_TRANSFERS + 1)]
    last = max((row.number for row in rows if not row.is_empty), default=first)
    transfers = tuple(row for row in rows if row.number <= last and (row.number == first or not row.is_empty))
    payer_account = reader.account("payer_account")
    payer_bank, _ = reader.bank("payer_bank", payer_account)
    from_payer = (
        first == 1 and transfers[0].account is None and not reader.text("account") and payer_account is not None
    )
    missing = [name for row in transfers for name in _missing(row, reader, from_payer=from_payer)]
    if from_payer and payer_bank is None and "payer_bank" not in reader.errors:
        missing.append("payer_bank")
    return Understood(
        transfers=transfers,
        payer_bank=payer_bank,
        payer_account=payer_account,
        errors=reader.errors,
        candidates=reader.candidates,
        missing=tuple(missing),
        from_payer=from_payer,
    )


def _transfer(reader: _Reader, number: int) -> Transfer:
    def called(name: str) -> str:
        return name if number == 1 else f"{name}_{number}"

    account = reader.account(called("account"))
    bank, is_of_card = reader.bank(called("bank"), account)
    return Transfer(
        number=number,
        account=account,
        bank=bank,
        bank_is_of_card=is_of_card,
        amount_minor=reader.amount(called("amount")),
        at=reader.moment(called("time")),
        name=reader.name(called("name")),
        reference=reader.text(called("reference"))[:128] or None,
        is_empty=not any(reader.text(called(name)) for name in TRANSFER_FIELDS),
    )


def _missing(row: Transfer, reader: _Reader, *, from_payer: bool) -> list[str]:
    """Return what a row still needs, in the order of the form: a bank only where no card says it."""
    wanted: list[tuple[str, object]] = [("amount", row.amount_minor), ("time", row.at)]
    if not (from_payer and row.number == 1):
        bank = [("bank", row.bank)] if row.account is not None else []
        wanted = [("account", row.account), *bank, *wanted]
    return [row.field(name) for name, value in wanted if value is None and row.field(name) not in reader.errors]


def document(
    understood: Understood,
    values: Mapping[str, str],
    *,
    source_ref: str,
    reported_at: datetime,
    zone: str,
    currency: str,
    parts: Sequence[str] = tuple(PARTS),
) -> dict[str, Any]:
    """Return the native report of a draft, or of those parts of it that are told later; nothing unknown is in it."""
    told: dict[str, Any] = {
        "source_ref": source_ref,
        "channel": "console",
        "reported_at": reported_at.isoformat(),
        "zone": zone,
        "currency": currency,
    }
    if "victim" in parts:
        told["victim"] = _party(values, {"name": "victim_name", "phone": "victim_phone", "id_no": "victim_id_no"})
        told["reporter"] = _party(values, {"name": "reporter_name", "phone": "reporter_phone", "relation": "relation"})
    if "narrative" in parts:
        told |= {name: values.get(name, "").strip() or None for name in STORY_FIELDS}
    if "category" in parts and values.get("category") in FRAUD_TYPES:
        told["fraud_type"] = values["category"]
    if "transfers" in parts:
        told["transfers"] = [
            _payment(understood, values, row)
            for row in understood.transfers
            if not row.is_empty or understood.from_payer
        ]
    return {name: value for name, value in told.items() if value not in (None, {}, [])}


_LONGEST_OF_PARTY: Final = {"name": 200, "phone": 40, "id_no": 64, "relation": 40}


def _party(values: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    told = {name: values.get(called, "").strip()[: _LONGEST_OF_PARTY[name]] for name, called in fields.items()}
    return {name: text for name, text in told.items() if text}


def _payment(understood: Understood, values: Mapping[str, str], row: Transfer) -> dict[str, Any]:
    """Return one transfer; what a useful field says and nobody understood is handed on as it was typed."""

    def typed_as(name: str) -> str | None:
        return values.get(name, "").strip()[:200] or None

    payer_bank = understood.payer_bank.code if understood.payer_bank else typed_as("payer_bank")
    payer = {"institution": payer_bank, "number": _number(understood.payer_account) or typed_as("payer_account")}
    payee = {
        "institution": row.bank.code if row.bank else None,
        "number": _number(row.account),
        "holder": row.name or typed_as(row.field("name")),
    }
    told = {
        "from": {name: value for name, value in payer.items() if value},
        "to": {name: value for name, value in payee.items() if value},
        "amount": row.amount_minor,
        "at": row.at.to_json() if row.at else None,
        "reference": row.reference,
    }
    return {name: value for name, value in told.items() if value not in (None, {})}


def _number(account: typed.TypedAccount | None) -> str | None:
    return (account.number or account.masked) if account else None
