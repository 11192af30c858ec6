"""What is found while a report is read, whatever profile it came in: faults, flags, confirmations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from antifraud.banks.checksums import cnaps_check
from antifraud.banks.numbers import read_number
from antifraud.foundation.money import asset, parse_minor
from antifraud.foundation.problems import Fault, InvalidReport, InvalidValue, fault, pointer
from antifraud.foundation.texts import unusable_text
from antifraud.foundation.times import TimeBounds, parse_time
from antifraud.intake import rules
from antifraud.intake.facts import AccountFacts, Flag, PartyFacts, TransferFacts

if TYPE_CHECKING:
    from datetime import datetime

MAX_FAULTS: Final = 500
"""So many are named in one answer; the sentence before them counts all."""
OLD_AFTER: Final = timedelta(hours=72)
ACCOUNT_KINDS: Final = frozenset(
    {"personal", "corporate", "wallet", "merchant", "pooled", "settlement", "chain_address"}
)


@dataclass(slots=True)
class Reading:
    """What is found while a document is read: faults that refuse it, flags and confirmations that do not."""

    now: datetime
    amount_field: str = "amount"
    faults: list[Fault] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    confirmations: list[str] = field(default_factory=list)

    def refuse(self, at: str, detail: str) -> None:
        """Note a fault."""
        self.faults.append(fault(at, detail))

    def flag(self, at: str, code: str, detail: str) -> None:
        """Note what is missing or doubtful."""
        self.flags.append(Flag(at, code, detail))

    def finish(self) -> None:
        """Raise InvalidReport if there was any fault."""
        if self.faults:
            count = len(self.faults)
            msg = f"{count} place{'s' if count > 1 else ''} to mend: correct them and send the report again"
            raise InvalidReport(msg, errors=self.faults[:MAX_FAULTS])

    def time(self, value: object, at: str, zone: str | None) -> TimeBounds | None:
        """Return the span of a time that is not in the future, or None with a fault noted."""
        if value is None or value == "":
            return None
        try:
            bounds = parse_time(value, zone)
        except InvalidValue as problem:
            self.refuse(at, problem.detail)
            return None
        if bounds.is_future(self.now):
            self.refuse(at, "this time lies in the future: check year, month and zone")
            return None
        return bounds

    def money(self, value: object, code: object, at: str) -> tuple[int | None, str | None]:
        """Return an amount of minor units and its asset code, each None where missing or refused."""
        minor: int | None = None
        if value is not None and value != "":
            try:
                minor = parse_minor(value)
            except InvalidValue as problem:
                self.refuse(f"{at}/{self.amount_field}", problem.detail)
        known: str | None = None
        if code is not None:
            try:
                known = asset(code).code
            except InvalidValue as problem:
                self.refuse(f"{at}/currency", problem.detail)
        return minor, known


def account(row: Mapping[str, Any] | None, at: str, reading: Reading) -> AccountFacts | None:
    """Return one end of a transfer, with its doubts flagged; None where nothing at all is known of it."""
    if not row or not any(row.values()):
        return None
    number, kind, holder = row.get("number"), row.get("kind"), row.get("holder")
    flag_text(holder, f"{at}/holder", reading)
    institution = institution_code(row.get("institution"))
    if institution is not None and re.fullmatch(r"[0-9]{12}", institution) and not cnaps_check(institution):
        reading.flag(f"{at}/institution", "cnaps-checksum", "the check digit of this line number does not fit")
    if kind is not None and kind not in ACCOUNT_KINDS:
        reading.flag(f"{at}/kind", "account-kind-unknown", "not a known kind of account: kept as given")
    if number is None:
        return AccountFacts(institution, None, "other", holder, kind, None, row.get("sub_ref"))
    read = read_number(number)
    for code, detail in read.doubts:
        reading.flag(f"{at}/number", code, detail)
    if read.hard:
        reading.confirmations.append(at)
    sub_ref = row.get("sub_ref") or read.sub_ref
    return AccountFacts(institution, read.number, read.scheme, holder, kind, read.masked, sub_ref)


def institution_code(text: str | None) -> str | None:
    """Return a directory code in capitals, or the name as given: who it is, the directory says."""
    if text is None:
        return None
    tidy = unicodedata.normalize("NFKC", text).strip()
    return tidy.upper() if re.fullmatch(r"[0-9A-Za-z_.\-]{2,40}", tidy) else text


def flag_text(text: str | None, at: str, reading: Reading) -> None:
    """Flag a text that can be shown in another order than it is written."""
    if text is not None and rules.has_bidi_controls(text):
        reading.flag(at, "bidi-controls", "holds marks that change the order of what is shown: shown with the marks")


def keepable(value: object, at: str, reading: Reading) -> object:
    """Return JSON as it can be kept and hashed: numbers with a point as their text, unusable texts refused."""
    if isinstance(value, str):
        trouble = unusable_text(value)
        if trouble is not None:
            reading.refuse(at, trouble)
            return None
        return value
    if isinstance(value, float | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {
            str(keepable(str(key), at, reading)): keepable(inner, at + pointer(str(key)[:64]), reading)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [keepable(inner, f"{at}/{index}", reading) for index, inner in enumerate(value)]
    return value


def flag_missing(transfer: TransferFacts, reading: Reading) -> None:
    """Flag what a bank will need and the report does not say of one transfer."""
    at = f"/transfers/{transfer.index}"
    _flag_payee(transfer.payee, f"{at}/to", reading)
    if transfer.payer is None:
        reading.flag(f"{at}/from", "payer-missing", "from where it was paid is not known")
    if transfer.amount_minor is None:
        reading.flag(f"{at}/{reading.amount_field}", "amount-missing", "the amount is not known")
    if transfer.asset is None:
        reading.flag(f"{at}/currency", "currency-missing", "the currency is not known")
    if transfer.at is None:
        reading.flag(f"{at}/at", "time-missing", "when it was paid is not known")
    elif not transfer.at.is_exact():
        reading.flag(f"{at}/at", "time-imprecise", f"known to the {transfer.at.precision} only")
    if transfer.reference is None:
        reading.flag(f"{at}/reference", "reference-missing", "without a reference, the same payment is only guessed at")


def _flag_payee(payee: AccountFacts | None, at: str, reading: Reading) -> None:
    if payee is None:
        reading.flag(at, "payee-missing", "where the money went is not known")
        return
    if payee.institution is None:
        reading.flag(f"{at}/institution", "payee-institution-missing", "the payee's institution is not known")
    if payee.number is None and payee.masked is None:
        reading.flag(f"{at}/number", "payee-number-missing", "the payee's account number is not known")
    if payee.holder is None:
        reading.flag(f"{at}/holder", "payee-holder-missing", "a bank may ask for the account holder's name")


def flag_report(
    parties: tuple[PartyFacts, ...],
    transfers: tuple[TransferFacts, ...],
    reported: TimeBounds | None,
    reading: Reading,
) -> None:
    """Flag what the report as a whole does not say, or says in two ways: paid after it was reported."""
    if reported is None:
        reading.flag("/reported_at", "reported-at-missing", "when it was reported is not known")
    elif not reported.is_exact():
        reading.flag("/reported_at", "reported-at-imprecise", f"known to the {reported.precision} only")
    if not any(party.role == "victim" for party in parties):
        reading.flag("/victim", "victim-missing", "who was defrauded is not known")
    if not transfers:
        reading.flag("/transfers", "transfers-missing", "no payment is known: there is nothing to stop yet")
    for transfer in transfers:
        if reported is not None and transfer.at is not None and transfer.at.earliest >= reported.latest:
            reading.flag(f"/transfers/{transfer.index}/at", "time-after-report", "paid after it was reported")


def flag_old(transfers: tuple[TransferFacts, ...], reading: Reading) -> None:
    """Flag payments that surely lie longer back than `OLD_AFTER`: most of it has moved on by then."""
    for transfer in transfers:
        # The span ends before its latest instant.
        if transfer.at is not None and reading.now - transfer.at.latest >= OLD_AFTER:
            reading.flag(f"/transfers/{transfer.index}/at", "payment-old", "paid more than 72 hours ago: ask at once")


def flag_loss(
    transfers: tuple[TransferFacts, ...], loss_minor: int | None, loss_asset: str | None, reading: Reading
) -> None:
    """Flag a loss that is not the sum of the victim's payments, where all of them are known in its currency."""
    paid = [one for one in transfers if one.hop in {None, 1}]
    amounts = [one.amount_minor for one in paid if one.asset == loss_asset and one.amount_minor is not None]
    if loss_minor is not None and amounts and len(amounts) == len(paid) and sum(amounts) != loss_minor:
        reading.flag("/loss/amount", "loss-differs", "not the sum of the payments")
