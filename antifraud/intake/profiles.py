"""Profiles: how one input document of a known format becomes the facts of a report.

A profile adds nothing that its document does not say; what the facts have no place for is kept in ``extra``.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from antifraud.foundation.json import loads
from antifraud.foundation.problems import InvalidReport, pointer
from antifraud.intake.drill import AccountScript, CompletedCase, DrillInstitution, Move, completed
from antifraud.intake.facts import AccountFacts, ReportFacts, TransferFacts
from antifraud.intake.reading import Reading, flag_missing, flag_report, flag_text, institution_code, keepable
from antifraud.intake.schemas import understand
from antifraud.intake.shapes import PublishedCaseSchema, load_shape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from antifraud.foundation.times import TimeBounds

__all__ = [
    "PROFILES",
    "AccountScript",
    "CompletedCase",
    "DrillInstitution",
    "Move",
    "Profile",
    "completed",
    "profile",
    "published_case",
    "published_cases",
]

PUBLISHED_TAXONOMY: Final = "published-cases-1"
_MAX_CASE_BYTES: Final = 1_000_000
_CASE_SCHEMA: Final = PublishedCaseSchema()
_PLACED: Final = frozenset({"id", "place", "fraud_type", "narrative", "reported_at", "transfers"})


class Profile(Protocol):
    """Turns one decoded document into facts, or raises InvalidReport with every fault."""

    def __call__(self, document: object, *, now: datetime) -> ReportFacts:
        """Return the facts; ``now`` is the instant of acceptance."""


def published_case(document: object, *, now: datetime) -> ReportFacts:
    """Return what a published case says: historical, without account numbers, at the published precision.

    A time without a year, or a day of an unknown month, stays text in ``extra`` and is flagged; no loss is summed up.

    Raises:
        InvalidReport: Wrong types, an unknown zone or currency, or a time in the future.
    """
    reading = Reading(now, amount_field="amount_minor")
    valid = load_shape(_CASE_SCHEMA, document, reading.faults)
    zone = valid.get("zone")
    reported = _reported(valid, zone, reading)
    rows: list[Mapping[str, Any]] = valid.get("transfers") or []
    transfers = tuple(_transfer(index, row, valid, reading) for index, row in enumerate(rows))
    flag_report((), transfers, reported, reading)
    for name in ("narrative", "place"):
        flag_text(valid.get(name), f"/{name}", reading)
    unknowns = valid.get("unknowns") or []
    if unknowns:
        reading.flag("/unknowns", "source-silent", f"{len(unknowns)} things that the source does not say")
    kept = {key: value for key, value in valid.items() if key not in _PLACED and value is not None}
    extra = {key: keepable(value, f"/{key}", reading) for key, value in kept.items()}
    reading.finish()
    return ReportFacts(
        source_ref=str(valid["id"]),
        channel="published",
        origin="historical",
        reported=reported,
        parties=(),
        fraud_type=valid.get("fraud_type"),
        taxonomy=PUBLISHED_TAXONOMY,
        narrative=valid.get("narrative"),
        place=valid.get("place"),
        loss_minor=None,
        loss_asset=None,
        transfers=transfers,
        flags=tuple(reading.flags),
        confirmations=tuple(reading.confirmations),
        authority=None,
        extra=extra,
    )


def _reported(valid: Mapping[str, Any], zone: str | None, reading: Reading) -> TimeBounds | None:
    reported = reading.time(valid.get("reported_at"), "/reported_at", zone)
    if reported is None and valid.get("reported_at_partial") is not None:
        reading.flag("/reported_at_partial", "reported-at-partial", "the time of the report is known in part only")
    return reported


def _transfer(index: int, row: Mapping[str, Any], case: Mapping[str, Any], reading: Reading) -> TransferFacts:
    at = f"/transfers/{index}"
    amount, currency = reading.money(row.get("amount_minor"), row.get("currency") or case.get("currency"), at)
    flag_text(row.get("note"), f"{at}/note", reading)
    transfer = TransferFacts(
        index=index,
        payer=_account(row.get("from")),
        payee=_account(row.get("to")),
        amount_minor=amount,
        asset=currency,
        at=reading.time(row.get("at"), f"{at}/at", case.get("zone")),
        reference=None,
        reference_institution=None,
        hop=None,
        channel=None,
        settlement=None,
        note=row.get("note"),
    )
    flag_missing(transfer, reading)
    return transfer


def _account(row: Mapping[str, Any] | None) -> AccountFacts | None:
    if not row or not any(row.values()):
        return None
    tail = row.get("last_digits")
    masked = None if tail is None else "****" + tail
    return AccountFacts(institution_code(row.get("institution")), None, "other", None, None, masked, None)


PROFILES: Final[dict[str, Profile]] = {"native": understand, "published-case": published_case}


def profile(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        InvalidReport: No such profile.
    """
    if name not in PROFILES:
        msg = f"there is no such profile: use one of {', '.join(sorted(PROFILES))}"
        raise InvalidReport(msg, errors=[{"pointer": pointer("profile"), "detail": msg}])
    return PROFILES[name]


def published_cases() -> tuple[dict[str, object], ...]:
    """Return the 70 bundled cases; ``data/README.md`` names their sources and what is doubtful."""
    lines = resources.files("antifraud.intake").joinpath("data", "published-cases.jsonl").read_bytes().splitlines()
    return tuple(cast("dict[str, object]", loads(line, max_bytes=_MAX_CASE_BYTES)) for line in lines)
