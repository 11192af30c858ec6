"""The record run again under another stored version, from the console: sum, differences, and nothing written."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from antifraud.cases.histories import newest
from antifraud.console.casework.comparing import line_of
from tests.antifraud.console.casework.conftest import Browser
from tests.antifraud.console.casework.test_moving import SECOND, SHORTER, stored
from tests.factories.cases import Story
from workflows.library import text_of
from workflows.simulating import Difference

People = Callable[..., Browser]
PAGE = "/workflows/simulate"


def test_supervisors_and_auditors_see_the_sum_and_the_differences(story: Story, people: People) -> None:
    story.stopped()
    to, before = stored(story, SHORTER), story.value("SELECT last_seq FROM cases WHERE id = :case")
    for role in ("supervisor", "auditor"):
        assert "cn_emergency_stop.v2" in people(role).text(PAGE)
    shown = people("auditor").text(f"{PAGE}?to={to}")
    found = re.search(r'data-procedures="(\d+)" data-differing="(\d+)"', shown)
    assert found is not None
    assert found.groups() == ("1", "1")
    assert f'data-case-no="{story.told["case"]["no"]}"' in shown
    assert "已止付，到期 11-26 22:00:07" in shown
    assert "已止付，到期 11-25 22:00:07" in shown
    assert story.value("SELECT last_seq FROM cases WHERE id = :case") == before


def test_a_version_that_changes_nothing_says_so_and_an_unknown_one_is_not_run(story: Story, people: People) -> None:
    story.stopped()
    shown = people("supervisor").text(f"{PAGE}?to={stored(story, SECOND)}")
    assert 'data-differing="0"' in shown
    assert "data-case-no" not in shown
    assert 'id="sum"' not in people("supervisor").text(f"{PAGE}?to={'0' * 64}")


def test_a_version_of_a_scheme_without_cases_runs_nothing(story: Story, people: People) -> None:
    to = stored(story, text_of("th_hold", 1))
    assert 'data-procedures="0"' in people("supervisor").text(f"{PAGE}?to={to}")


@pytest.mark.parametrize("role", ["operator", "administrator"])
def test_for_others_there_is_no_such_page(people: People, role: str) -> None:
    assert people(role).get(PAGE).status_code == 404


def test_only_the_newest_cases_are_run(story: Story) -> None:
    story.clock.advance(timedelta(minutes=1))
    other = Story(story.installation, story.centre, story.clock, source_ref="later", reference="LATER")
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "user:anna")
        assert set(newest(work, "cn_emergency_stop", 200)) == {one.told["case"]["no"] for one in (story, other)}
        assert newest(work, "cn_emergency_stop", 1) == [other.told["case"]["no"]]
        assert newest(work, "th_hold", 200) == []


def test_differences_are_told_in_the_readers_words(app: Flask) -> None:
    at = "2026-11-24T14:00:07.000000Z"
    each = {
        Difference(what="request", subject="stop 1 of hold 0", was="not sent", would_be=f"stop sent {at}"): "未发出",
        Difference(what="hold", subject="hold 0", was="not claimed", would_be=f"stopped, ends {at}"): "未主张",
        Difference(what="clock", subject="answer", was="0", would_be="1"): "0",
        Difference(what="task", subject="review_stop", was="1", would_be="0"): "1",
        Difference(what="figure", subject="answer, late", was="0", would_be="2"): "0",
        Difference(what="event", subject=f"CaseFiled at {at}", was="happened", would_be=f"refused at {at}"): "发生",
    }
    with app.test_request_context("/"), force_locale("zh_Hans_CN"):
        for difference, was in each.items():
            line = line_of(difference)
            assert line.was == was
            assert line.what
            assert "2026-11-24T" not in f"{line.what}{line.was}{line.would_be}"
