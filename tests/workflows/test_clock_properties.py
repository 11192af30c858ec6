"""Any order of events under schemes with every kind of clock: no live hold without a wait, and once is once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflows.driver import Driver, replay, seconds
from tests.workflows.written import rewritten, table, task
from workflows import AnyEvent, Definition, EventRefused, advance, event_from_json, parse, state_to_json
from workflows import events as ev
from workflows.codec import instant_from_text

ANSWER = (
    'length = "PT30M"\ncalendar = "absolute"\nhard_end = "PT4H"\n'
    'fallback = { length = "PT2H", calendar = "absolute" }\n'
    'pause_on = ["need_info"]\nresume_on = ["info_given", "papers"]\n'
)
CONDITION = 'starts = "executed"\ncalendar = "absolute"\ntask = "kept_no_longer"\n'
KEPT = (
    table(
        "conditions.complaint",
        CONDITION + 'needs = "complaint"\napplies_to = "stopped"\nlength = "PT3H"\non_lapse = "{0}"\n'
        'warnings = ["PT1H"]\nwarning_task = "kept_still"\nextends_to = { length = "P7D", calendar = "absolute" }',
    )
    + table(
        "conditions.paper",
        CONDITION + 'needs = "papers"\napplies_to = "stopped"\nlength = "PT5H"\non_lapse = "decide"',
    )
    + table(
        "conditions.order", CONDITION + 'needs = "filed"\napplies_to = "frozen"\nlength = "PT9H"\non_lapse = "release"'
    )
    + table("queue", 'on_end = "ask"\ntask = "kept_no_longer"\nreview = { length = "P1D", calendar = "absolute" }')
    + table("outcomes.need_info", "conclusive = false\ntasks = []")
    + table("outcomes.info_given", "conclusive = false\ntasks = []")
    + table("outcomes.agreed", 'conclusive = true\ntasks = []\nhold = { stop = "stopped", return = "returned" }')
    + task("kept_no_longer")
    + task("kept_still")
)
REVIEW = 'review = { length = "P2D", calendar = "absolute", task = "kept_still" }\n'


def scheme(on_lapse: str, stop: str, silence: str) -> Definition:
    text = rewritten("clocks.answer.urgent", f'{ANSWER}on_lapse = "{silence}"')
    text = rewritten("tasks.file_and_freeze", None, rewritten("clocks.stop_term", stop, text))
    text = text.replace('"in_question", "none"]', '"in_question", "none", "queued_behind"]', 1)
    return parse(text + KEPT.replace("{0}", on_lapse))


TERM = 'length = "PT6H"\ncalendar = "absolute"\nlapse_task = "confirm_lapse"\nterms = 2\n'
SCHEMES = {
    "lapse": scheme("lapse", TERM + 'starts = "filed"', "deemed:agreed"),
    "release": scheme("release", TERM + 'on_lapse = "release"\nstarts = "answered"', "ladder"),
    "decide": scheme(
        "decide", TERM + 'on_lapse = "decide"\nrenewal = { length = "PT3H", calendar = "absolute" }', "ladder"
    ),
    "decided": scheme("decide", 'until = "decided"\nterms = 2\n' + REVIEW, "deemed:agreed"),
    "order": scheme("lapse", 'until = "order"\nlapse_task = "confirm_lapse"\nterms = 2\n' + REVIEW, "ladder"),
}
OUTCOMES: tuple[str, ...] = ("full", "partial", "agreed", "gone", "already_stopped", "prior_freeze", "need_info")
OUTCOMES += ("info_given", "frozen", "extended", "released", "lapsed", "refused", "lost_card", "moved_on")
STEPS: tuple[str, ...] = ("claim", "deliver", "answer", "answer", "answer", "due", "due", "due", "met", "papers")
STEPS += ("pause", "resume", "ask", "decide", "file", "settle", "tick")
MOVES = st.tuples(st.sampled_from(STEPS), st.integers(0, 999), st.integers(0, 999))


def picked(items: Any, pick: int) -> Any:  # noqa: ANN401 - holds, requests, approvals or tasks
    ordered = sorted(items, key=lambda item: item.id)
    return ordered[pick % len(ordered)] if ordered else None


def event_of(d: Driver, move: str, pick: int, how: int) -> AnyEvent | None:  # noqa: C901, PLR0911, PLR0912 - a line each
    known: dict[str, Any] = {"id": d.uuid(), "at": d.at}
    hold, request = picked(d.state.holds.values(), pick), picked(d.state.requests.values(), pick)
    instant = [None, d.at, d.at - timedelta(hours=2), d.at + timedelta(hours=5)][how % 4]
    if move == "file":
        return ev.CaseFiled(**known, by="a", document="f") if how % 3 == 0 else None
    if move == "claim" or hold is None:
        agreed = [None, "PT10M"][how % 2]
        return ev.ClaimAdded(**known, claim=d.make_claim(agreed_answer=agreed)) if len(d.state.holds) < 3 else None
    if move == "met":
        whose = [None, hold.id][how % 2]
        return ev.ConditionMet(**known, condition="complaint", document="d", by="a", hold_id=whose, met_at=instant)
    if move == "ask":
        kind = sorted(d.definition.requests)[how % len(d.definition.requests)]
        return ev.MeasureAsked(**known, hold_id=hold.id, kind=kind, by="a", amount_minor=1, ends_at=instant)
    approval, todo = picked(d.state.approvals.values(), pick), picked(d.state.tasks.values(), pick)
    if move == "decide":
        return None if approval is None else ev.ApprovalGiven(**known, approval_id=approval.id, by="b")
    if move == "tick":
        return None if todo is None else ev.TaskCompleted(**known, task_id=todo.id, by="a")
    if request is None:
        return None
    about: dict[str, Any] = {**known, "request_id": request.id}
    match move:
        case "deliver":
            return ev.RequestDelivered(**about, channel="x", sent_at=d.at, delivered_at=d.at)
        case "papers":
            return ev.PapersFollowed(**about, document=f"p{how % 2}")
        case "pause":
            return ev.ClockPaused(**about, by="a", reason="r")
        case "resume":
            return ev.ClockResumed(**about, by="a")
        case "settle":
            outcome = OUTCOMES[how % len(OUTCOMES)]
            return ev.AnswerSettled(**about, by="a", outcome=outcome, held_minor=how, executed_at=instant)
        case _:
            outcome = OUTCOMES[how % len(OUTCOMES)]
            said: dict[str, Any] = {"held_minor": [None, how][pick % 2], "executed_at": [None, d.at][pick % 2]}
            return ev.AnswerReceived(**about, reply_id=d.uuid(), outcome=outcome, ends_at=instant, **said)


def play(definition: Definition, moves: list[tuple[str, int, int]]) -> Driver:
    """Send what the moves say, refused or not; the driver looks at every invariant after each event."""
    d = Driver(definition)
    for move, pick, how in moves:
        d.at += seconds(how)
        if move == "due":
            if d.state.clocks:
                late = [0, 0, 5, 20_000][how % 4]
                d.fire(min(d.state.clocks.values(), key=lambda clock: (clock.due_at, clock.id)), late=late)
            continue
        event = event_of(d, move, pick, how)
        if event is not None:
            before = state_to_json(d.state)
            try:
                d.send(event)
            except EventRefused:
                assert state_to_json(d.state) == before
    return d


@pytest.mark.parametrize("name", sorted(SCHEMES))
@given(moves=st.lists(MOVES, max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_any_order_no_live_hold_is_without_a_wait(name: str, moves: list[tuple[str, int, int]]) -> None:
    d = play(SCHEMES[name], moves)
    for document in d.log:
        event = event_from_json(document["type"], UUID(document["id"]), instant_from_text(document["at"]), document)
        assert advance(d.definition, d.state, event) == (d.state, ()), f"an old {document['type']} again"
    assert state_to_json(replay(d.definition, d.log)) == state_to_json(d.state)
