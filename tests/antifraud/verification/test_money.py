"""The money adds up in what was stored; what somebody changed behind the product's back is named."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from antifraud.auth.service import Centre
from antifraud.cases.valuing import Quote, record_rate
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import bind
from antifraud.installation import Installation
from antifraud.verification.findings import Scope
from antifraud.verification.money import MONEY, check
from tests.factories.cases import HELD, Story
from tests.factories.wire import number_of

MUTE = {"institution": "SIM-MUTE", "number": number_of("SIM-MUTE")}
HOP = {"institution": "SIM-PART", "number": number_of("SIM-PART"), "amount_minor": 1000, "asset": "CNY"}

EARLIER = """UPDATE transfers SET earliest_at = earliest_at - interval '1 day', latest_at = latest_at - interval '1 day'
    WHERE tier = 2"""
TWICE = """INSERT INTO return_notices SELECT (SELECT id FROM replies WHERE id <> n.id LIMIT 1), centre_id, case_id,
    request_id, hold_id, asset, 0, reference_hash, at FROM return_notices n"""


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    """A case in which every sum was told: a stop with its parts, a hop onward, a return, and a valued report."""
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:officer")
        record_rate(work, Quote(asset="USDT@tron", into="CNY", price="7.12", source="desk", at=clock.now()))
    clock.advance(timedelta(minutes=1))
    Story(installation, drill, clock, source_ref="usdt", amount=1, currency="USDT@tron", to=MUTE)
    story = Story(installation, drill, clock, source_ref="cny")
    story.deliver(story.request())
    at = (clock.now() + timedelta(minutes=1)).isoformat()
    story.answer(
        story.request(),
        "partial",
        held_minor=HELD - 1000,
        balance_minor=HELD,
        arrived_minor=HELD,
        withdrawn_minor=0,
        spent_minor=0,
        left_minor=0,
        next=[{**HOP, "at": at}],
    )
    return story


@pytest.fixture
def returned(story: Story) -> Story:
    """The same case, filed, frozen and given back."""
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD - 1000)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD - 1000)
    back = story.asked("return", amount_minor=HELD - 1000)
    story.deliver(back)
    story.answer(back, "returned", held_minor=HELD - 1000, return_reference="RET/1")
    return story


@pytest.fixture
def found(installation: Installation, drill: Centre) -> Iterator["Looked"]:
    looked = Looked(installation, drill)
    yield looked
    looked.engine.dispose()


class Looked:
    """What the checks find after somebody with the owner's rights changed something; it is undone again."""

    def __init__(self, installation: Installation, centre: Centre) -> None:
        self.installation, self.centre = installation, centre
        self.engine = create_engine(installation.settings.database_url or "")

    def after(self, *statements: str) -> set[str]:
        """Return which checks differ."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            bind(connection, self.centre.id)
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount > 0, statement
            scope = Scope(
                work=self.installation.work(connection, self.centre.id, "test"),
                centre=self.centre,
                now=self.installation.clock.now(),
                clock_stands=True,
            )
            named = {outcome.check for outcome in check(scope) if outcome.differences}
            transaction.rollback()
        return named


def test_money_that_was_told_rightly_verifies(returned: Story, found: Looked) -> None:
    assert returned.value("SELECT count(*) FROM statements") == 1
    assert returned.value("SELECT count(*) FROM return_notices") == 1
    assert returned.value("SELECT count(*) FROM valuations") == 1
    assert found.after() == set()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE statements SET held_minor = held_minor + 1", "I17a"),
        ("UPDATE statements SET left_minor = NULL, spent_minor = NULL, held_minor = arrived_minor + 1", "I17a"),
        ("UPDATE statements SET held_minor = held_minor - 1", "I17a"),
        ("UPDATE statements SET balance_minor = 1", "I17b"),
        (EARLIER, "I17e"),
        ("UPDATE valuations SET at = at - interval '1 day'", "I17f"),
        ("UPDATE rates SET asset = 'EUR'", "I17f"),
    ],
)
def test_a_sum_that_was_changed_is_named(story: Story, found: Looked, statement: str, named: str) -> None:
    assert found.after(statement) == {named}


def test_a_part_that_is_not_told_is_nothing_missing(story: Story, found: Looked) -> None:
    assert found.after("UPDATE statements SET held_minor = held_minor - 1, left_minor = NULL") == set()


def test_an_earlier_balance_bounds_no_money_that_came_after_it(story: Story, found: Looked) -> None:
    later = "UPDATE statements SET balance_minor = 1, at = at - interval '1 hour'"
    assert found.after(later) == set()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE return_notices SET amount_minor = amount_minor + 1", "I17c"),
        (TWICE, "I17d"),
    ],
)
def test_a_return_that_was_changed_is_named(returned: Story, found: Looked, statement: str, named: str) -> None:
    assert found.after(statement) == {named}


def test_every_check_was_seen_to_alarm() -> None:
    assert [one.id for one in MONEY] == ["I17a", "I17b", "I17c", "I17d", "I17e", "I17f"]
