"""A report is forgotten for good, and every proof stays."""

# ruff: noqa: S608 - the names come from the catalogue and from these tests

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.intake.forgetting import CaseStillOpen, UnknownReport, forget
from antifraud.vault.service import KeyDestroyed
from antifraud.verification.service import verify
from tests.factories import reports
from tests.factories.cases import Story, seal_all
from workflows.events import PapersFollowed, TaskCompleted


def forget_it(installation: Installation, centre: Centre, report_no: str, reason: str = "retention_over") -> bool:
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "cli:root")
        return forget(work, installation.mail(centre), report_no, reason)


def test_a_report_of_a_closed_case_is_forgotten_and_everything_still_verifies(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock).stopped().released()
    story.pass_time(timedelta(days=3))
    for task in ("hand_in_papers", "review_stop"):
        assert story.value(f"SELECT count(*) FROM tasks WHERE kind = '{task}'")
    close(story)
    assert forget_it(installation, drill, story.report_no)
    assert not forget_it(installation, drill, story.report_no), "once is enough"
    seal_all(installation, drill)
    with installation.database.begin(drill.id) as connection:
        key_id = connection.scalar(text("SELECT key_id FROM reports"))
        with pytest.raises(KeyDestroyed):
            installation.vault.key(connection, key_id)
        assert connection.scalar(text("SELECT count(*) FROM parties WHERE phone_hash IS NOT NULL")) == 0
        assert connection.scalar(text("SELECT count(*) FROM entries WHERE kind = 'ReportForgotten'")) == 1
    wrong = [str(found) for outcome in verify(installation, drill) for found in outcome.differences]
    assert wrong == []


def test_a_report_whose_orders_are_under_way_is_not_forgotten(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    with pytest.raises(CaseStillOpen):
        forget_it(installation, drill, story.report_no)
    assert story.value("SELECT count(*) FROM data_keys WHERE destroyed_at IS NOT NULL") == 0


def test_a_report_that_joined_is_forgotten_while_the_case_goes_on(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    first = Story(installation, drill, clock, source_ref="a", reference="SAME")
    second = Story(installation, drill, clock, source_ref="b", reference="SAME")
    assert first.case_id == second.case_id
    assert forget_it(installation, drill, second.report_no)
    first.stopped()
    assert [found for outcome in verify(installation, drill) for found in outcome.differences] == []


def test_what_a_forgotten_report_said_of_a_lead_is_not_found_again(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    first = Story(installation, drill, clock, source_ref="a", reference="SAME")
    now = clock.now()
    masked = {"institution": "SIM-PROMPT", "number": "9991****0018"}
    lines = [reports.transfer(now, reference="SAME"), reports.transfer(now, reference="OTHER", to=masked)]
    told = json.loads(reports.submit(installation, drill, reports.report(now, source_ref="b", transfers=lines)).body)
    assert first.value("SELECT count(*) FROM leads WHERE case_id = :case AND facts_hash IS NOT NULL") == 1
    assert forget_it(installation, drill, told["report"]["no"])
    assert first.value("SELECT count(*) FROM leads WHERE case_id = :case AND facts_hash IS NULL") == 1


@pytest.mark.parametrize("reason", ["", "Because I say so", "张三", "x" * 50])
def test_the_reason_is_a_code_because_it_goes_to_the_log(
    installation: Installation, drill: Centre, clock: FrozenClock, reason: str
) -> None:
    with pytest.raises(ValueError, match="code"):
        forget_it(installation, drill, "any", reason)


def test_an_unknown_report_is_said_so(installation: Installation, drill: Centre) -> None:
    with pytest.raises(UnknownReport):
        forget_it(installation, drill, "nothing")


def close(story: Story) -> None:
    """Do every open task, so that nothing is left of the case to do."""
    now = story.clock.now()
    story.send(PapersFollowed(id=story.new_id(), at=now, request_id=story.request("stop"), document="paper-1"))
    while (task := story.value("SELECT id FROM tasks WHERE case_id = :case AND state = 'open' LIMIT 1")) is not None:
        story.send(TaskCompleted(id=story.new_id(), at=now, task_id=task, by="officer"))
