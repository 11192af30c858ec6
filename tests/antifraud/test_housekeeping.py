"""A week is published even if nobody ran in it: the next worker plans what was missed."""

from datetime import timedelta

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.ids import new_id
from antifraud.housekeeping import ACTOR, PLANNED_BACK, Housekeeping
from antifraud.installation import Installation
from antifraud.intake.door import Door
from antifraud.runs.service import Process
from antifraud.timeliness.service import all_snapshots
from antifraud.timeliness.weeks import Week

FOUNDED_IN = "2026-W48"


@pytest.fixture
def housekeeping(installation: Installation, clock: FrozenClock) -> Housekeeping:
    return _fresh(installation, clock)


def _fresh(installation: Installation, clock: FrozenClock) -> Housekeeping:
    """A worker that was just started remembers nothing."""
    mails = [(centre, installation.mail(centre)) for centre in installation.centres()]
    process = Process(id=new_id(clock), name="worker", started_at=clock.now())
    return Housekeeping(installation, mails, Door.of(installation), process)


def published(installation: Installation, centre: Centre) -> list[str]:
    with installation.database.begin(centre.id) as connection:
        return [one.week for one in all_snapshots(installation.work(connection, centre.id, ACTOR))]


def test_every_week_without_a_worker_is_published_by_the_next_one(
    installation: Installation, housekeeping: Housekeeping, drill: Centre, live: Centre, clock: FrozenClock
) -> None:
    clock.advance(timedelta(weeks=2))
    housekeeping.run_once()
    for centre in (drill, live):
        assert published(installation, centre) == [FOUNDED_IN, "2026-W49"]
    _fresh(installation, clock).run_once()
    assert published(installation, drill) == [FOUNDED_IN, "2026-W49"], "planned again, published once"


def test_a_worker_that_slept_through_weeks_publishes_them_when_it_wakes(
    installation: Installation, housekeeping: Housekeeping, drill: Centre, clock: FrozenClock
) -> None:
    housekeeping.run_once()
    assert published(installation, drill) == []
    clock.advance(timedelta(weeks=3))
    housekeeping.run_once()
    assert published(installation, drill) == [FOUNDED_IN, "2026-W49", "2026-W50"]


def test_a_week_is_published_at_its_instant_and_not_before(
    installation: Installation, housekeeping: Housekeeping, drill: Centre, clock: FrozenClock
) -> None:
    at = Week.parse(FOUNDED_IN, drill.zone).publish_at
    assert Week.to_publish_at(at, drill.zone).name == FOUNDED_IN
    clock.advance(at - clock.now() - timedelta(microseconds=1))
    housekeeping.run_once()
    assert published(installation, drill) == []
    assert housekeeping.next_at() == at
    clock.advance(timedelta(microseconds=1))
    housekeeping.run_once()
    assert published(installation, drill) == [FOUNDED_IN]


def test_no_more_than_sixty_weeks_are_made_up_for(
    installation: Installation, housekeeping: Housekeeping, drill: Centre, clock: FrozenClock
) -> None:
    clock.advance(timedelta(weeks=70))
    housekeeping.run_once()
    weeks = published(installation, drill)
    assert weeks[0] == Week.of(clock.now() - PLANNED_BACK, drill.zone).name
    assert len(weeks) == 60
