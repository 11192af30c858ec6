"""The limits of an answer: two at once, what the scheme makes of silence, clocks that stand still, whom to call."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.driver import Driver, seconds
from tests.workflows.written import TEXT, rewritten, table
from workflows import Definition, InvalidDefinition, parse
from workflows import events as ev
from workflows.state import Request

LIMIT = 'length = "PT30M"\ncalendar = "absolute"\n'
QUERY = table(
    "requests.ask_state",
    'role = "query"\napproval = "none"\nfrom = ["asked", "stopped"]\nfiling = false\ncounts_term = false\n'
    'needs_amount = false\nscope = "whole"\nrank = 1',
) + table("outcomes.state_told", 'conclusive = true\ntasks = []\nhold = { ask_state = "same" }')
AGREED = table(
    "outcomes.agreed",
    'conclusive = true\ntasks = []\nhold = { stop = "stopped", return = "returned", release = "same" }',
)
INFO = table("outcomes.need_info", 'conclusive = false\ntasks = ["read_answer"]') + table(
    "outcomes.info_given", "conclusive = false\ntasks = []"
)


def answering(body: str, added: str = "", text: str = TEXT) -> Definition:
    return parse(rewritten("clocks.answer.urgent", body, text) + added)


def asked(definition: Definition, **given: Any) -> tuple[Driver, Request]:  # noqa: ANN401 - fields of the claim
    d = Driver(definition)
    hold = d.claim(**given)
    d.deliver(d.request_of(hold).id)
    return d, d.request_of(hold)


# -- two limits


TWO = answering(LIMIT + 'fallback = { length = "PT2H", calendar = "absolute" }')


def test_the_ladder_begins_at_the_agreed_limit_and_the_scheme_s_own_comes_later() -> None:
    d, request = asked(TWO)
    agreed, own = d.clock("answer", request.id), d.clock("answer_limit", request.id)
    assert (own.due_at - agreed.due_at, own.derivation.rule) == (
        timedelta(minutes=90),
        "clocks.answer.urgent.fallback",
    )
    d.fire(agreed)
    assert d.has_clock("ladder", request.id)
    assert d.verdicts("answer", request.id) == ["late"]
    assert d.verdicts("answer_limit", request.id) == []
    d.run_until(own.due_at)
    assert d.verdicts("answer_limit", request.id) == ["late"]
    assert d.has_clock("ladder", request.id)


@pytest.mark.parametrize(
    ("after", "verdicts"),
    [
        (timedelta(minutes=30), ("in_time", "in_time")),
        (timedelta(minutes=30, microseconds=1), ("late", "in_time")),
        (timedelta(hours=2), ("late", "in_time")),
        (timedelta(hours=2, microseconds=1), ("late", "late")),
    ],
)
def test_an_answer_is_held_against_both_limits(after: timedelta, verdicts: tuple[str, str]) -> None:
    d, request = asked(TWO)
    d.at += after
    d.answer(request.id, "gone", after=0)
    assert (d.verdicts("answer", request.id), d.verdicts("answer_limit", request.id)) == (
        [verdicts[0]],
        [verdicts[1]],
    )
    (fact,) = d.facts("answer_limit", request.id)
    assert (fact.limit_seconds, fact.rule) == (7200, f"{TWO.name}:clocks.answer.urgent.fallback")
    assert not [clock for clock in d.state.clocks.values() if clock.subject_id == request.id]


def test_what_an_institution_agreed_to_stands_before_the_definition() -> None:
    d, request = asked(TWO, agreed_answer="PT10M")
    clock = d.clock("answer", request.id)
    assert (clock.due_at, clock.derivation.rule) == (d.at + timedelta(minutes=10), "clocks.answer.urgent.agreed")
    assert d.clock("answer_limit", request.id).due_at == d.at + timedelta(hours=2)
    d.fire(clock)
    (fact,) = d.facts("answer", request.id)
    assert (fact.limit_seconds, fact.verdict) == (600, "late")


def test_a_lead_brings_the_time_that_its_institution_agreed_to() -> None:
    d = Driver(TWO)
    hold = d.claim(account_id=None, institution_id=None, lead_id=d.uuid())
    d.send(
        ev.LeadResolved(
            id=d.uuid(),
            at=d.at,
            hold_id=hold,
            account_id=d.uuid(),
            institution_id=d.uuid(),
            by="a",
            agreed_answer="PT5M",
        )
    )
    d.deliver(d.request_of(hold).id)
    assert d.clock("answer", d.request_of(hold).id).due_at == d.at + timedelta(minutes=5)


def test_a_kind_may_have_a_clock_of_its_own() -> None:
    own = 'own_clock = { length = "PT24H", calendar = "absolute", source = "test", confidence = "proposal" }\n'
    text = TEXT.replace("[requests.release]\n", "[requests.release]\n" + own)
    d = Driver(parse(text))
    hold = d.stopped(agreed_answer="PT10M")
    request = d.approve(d.ask(hold, "release"))
    d.deliver(request)
    clock = d.clock("answer", request)
    assert (clock.due_at, clock.derivation.rule) == (d.at + timedelta(hours=24), "requests.release.own_clock")


# -- silence


def test_on_lapse_query_the_state_is_asked_for_once_and_people_are_rung() -> None:
    d, request = asked(answering(LIMIT + 'on_lapse = "query"', QUERY))
    d.fire(d.clock("answer", request.id))
    question = d.request_of(request.hold_id, "ask_state")
    assert d.has_clock("ladder", request.id)
    assert d.hold(request.hold_id).state == "asked"
    d.deliver(question.id)
    d.fire(d.clock("answer", question.id))
    kinds = [one.kind for one in d.state.requests.values()]
    assert kinds.count("ask_state") == 1, "no question about a question"
    d.answer(question.id, "state_told")
    assert d.hold(request.hold_id).state == "asked"
    d.answer(request.id, "full", held_minor=1)
    assert d.hold(request.hold_id).state == "stopped"


DEEMED = answering(LIMIT + 'on_lapse = "deemed:agreed"', AGREED)


def test_silence_may_be_taken_as_an_answer_and_is_marked_as_that() -> None:
    d, request = asked(DEEMED)
    clock = d.clock("answer", request.id)
    d.fire(clock)
    request = d.request_of(request.hold_id)
    assert (request.stage, request.outcome, request.deemed, request.answered_at) == ("answered", "agreed", True, None)
    assert d.hold(request.hold_id).state == "stopped"
    assert d.hold(request.hold_id).held_minor == 0, "silence holds no amount"
    assert d.verdicts("answer", request.id) == ["late"]
    assert not d.has_clock("ladder", request.id)


def test_the_bank_s_later_word_confirms_what_was_deemed() -> None:
    d, request = asked(DEEMED)
    d.fire(d.clock("answer", request.id))
    d.answer(request.id, "agreed", executed_at=d.at)
    request = d.request_of(request.hold_id)
    assert (request.deemed, request.conflict, request.answered_at) == (False, False, d.at)
    assert d.hold(request.hold_id).executed_at == d.at - seconds(5)
    assert d.verdicts("answer", request.id) == ["late", "late"]


def test_the_bank_s_later_word_contradicts_what_was_deemed_like_a_second_answer() -> None:
    d, request = asked(DEEMED)
    d.fire(d.clock("answer", request.id))
    d.answer(request.id, "gone")
    assert d.request_of(request.hold_id).conflict
    assert d.hold(request.hold_id).state == "in_question"
    assert "settle_conflict" in d.task_kinds(request.id)


def test_a_contradiction_is_seen_also_where_what_was_deemed_ended_the_hold() -> None:
    ended = AGREED.replace('stop = "stopped"', 'stop = "returned"')
    d, request = asked(answering(LIMIT + 'on_lapse = "deemed:agreed"', ended))
    d.fire(d.clock("answer", request.id))
    assert d.hold(request.hold_id).state == "returned"
    d.answer(request.id, "refused")
    assert d.request_of(request.hold_id).conflict
    assert "settle_conflict" in d.task_kinds(request.id)


def test_with_two_limits_silence_is_deemed_at_the_second() -> None:
    body = LIMIT + 'on_lapse = "deemed:agreed"\nfallback = { length = "PT2H", calendar = "absolute" }'
    d, request = asked(answering(body, AGREED))
    d.fire(d.clock("answer", request.id))
    assert d.request_of(request.hold_id).outcome is None
    assert d.has_clock("ladder", request.id)
    d.run_until(d.clock("answer_limit", request.id).due_at)
    assert d.request_of(request.hold_id).deemed
    assert not d.has_clock("ladder", request.id)


def test_a_kind_that_cannot_be_deemed_goes_up_the_ladder() -> None:
    d = Driver(DEEMED)
    hold = d.stopped()
    d.file()
    request = d.approve(d.ask(hold, "freeze"))
    d.deliver(request)
    d.fire(d.clock("answer", request))
    assert d.has_clock("ladder", request)


# -- pauses


BANKING = 'length = "P5D"\ncalendar = "banking_days"\ndays = "ENGLAND"\nends = "end_of_day"\nhard_end = "P35D"\n'
PAUSING = BANKING + 'pause_on = ["need_info"]\nresume_on = ["info_given", "papers"]'
UK = answering(PAUSING, INFO, TEXT.replace('zone = "Asia/Shanghai"', 'zone = "Europe/London"'))
MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)


def london(day: int, month: int = 6) -> datetime:
    """The last instant of a summer day in London."""
    return datetime(2026, month, day, 22, 59, 59, 999999, tzinfo=UTC)


def claimed() -> tuple[Driver, Request]:
    d = Driver(UK, at=MONDAY)
    hold = d.claim()
    d.deliver(d.request_of(hold).id)
    return d, d.request_of(hold)


def test_a_clock_stands_still_while_information_is_missing_but_never_beyond_the_hard_end() -> None:
    d, request = claimed()
    assert d.clock("answer", request.id).due_at == london(8)
    d.at = datetime(2026, 6, 3, 9, tzinfo=UTC)
    d.answer(request.id, "need_info", after=0)
    assert d.request_of(request.hold_id).paused_at == d.at
    assert d.clock("answer", request.id).due_at == london(20, 7), "35 business days"
    assert not d.has_clock("reminder", request.id)
    d.at = datetime(2026, 6, 17, 9, tzinfo=UTC)
    d.answer(request.id, "info_given", after=0)
    assert d.request_of(request.hold_id).paused_at is None
    clock = d.clock("answer", request.id)
    assert clock.due_at == london(22), "two days were used, three are left"
    assert d.request_of(request.hold_id).answer_due_at == clock.due_at
    assert d.has_clock("reminder", request.id)
    d.at = clock.due_at
    d.answer(request.id, "gone", after=0)
    assert d.verdicts("answer", request.id) == ["in_time"]
    (fact,) = d.facts("answer", request.id)
    assert fact.due_at == clock.due_at, "the fact has the limit that the pause moved"


def test_the_hard_end_comes_during_a_pause_too() -> None:
    d, request = claimed()
    d.answer(request.id, "need_info")
    d.run_until(london(20, 7))
    assert d.verdicts("answer", request.id) == ["late"]
    assert d.has_clock("ladder", request.id)
    d.answer(request.id, "info_given")
    assert not d.has_clock("answer", request.id), "what is late is not resumed"


def test_an_answer_during_a_pause_is_in_time() -> None:
    d, request = claimed()
    d.answer(request.id, "need_info")
    d.at = datetime(2026, 7, 1, 9, tzinfo=UTC)
    d.answer(request.id, "gone", after=0)
    assert d.verdicts("answer", request.id) == ["in_time"]
    assert d.request_of(request.hold_id).paused_at is None


def test_papers_that_come_let_the_clock_run_again() -> None:
    d, request = claimed()
    d.answer(request.id, "need_info")
    d.send(ev.PapersFollowed(id=d.uuid(), at=d.at, request_id=request.id, document="p"))
    assert d.request_of(request.hold_id).paused_at is None
    assert d.clock("answer", request.id).due_at == london(8)


def test_a_person_may_stop_and_resume_it_once_each() -> None:
    d, request = claimed()
    stop = ev.ClockPaused(id=d.uuid(), at=d.at, request_id=request.id, by="a", reason="need_info")
    d.send(stop)
    assert "does not run" in d.refuses(
        ev.ClockPaused(id=d.uuid(), at=d.at, request_id=request.id, by="a", reason="need_info")
    )
    d.at += timedelta(days=2)
    d.send(ev.ClockResumed(id=d.uuid(), at=d.at, request_id=request.id, by="a"))
    assert d.clock("answer", request.id).due_at == london(10)
    assert d.send(stop) == (), "an old event does not stop it again"
    assert "is not stopped" in d.refuses(ev.ClockResumed(id=d.uuid(), at=d.at, request_id=request.id, by="a"))


def test_what_the_definition_lets_nothing_stop_runs_on() -> None:
    d, request = asked(parse(TEXT))
    event = ev.ClockPaused(id=d.uuid(), at=d.at, request_id=request.id, by="a", reason="need_info")
    assert "lets nothing stop" in d.refuses(event)


# -- people


def test_each_level_of_the_ladder_says_whom_to_call() -> None:
    text = TEXT.replace('task = "call_contact_a"', 'task = "call_contact_a"\npeople = "contact_a"')
    text = text.replace('task = "call_head_office"', 'task = "call_head_office"\npeople = "head_office"')
    d, request = asked(parse(text))
    d.fire(d.clock("answer", request.id))
    assert d.task("call_contact_a", request.id).reason == "contact_a"
    d.pass_time(minutes=45)
    assert d.task("call_contact_b", request.id).reason is None
    assert d.task("call_head_office", request.id).reason == "head_office"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (LIMIT + 'on_lapse = "shrug"', "clocks.answer.urgent.on_lapse"),
        (LIMIT + 'on_lapse = "deemed:"', "clocks.answer.urgent.on_lapse"),
        (LIMIT + 'on_lapse = "deemed:elephant"', "clocks.answer.urgent.on_lapse"),
        (LIMIT + 'on_lapse = "deemed:partial"', "clocks.answer.urgent.on_lapse"),
        (LIMIT + 'on_lapse = "query"', "clocks.answer.urgent.on_lapse"),
        (LIMIT + 'pause_on = ["received"]\nresume_on = ["papers"]', "clocks.answer.urgent.hard_end"),
        (LIMIT + 'hard_end = "P1D"\npause_on = ["received"]', "clocks.answer.urgent.resume_on"),
        (LIMIT + 'hard_end = "P1D"\npause_on = ["gone"]\nresume_on = ["papers"]', "clocks.answer.urgent.pause_on[0]"),
        (LIMIT + 'fallback = { length = "PT1H" }', "clocks.answer.urgent.fallback.calendar"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_at_its_path(body: str, path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        answering(body)
    assert path in dict(refused.value.faults)
