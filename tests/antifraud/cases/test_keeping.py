"""What keeps a hold or stops a wait, done by people: conditions, and answer clocks that stand still."""

from datetime import timedelta
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import definitions, keeping
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue
from antifraud.installation import Installation
from tests.antifraud.cases.test_acts import Desk
from tests.factories import reports
from tests.workflows.written import rewritten, table, task
from workflows import EventRefused
from workflows.events import AnswerReceived, RequestDelivered

COMPLAINT = table(
    "conditions.complaint",
    'needs = "complaint"\nstarts = "executed"\napplies_to = "stopped"\nlength = "PT24H"\ncalendar = "absolute"\n'
    'on_lapse = "lapse"\ntask = "complaint_missing"\nextends_to = { length = "P7D", calendar = "absolute" }',
) + task("complaint_missing")
ANSWER = (
    'length = "PT30M"\ncalendar = "absolute"\nhard_end = "P10D"\npause_on = ["sys_error"]\nresume_on = ["received"]'
)


@pytest.fixture
def asked(installation: Installation, drill: Centre, clock: FrozenClock) -> Desk:
    """A case whose bank has the order, under a scheme with a condition and a clock that may stand still."""
    text = rewritten("clocks.answer.urgent", ANSWER) + COMPLAINT
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "cli:x")
        definitions.put_in_force(work, definitions.store(work, text).content_hash, approver="approver")
    reports.submit(installation, drill, reports.report(clock.now()))
    desk = Desk(installation, drill, "2026-000001-Z")
    at, request = clock.now(), desk.view().requests[0].id
    desk.event(RequestDelivered(id=new(desk), at=at, request_id=request, channel="push", sent_at=at, delivered_at=at))
    return desk


def new(desk: Desk) -> UUID:
    return desk.run("bank", lambda work: work.new_id())


def answer(desk: Desk, clock: FrozenClock, outcome: str) -> None:
    request = desk.view().requests[0].id
    desk.event(
        AnswerReceived(
            id=new(desk),
            at=clock.now(),
            reply_id=new(desk),
            request_id=request,
            outcome=outcome,
            held_minor=1 if outcome == "full" else None,
            executed_at=clock.now(),
        )
    )


def waits(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("SELECT kind, state, due_at FROM deadlines WHERE kind IN ('answer', 'condition') ORDER BY id")


def test_a_recorded_complaint_keeps_the_hold_and_its_paper_is_kept_under_the_case_s_key(
    asked: Desk, clock: FrozenClock
) -> None:
    answer(asked, clock, "full")
    begun = clock.now()
    assert ("condition", "running", begun + timedelta(hours=24)) in waits(asked)
    clock.advance(timedelta(hours=3))
    made = clock.now() - timedelta(hours=1)
    asked.do("anna", keeping.meet_condition, "complaint", "云公报字7号", met_at=made)
    assert ("condition", "met", begun + timedelta(hours=24)) in waits(asked)
    assert asked.rows("SELECT ends_at FROM holds") == [(made + timedelta(days=7),)]
    ((payload,),) = asked.rows("SELECT payload::text FROM entries WHERE kind = 'ConditionMet'")
    assert "云公报字7号" not in payload
    assert asked.rows("SELECT count(*) FROM documents") == [(1,)]


def test_a_condition_that_no_definition_has_or_that_lies_ahead_is_refused(asked: Desk, clock: FrozenClock) -> None:
    with pytest.raises(InvalidValue, match="there are: complaint"):
        asked.do("anna", keeping.meet_condition, "elephant", "x")
    with pytest.raises(InvalidValue, match="before it is"):
        asked.do("anna", keeping.meet_condition, "complaint", "x", met_at=clock.now() + timedelta(seconds=1))


def test_a_person_stops_the_answer_clock_and_lets_it_run_again(asked: Desk, clock: FrozenClock) -> None:
    begun = clock.now()
    request = asked.view().requests[0].id
    clock.advance(timedelta(minutes=10))
    asked.do("anna", keeping.pause_answer, request, "information_missing")
    assert ("answer", "running", begun + timedelta(days=10)) in waits(asked), "the hard end"
    with pytest.raises(EventRefused, match="does not run"):
        asked.do("anna", keeping.pause_answer, request, "information_missing")
    clock.advance(timedelta(hours=5))
    asked.do("anna", keeping.resume_answer, request)
    assert ("answer", "running", begun + timedelta(hours=5, minutes=30)) in waits(asked)
    with pytest.raises(InvalidValue, match="a reason is a code"):
        asked.do("anna", keeping.pause_answer, request, "Frau Müller fehlt")
