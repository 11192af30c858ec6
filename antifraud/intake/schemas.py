"""What a native report means: ``understand`` turns the decoded JSON into facts.

What is missing is flagged. Refused are only wrong types, unknown fields, texts that no database can keep, and values
that cannot mean anything: all of them at once, each with its JSON pointer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from antifraud.banks.numbers import plain
from antifraud.intake import rules
from antifraud.intake.facts import PartyFacts, ReportFacts, TransferFacts
from antifraud.intake.reading import (
    Reading,
    account,
    flag_loss,
    flag_missing,
    flag_old,
    flag_report,
    flag_text,
    institution_code,
)
from antifraud.intake.shapes import SOURCE_REF_NEEDED, ReportSchema, load_shape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TAXONOMY: Final = "cn-mps-2024"
# 公安部 2024-06-25, ten types, and the common ones outside of it.
FRAUD_TYPES: Final = frozenset(
    {
        "brushing", "fake_investment", "shopping", "impersonate_service", "loan", "credit_record", "impersonate_boss",
        "impersonate_relative", "impersonate_official", "romance", "game_trade", "bec", "invoice", "account_takeover",
        "tech_support", "fake_subsidy", "mule_withdrawal", "ticket_refund", "sextortion", "prize", "insurance_fee",
        "other",
    }
)  # fmt: skip
SETTLEMENTS: Final = frozenset({"instant", "two_hours", "next_day", "unknown"})
_SCHEMA: Final = ReportSchema()


def understand(document: object, *, now: datetime) -> ReportFacts:
    """Return what a native report says.

    Args:
        document: The decoded JSON.
        now: The instant of acceptance: later times are refused.

    Raises:
        InvalidReport: Every fault of the document, each with its JSON pointer.
    """
    reading = Reading(now)
    valid = load_shape(_SCHEMA, document, reading.faults)
    facts = _report(valid, reading)
    reading.finish()
    return facts


def _report(valid: Mapping[str, Any], reading: Reading) -> ReportFacts:
    zone = valid.get("zone")
    reported = reading.time(valid.get("reported_at"), "/reported_at", zone)
    loss = valid.get("loss") or {}
    loss_minor, loss_asset = reading.money(loss.get("amount"), loss.get("currency") or valid.get("currency"), "/loss")
    parties = tuple(
        party for role in ("victim", "reporter") if (party := _party(role, valid.get(role), reading)) is not None
    )
    rows = valid.get("transfers") or []
    defaults = _Defaults(zone, valid.get("currency"))
    transfers = tuple(_transfer(index, row, reading, defaults) for index, row in enumerate(rows))
    flag_report(parties, transfers, reported, reading)
    if valid.get("origin") != "historical":
        flag_old(transfers, reading)
    flag_loss(transfers, loss_minor, loss_asset, reading)
    fraud_type = valid.get("fraud_type")
    if fraud_type is not None and "taxonomy" not in valid and fraud_type not in FRAUD_TYPES:
        reading.flag("/fraud_type", "fraud-type-unknown", "not a type of this taxonomy: kept as given")
    for name in ("narrative", "place"):
        flag_text(valid.get(name), f"/{name}", reading)
    return ReportFacts(
        source_ref=str(valid.get("source_ref") or _missing_source_ref(valid, reading)),
        channel=valid.get("channel") or "api",
        origin=valid.get("origin") or "live",
        reported=reported,
        parties=parties,
        fraud_type=fraud_type,
        taxonomy=valid.get("taxonomy") or TAXONOMY,
        narrative=valid.get("narrative"),
        place=valid.get("place"),
        loss_minor=loss_minor,
        loss_asset=loss_asset,
        transfers=transfers,
        flags=tuple(reading.flags),
        confirmations=tuple(reading.confirmations),
        authority=dict(valid["authority"]) if valid.get("authority") else None,
        extra={},
    )


def _missing_source_ref(valid: Mapping[str, Any], reading: Reading) -> str:
    if "source_ref" in valid:
        reading.refuse("/source_ref", SOURCE_REF_NEEDED)
    return ""


@dataclass(frozen=True, slots=True)
class _Defaults:
    zone: str | None
    currency: str | None


def _party(role: str, row: Mapping[str, Any] | None, reading: Reading) -> PartyFacts | None:
    if not row or not any(row.values()):
        return None
    at = f"/{role}"
    flag_text(row.get("name"), f"{at}/name", reading)
    id_no, phone = row.get("id_no"), row.get("phone")
    if id_no is not None:
        id_no = plain(id_no).upper()
        if row.get("id_type") in {None, "resident_id", "居民身份证"}:
            doubt = rules.resident_id_doubt(id_no, reading.now.date())
            if doubt:
                reading.flag(f"{at}/id_no", "id-number-doubtful", doubt)
    if phone is not None:
        phone = rules.normalise_phone(phone)
        doubt = rules.phone_doubt(phone)
        if doubt:
            reading.flag(f"{at}/phone", "phone-doubtful", doubt)
    return PartyFacts(
        "victim" if role == "victim" else "reporter",
        row.get("name"),
        row.get("id_type"),
        id_no,
        phone,
        row.get("relation"),
    )


def _transfer(index: int, row: Mapping[str, Any], reading: Reading, defaults: _Defaults) -> TransferFacts:
    at = f"/transfers/{index}"
    amount, currency = reading.money(row.get("amount"), row.get("currency") or defaults.currency, at)
    when = reading.time(row.get("at"), f"{at}/at", defaults.zone)
    reference = row.get("reference")
    if reference is not None:
        reference = rules.normalise_reference(reference) or None
    for name in ("note", "reference"):
        flag_text(row.get(name), f"{at}/{name}", reading)
    transfer = TransferFacts(
        index=index,
        payer=account(row.get("from"), f"{at}/from", reading),
        payee=account(row.get("to"), f"{at}/to", reading),
        amount_minor=amount,
        asset=currency,
        at=when,
        reference=reference,
        reference_institution=institution_code(row.get("reference_institution")),
        hop=row.get("hop"),
        channel=row.get("channel"),
        settlement=row.get("settlement"),
        note=row.get("note"),
        reason=row.get("reason"),
        references=tuple(one for one in row.get("references") or [] if one),
    )
    if transfer.settlement is not None and transfer.settlement not in SETTLEMENTS:
        reading.flag(f"{at}/settlement", "settlement-unknown", "not a known mode of settlement: kept as given")
    flag_missing(transfer, reading)
    return transfer
