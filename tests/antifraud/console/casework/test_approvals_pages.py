"""The queue of decisions stands in the order of what happens by itself, and says it."""

from collections.abc import Callable
from datetime import timedelta

from antifraud.auth.service import Centre
from antifraud.cases.decisions import waiting_decisions
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.console.casework.conftest import Browser
from tests.factories.cases import Story
from workflows.events import MeasureAsked

People = Callable[..., Browser]


def ask(story: Story, kind: str) -> None:
    story.send(
        MeasureAsked(
            id=story.new_id(), at=story.clock.now(), hold_id=story.hold(), kind=kind, by="user:anna", documents=()
        )
    )


def test_the_nearest_deadline_is_first_whoever_asked_first(
    installation: Installation, drill: Centre, clock: FrozenClock, people: People
) -> None:
    old = Story(installation, drill, clock, source_ref="old").stopped()
    clock.advance(timedelta(hours=46))
    fresh = Story(installation, drill, clock, source_ref="fresh").stopped()
    ask(fresh, "extend")
    clock.advance(timedelta(minutes=5))
    ask(old, "second_stop")
    with installation.database.begin(drill.id) as connection:
        found = waiting_decisions(installation.work(connection, drill.id, "user:bert"))
    assert [(one.case_id, one.behind.kind if one.behind else None) for one in found] == [
        (old.case_id, "stop_end"),
        (fresh.case_id, "approval"),
    ]
    bert = people("supervisor", name="bert")
    shown = bert.text("/approvals")
    assert shown.index(old.told["case"]["no"]) < shown.index(fresh.told["case"]["no"])
    assert "止付于 11-26 22:00:07 自动失效，¥42,000.00 可被转出" in shown
    assert "第 2 次，共 2 次" in shown
    other = bert.text(f"/approvals/{found[1].approval.id}")
    assert "本申请于" in other
    assert 'data-key="KeyY"' in other


def test_nothing_waiting_is_said_in_one_line(people: People) -> None:
    assert "没有待复核事项" in people("supervisor").text("/approvals")
