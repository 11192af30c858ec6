"""Recorded cases under another definition: read from the log, nothing written."""

from datetime import timedelta

import pytest

from antifraud.auth.service import Centre
from antifraud.cases.histories import Compared, compare, summed
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.cases.test_migrating import SHORTER
from tests.factories.cases import HELD, Story
from workflows import Definition, load, parse


@pytest.fixture
def stories(installation: Installation, drill: Centre, clock: FrozenClock) -> list[Story]:
    first = Story(installation, drill, clock)
    first.deliver(first.request())
    first.answer(first.request(), "full", held_minor=HELD)
    first.pass_time(timedelta(hours=30))
    return [first, Story(installation, drill, clock, source_ref="110-2", reference="OTHER")]


def compared(story: Story, other: Definition, **how: list[str]) -> list[Compared]:
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "user:anna")
        return list(compare(work, other, **how))  # type: ignore[arg-type]  # numbers only


def test_the_record_under_its_own_definition_differs_in_nothing(stories: list[Story]) -> None:
    found = compared(stories[0], load("cn_emergency_stop", 1))
    assert len(found) == 2
    assert [one.differences for one in found] == [(), ()]


def test_a_shorter_term_would_have_let_the_stop_lapse(stories: list[Story]) -> None:
    found = compared(stories[0], parse(SHORTER))
    first, second = found
    assert any(one.what == "hold" and one.would_be.startswith("lapsed") for one in first.differences)
    assert second.differences == ()
    total = summed(found)
    assert (total.procedures, total.differing) == (2, 1)
    assert total.figures["conversion, missing"] == (0, 1)


def test_only_the_cases_asked_for_are_read(stories: list[Story]) -> None:
    number = stories[1].value("SELECT no FROM cases WHERE id = :case")
    assert [one.case_no for one in compared(stories[0], parse(SHORTER), numbers=[number])] == [number]
