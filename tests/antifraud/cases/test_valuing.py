"""A report in another asset keeps the rate that was known when it was accepted."""

from datetime import timedelta
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.cases.valuing import Quote, rate_of, rates_of, record_rate, value_of_case
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue
from antifraud.installation import Installation
from tests.factories import commands
from tests.factories.cases import Story
from workflows.money import Valuation

USDT = "USDT@tron"


def record(
    installation: Installation, centre: Centre, price: str, clock: FrozenClock, *, asset: str = USDT, into: str = "CNY"
) -> None:
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "user:officer")
        record_rate(work, Quote(asset=asset, into=into, price=price, source="desk", at=clock.now()))


def value(story: Story, case_id: UUID | None = None, **amounts: int) -> Valuation:
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "test")
        named = {USDT if code == "usdt" else code: amount for code, amount in amounts.items()}
        return value_of_case(work, case_id or story.case_id, named)


def reported(installation: Installation, centre: Centre, clock: FrozenClock, ref: str = "110-1") -> Story:
    return Story(installation, centre, clock, source_ref=ref, amount=2_500_000, currency=USDT)


def test_a_report_is_valued_by_the_latest_rate_at_its_acceptance(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    record(installation, drill, "7.10", clock)
    clock.advance(timedelta(minutes=1))
    record(installation, drill, "7.12", clock)
    clock.advance(timedelta(minutes=1))
    story = reported(installation, drill, clock)
    clock.advance(timedelta(minutes=1))
    record(installation, drill, "9.99", clock)
    valuation = value(story, CNY=1000, usdt=2_500_000)
    assert valuation.total == 1000 + 1780
    (rate,) = [part.rate for part in valuation.parts if part.rate]
    assert (rate.source, rate.at) == ("desk", clock.now() - timedelta(minutes=2))


def test_a_rate_that_became_known_later_values_no_earlier_report(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = reported(installation, drill, clock)
    record(installation, drill, "7.12", clock)
    valuation = value(story, usdt=2_500_000)
    assert (valuation.total, valuation.missing) == (None, (USDT,))


def test_a_report_in_the_centres_asset_needs_no_rate(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    record(installation, drill, "7.12", clock)
    story = Story(installation, drill, clock)
    assert story.value("SELECT count(*) FROM valuations") == 0
    assert value(story, CNY=5).total == 5


@pytest.mark.parametrize(
    ("asset", "into", "price", "ratio"),
    [
        (USDT, "CNY", "7.12", (89, 125_000)),
        ("JPY", "CNY", "0.048", (24, 5)),
        ("EUR", "JPY", "162.5", (13, 8)),
        ("USDC@ethereum", "USDT@bsc", "1", (10**12, 1)),
    ],
)
def test_a_price_becomes_minor_units_for_minor_units_exactly(
    clock: FrozenClock, asset: str, into: str, price: str, ratio: tuple[int, int]
) -> None:
    rate = rate_of(Quote(asset=asset, into=into, price=price, source="desk", at=clock.now()))
    assert (rate.numerator, rate.denominator) == ratio


@pytest.mark.parametrize(
    ("asset", "into", "price", "source"),
    [
        ("XYZ", "CNY", "1", "desk"),
        ("EUR", "EUR", "1", "desk"),
        ("EUR", "CNY", "0", "desk"),
        ("EUR", "CNY", "-1", "desk"),
        ("EUR", "CNY", "seven", "desk"),
        ("EUR", "CNY", "NaN", "desk"),
        ("EUR", "CNY", "1e30", "desk"),
        ("EUR", "CNY", "7", "  "),
        ("EUR", "CNY", "1." + "1" * 60, "desk"),
    ],
)
def test_what_is_no_rate_is_refused(clock: FrozenClock, asset: str, into: str, price: str, source: str) -> None:
    with pytest.raises(InvalidValue):
        rate_of(Quote(asset=asset, into=into, price=price, source=source, at=clock.now()))


def test_a_rate_to_come_is_refused(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    quote = Quote(asset="EUR", into="CNY", price="7", source="desk", at=clock.now() + timedelta(seconds=1))
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:officer")
        with pytest.raises(InvalidValue, match="future"):
            record_rate(work, quote)


def test_the_command_records_and_lists_rates(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    at = (clock.now() - timedelta(days=400)).isoformat()
    common = ["--source", "PBOC", "--at", at, "--centre", drill.code]
    added = commands.run(installation, "rate", "add", "EUR", "7.85", *common)
    assert added.exit_code == 0, added.output
    assert "EUR: 157/20 minor units of CNY" in added.output
    assert "EUR into CNY  157/20  PBOC" in commands.run(installation, "rate", "list", "--centre", drill.code).output
    assert commands.run(installation, "rate", "add", "EUR", "nothing", *common).exit_code == 1
    with installation.database.begin(drill.id) as connection:
        assert len(rates_of(installation.work(connection, drill.id, "test"))) == 1
