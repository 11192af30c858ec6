"""What keeps a hold or stops a wait under a scheme that has it: conditions, paused answers, parts that stay."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import definitions
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.cases.test_keeping import ANSWER, COMPLAINT
from tests.antifraud.console.casework.conftest import Browser
from tests.antifraud.console.casework.test_amending import offers
from tests.antifraud.console.casework.test_case_pages import assert_record_holds, page_of, value
from tests.factories.cases import Story
from tests.workflows.test_duties import PARTIAL
from tests.workflows.written import rewritten

People = Callable[..., Browser]


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    """A reported case under a scheme with a condition, an answer that may be paused, and objections in part."""
    text = rewritten("clocks.answer.urgent", ANSWER) + COMPLAINT + PARTIAL
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "cli:x")
        definitions.put_in_force(work, definitions.store(work, text).content_hash, approver="approver")
    return Story(installation, drill, clock)


def test_a_complaint_is_recorded_with_its_paper_and_since_when(
    story: Story, people: People, clock: FrozenClock, installation: Installation
) -> None:
    story.stopped()
    page, anna = page_of(story), people("operator", name="anna")
    before = value(story, "SELECT ends_at FROM holds WHERE case_id = :case")
    clock.advance(timedelta(hours=2))
    assert "condition:complaint" in offers(anna.text(page))
    wrong = anna.post(f"{page}/acts/condition", subject=story.hold(), measure="complaint", met_at="2030-01-01T00:00:00")
    assert wrong.status_code == 422
    for field in ("document", "met_at", "which"):
        assert f'id="act-condition-complaint-{story.hold()}-{field}-error"' in wrong.text
    sent = anna.post(
        f"{page}/acts/condition", subject=story.hold(), measure="complaint", document="云公受字7号", which="this"
    )
    assert sent.status_code == 303
    shown = anna.text(page)
    assert "condition:complaint" not in offers(shown)
    assert "已登记：向警方报案" in shown
    assert "云公受字7号" in shown
    assert value(story, "SELECT ends_at FROM holds WHERE case_id = :case") == clock.now() + timedelta(days=7) != before
    assert anna.post(f"{page}/acts/condition", subject=story.hold(), measure="no_such").status_code == 409
    assert_record_holds(installation, story.centre)


def test_an_answer_limit_is_paused_and_runs_again(story: Story, people: People, clock: FrozenClock) -> None:
    story.deliver(story.request())
    page, anna = page_of(story), people("operator", name="anna")
    assert "pause" in offers(anna.text(page))
    assert anna.post(f"{page}/acts/pause", subject=story.request(), pause_reason="whim").status_code == 422
    assert anna.post(f"{page}/acts/pause", subject=story.request(), pause_reason="sys_error").status_code == 303
    shown = anna.text(page)
    assert "答复时限暂停中" in shown
    assert "pause" not in offers(shown)
    due = value(story, "SELECT answer_due_at FROM requests WHERE case_id = :case")
    clock.advance(timedelta(hours=1))
    assert anna.post(f"{page}/acts/resume", subject=story.request()).status_code == 303
    assert "答复时限已恢复" in anna.text(page)
    assert value(story, "SELECT answer_due_at FROM requests WHERE case_id = :case") < due
    assert anna.post(f"{page}/acts/resume", subject=story.request()).status_code == 409


def test_an_objection_may_let_a_part_go(story: Story, people: People) -> None:
    story.stopped()
    page, anna = page_of(story), people("operator", name="anna")
    assert anna.post(f"{page}/acts/appeal", subject=story.hold()).status_code == 303
    appeal = story.id_of("SELECT appeal_id FROM holds WHERE case_id = :case")
    for typed, keep in (("yes", "42,000.00"), ("no", "100"), ("yes", "four")):
        refused = anna.post(f"{page}/acts/decide", subject=appeal, upheld=typed, keep=keep)
        assert refused.status_code == 422
        assert f'id="act-decide-{appeal}-keep-error"' in refused.text
    assert anna.post(f"{page}/acts/decide", subject=appeal, upheld="yes", keep="2,000.00").status_code == 303
    asked = value(story, "SELECT state->'approvals' FROM procedures WHERE case_id = :case")
    assert [one["amount_minor"] for one in asked.values()] == [4_000_000]


def test_an_ordinary_scheme_offers_none_of_it(
    installation: Installation, drill: Centre, clock: FrozenClock, people: People
) -> None:
    plain = Story(installation, drill, clock, source_ref="plain")
    plain.stopped()
    shown = people("operator").text(page_of(plain))
    assert not {"pause", "resume", "condition:complaint", "extend"} & offers(shown)
    assert 'name="keep"' not in shown
