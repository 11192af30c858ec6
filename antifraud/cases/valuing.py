"""One figure for money in several assets: by the rates that were known when each report was accepted.

A rate is a fact with a source and an instant; it is written down and never
changed. Which rate a report is valued by is settled at its acceptance: a
later rate never moves a figure of an earlier report.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select

from antifraud.cases.models import rates, transfers, valuations
from antifraud.foundation.money import MAX_MINOR, asset
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows.money import Rate, Valuation, value

LONGEST_SOURCE: Final = 200
_FINEST_PRICE: Final = 18

_KEEP: Final = """
    INSERT INTO valuations (report_id, asset, centre_id, rate_id, at)
    SELECT DISTINCT ON (r.asset) %s, r.asset, r.centre_id, r.id, %s
      FROM rates r JOIN centres c ON c.id = r.centre_id AND c.currency = r.into_asset
     WHERE r.centre_id = %s AND r.asset = ANY(%s) AND r.at <= %s
     ORDER BY r.asset, r.at DESC, r.recorded_at DESC, r.id DESC
    ON CONFLICT DO NOTHING
"""
_RATE: Final = (
    rates.c.asset,
    rates.c.into_asset,
    rates.c.numerator,
    rates.c.denominator,
    rates.c.source,
    rates.c.at,
)
_CURRENCIES: Final[dict[UUID, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What one major unit of an asset is worth in another, as its source writes it; `price` is a decimal."""

    asset: str
    into: str
    price: str
    source: str
    at: datetime


def record_rate(work: Work, quote: Quote) -> Rate:
    """Write a rate down, for reports that are accepted from its instant on.

    Raises:
        InvalidValue: An unknown asset, a price that is no decimal above nought, no source, or an instant to come.
    """
    rate = rate_of(quote)
    if rate.at > work.now():
        raise InvalidValue("a rate cannot lie in the future: say when the source gave it")
    work.connection.execute(
        insert(rates).values(
            id=work.new_id(),
            centre_id=work.centre_id,
            asset=rate.asset,
            into_asset=rate.into,
            numerator=rate.numerator,
            denominator=rate.denominator,
            source=rate.source,
            at=rate.at,
            recorded_at=work.now(),
            recorded_by=work.actor,
        )
    )
    return rate


def rate_of(quote: Quote) -> Rate:
    """Return a quote as whole numbers: minor units of the one for minor units of the other, exactly.

    Raises:
        InvalidValue: As `record_rate`.
    """
    of, into = asset(quote.asset), asset(quote.into)
    try:
        price = Decimal(quote.price)
    except InvalidOperation:
        price = Decimal(0)
    if not price.is_finite() or price <= 0 or abs(price.adjusted()) > _FINEST_PRICE:
        raise InvalidValue('a price is a decimal above nought: "7.12" for 7.12 of the other asset a unit')
    source = quote.source.strip()
    if not 1 <= len(source) <= LONGEST_SOURCE:
        raise InvalidValue(f"name the rate's source, in at most {LONGEST_SOURCE} characters")
    exact = Fraction(price) * 10**into.exponent / 10**of.exponent
    if max(exact.numerator, exact.denominator) > MAX_MINOR:
        raise InvalidValue("a price of so many digits cannot be kept")
    if of.code == into.code:
        raise InvalidValue("an asset needs no rate into itself")
    return Rate(
        asset=of.code,
        into=into.code,
        numerator=exact.numerator,
        denominator=exact.denominator,
        source=source,
        at=quote.at,
    )


def keep(work: Work, report_id: UUID, assets: Iterable[str | None]) -> None:
    """Settle by which rates a report is valued: the latest known now of each asset that is not the centre's.

    An asset without a rate has no value, also when one becomes known later.
    """
    named = {code for code in assets if code is not None}
    foreign = sorted(named - {currency_of(work)}) if named else []
    if not foreign:
        return
    now = work.now()
    work.connection.exec_driver_sql(_KEEP, (report_id, now, work.centre_id, foreign, now))


def currency_of(work: Work) -> str:
    """Return the centre's asset, which it has for good: every report asks."""
    found = _CURRENCIES.get(work.centre_id)
    if found is None:
        found = work.connection.exec_driver_sql(
            "SELECT currency FROM centres WHERE id = %s", (work.centre_id,)
        ).scalar_one()
        _CURRENCIES[work.centre_id] = found
    return found


def rates_of(work: Work) -> list[Rate]:
    """Return the rates that the centre wrote down, the latest first."""
    found = work.connection.execute(select(*_RATE).order_by(rates.c.at.desc(), rates.c.id.desc()))
    return [_rate(row) for row in found]


def value_of_case(work: Work, case_id: UUID, amounts: Mapping[str, int], into: str | None = None) -> Valuation:
    """Return one figure for amounts of a case, by the rates that its first report with each asset was accepted with.

    Args:
        work: The transaction of the case's centre.
        case_id: The case.
        amounts: Minor units by asset.
        into: The asset of the figure; the centre's own if not said.

    Returns:
        The valuation; its `total` is None, and the assets are named, where a rate is missing.
    """
    target = into or currency_of(work)
    return value(amounts, target, rates_of_cases(work, [case_id], target).get(case_id, ()))


def rates_of_cases(work: Work, case_ids: Collection[UUID], into: str) -> dict[UUID, list[Rate]]:
    """Return the rates of cases: for each asset that which its first report with it was accepted with."""
    reported = (
        select(transfers.c.case_id, transfers.c.report_id).where(transfers.c.case_id.in_(list(case_ids))).distinct()
    )
    of_case = reported.subquery()
    found = work.connection.execute(
        select(of_case.c.case_id, *_RATE)
        .join(valuations, valuations.c.report_id == of_case.c.report_id)
        .join(rates, valuations.c.rate_id == rates.c.id)
        .where(rates.c.into_asset == into)
        .order_by(valuations.c.at, valuations.c.report_id)
    )
    first: dict[UUID, dict[str, Rate]] = {}
    for row in found:
        first.setdefault(row.case_id, {}).setdefault(row.asset, _rate(row))
    return {case_id: list(known.values()) for case_id, known in first.items()}


def _rate(row: Any) -> Rate:  # noqa: ANN401 - a row of `_RATE`
    return Rate(
        asset=row.asset,
        into=row.into_asset,
        numerator=row.numerator,
        denominator=row.denominator,
        source=row.source,
        at=row.at,
    )
