"""A report in another asset keeps the rate that was known when it was accepted."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.auth.service import Centre
from antifraud.cases.figures import one_figure
from antifraud.cases.flow import Money
from antifraud.cases.listing import CaseLine, Filters, page_of_cases
from antifraud.cases.valuing import Quote, rate_of, rates_of, record_rate, value_of_case
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue
from antifraud.installation import Installation
from tests.factories import commands
from tests.factories.cases import Story
from tests.factories.reports import report, submit, transfer
from workflows.money import Rate, Valuation, valued

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
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


def money(asset: str, loss: int, stopped: int, pursuit: int, unclear: int = 0) -> Money:
    gone = loss - stopped - pursuit - unclear
    return Money(asset=asset, loss=loss, stopped=stopped, pursuit=pursuit, gone=gone, unclear=unclear, unknown=1)


@given(st.lists(st.integers(0, 10**9), min_size=8, max_size=8), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_parts_of_one_figure_are_still_the_loss(amounts: list[int], numerator: int, denominator: int) -> None:
    rate = Rate(asset=USDT, into="CNY", numerator=numerator, denominator=denominator, source="desk", at=AT)
    one, two, three, four, five, six, seven, eight = amounts
    both = [money("CNY", one, two, three, four - 500), money(USDT, five, six, seven, 500 - eight)]
    figure = one_figure(both, [rate], "CNY")
    assert figure is not None
    assert figure.stopped + figure.pursuit + figure.gone + figure.unclear == figure.loss
    assert figure.loss == one + valued(five, rate)
    assert figure.unknown == 2


def test_there_is_no_figure_while_a_rate_is_missing() -> None:
    assert one_figure([money("CNY", 5, 1, 1), money(USDT, 5, 0, 0)], [], "CNY") is None


def test_rounding_makes_nothing_unclear() -> None:
    rate = Rate(asset=USDT, into="CNY", numerator=1, denominator=2, source="desk", at=AT)
    figure = one_figure([money(USDT, 3, 1, 1)], [rate], "CNY")
    assert figure is not None
    assert (figure.loss, figure.stopped, figure.pursuit, figure.gone, figure.unclear) == (2, 1, 1, 0, 0)


def in_two_assets(installation: Installation, drill: Centre, clock: FrozenClock) -> CaseLine:
    """Report one case with a payment in each of two assets; return its line in the list."""
    both = [
        transfer(clock.now(), amount=1000, reference="R1"),
        transfer(clock.now(), amount=2_500_000, currency=USDT, reference="R2"),
    ]
    submit(installation, drill, report(clock.now(), transfers=both))
    with installation.database.begin(drill.id) as connection:
        (line,), _ = page_of_cases(installation.work(connection, drill.id, "test"), Filters(), size=5)
    return line


def test_the_list_shows_one_asset_and_says_so_while_a_rate_is_missing(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    line = in_two_assets(installation, drill, clock)
    assert (line.is_valued, line.other_assets) == (False, 1)


def test_the_list_shows_one_figure_by_the_rates_of_the_report(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    record(installation, drill, "7.12", clock)
    line = in_two_assets(installation, drill, clock)
    assert line.money is not None
    assert (line.money.asset, line.money.loss, line.is_valued, line.other_assets) == ("CNY", 2780, True, 0)
