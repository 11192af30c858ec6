"""How long a hold lasts: from when it counts, what ends it, what comes of its end."""

from datetime import datetime, timedelta

import pytest

from tests.workflows.driver import START, Driver, seconds
from tests.workflows.written import TEXT, rewritten, task
from workflows import Definition, InvalidDefinition, load, parse
from workflows import events as ev

TERM = 'length = "PT48H"\ncalendar = "absolute"\nlapse_task = "confirm_lapse"\n'
FREEZE = 'length = "P6M"\ncalendar = "calendar"\nlapse_task = "confirm_lapse"\n'


def stop_term(body: str, text: str = TEXT, added: str = "") -> Definition:
    return parse(rewritten("clocks.stop_term", body, text) + added)


def without_warnings(text: str) -> str:
    """Leave out the task that only the warnings of the stop term open."""
    return rewritten("tasks.file_and_freeze", None, text)


PLAIN = without_warnings(TEXT)


@pytest.mark.parametrize(
    ("starts", "start"),
    [
        ("executed", START + seconds(6)),
        ("sent", START + seconds(1)),
        ("delivered", START + seconds(2)),
        ("answered", START + seconds(7)),
    ],
)
def test_a_term_counts_from_the_instant_that_the_scheme_names(starts: str, start: datetime) -> None:
    d = Driver(stop_term(TERM + f'starts = "{starts}"', PLAIN))
    hold = d.stopped()
    assert d.hold(hold).executed_at == START + seconds(6)
    assert d.hold(hold).ends_at == start + timedelta(hours=48)
    assert d.clock("stop_end", hold).derivation.started_at == start


def test_an_unknown_execution_makes_only_a_term_provisional_that_counts_from_it() -> None:
    for starts, tasks in (("executed", {"ask_executed_at"}), ("answered", set())):
        d = Driver(stop_term(TERM + f'starts = "{starts}"', PLAIN))
        hold = d.claim()
        d.deliver(d.request_of(hold).id)
        d.answer(d.request_of(hold).id, "full", held_minor=100_000)
        assert d.hold(hold).end_is_provisional == bool(tasks)
        assert d.task_kinds(hold) & {"ask_executed_at"} == tasks


def test_a_term_from_the_filing_counts_from_the_execution_until_the_case_is_filed() -> None:
    d = Driver(stop_term(TERM + 'starts = "filed"', PLAIN))
    hold = d.stopped()
    assert d.hold(hold).end_is_provisional
    assert d.hold(hold).ends_at == START + seconds(6) + timedelta(hours=48)
    d.at += timedelta(hours=10)
    d.file()
    assert d.hold(hold).ends_at == d.at + timedelta(hours=48)
    assert not d.hold(hold).end_is_provisional
    later = d.stopped()
    assert d.hold(later).ends_at == d.state.filed_at + timedelta(hours=48)  # type: ignore[operator] # filed above


def test_a_term_ends_at_its_instant_and_not_before() -> None:
    d = Driver(stop_term(TERM, PLAIN))
    hold = d.stopped()
    clock = d.clock("stop_end", hold)
    early = ev.ClockReached(id=d.uuid(), at=clock.due_at - timedelta(microseconds=1), clock_id=clock.id)
    assert "not due before" in d.refuses(early)
    d.fire(clock)
    assert d.hold(hold).state == "lapsed"


def test_a_term_without_warnings_or_limit_may_be_made_again_and_again() -> None:
    d = Driver(stop_term(TERM, PLAIN))
    hold = d.stopped()
    for count in range(2, 5):
        d.run_until(d.hold(hold).ends_at or d.at)
        request = d.approve(d.ask(hold, "second_stop"))
        d.deliver(request)
        d.answer(request, "full", held_minor=100_000, executed_at=d.at)
        assert d.hold(hold).stop_seq == count


def test_on_lapse_release_the_hold_stays_until_the_bank_has_let_go() -> None:
    d = Driver(stop_term(TERM + 'on_lapse = "release"', PLAIN))
    hold = d.stopped()
    d.fire(d.clock("stop_end", hold))
    assert (d.hold(hold).state, d.hold(hold).ends_at, d.hold(hold).held_minor) == ("stopped", None, 100_000)
    assert "release_hold" in d.task_kinds(hold)
    assert not d.state.approvals, "the scheme ends it: nobody votes on that"
    request = d.request_of(hold, "release").id
    d.deliver(request)
    d.answer(request, "released")
    assert d.hold(hold).state == "released"
    assert d.verdicts("conversion", hold) == ["missing"]


def test_on_lapse_decide_the_hold_stays_and_a_person_is_asked_until_it_is_decided() -> None:
    d = Driver(stop_term(TERM + 'on_lapse = "decide"', PLAIN))
    hold = d.stopped()
    d.fire(d.clock("stop_end", hold))
    assert (d.hold(hold).state, d.hold(hold).ends_at) == ("stopped", None)
    first = d.task("confirm_lapse", hold)
    d.pass_time(days=2)
    assert d.task("confirm_lapse", hold).level > first.level
    d.send(ev.TaskCompleted(id=d.uuid(), at=d.at, task_id=d.task("confirm_lapse", hold).id, by="a"))
    assert d.task_kinds(hold) & {"decide_hold"}, "ticked off, but still held: somebody decides"


UNDECIDED = 'until = "decided"\nreview = { length = "P30D", calendar = "absolute", task = "look_again" }\n'


def test_a_hold_until_a_decision_has_no_end_and_is_looked_at_again_and_again() -> None:
    d = Driver(stop_term(UNDECIDED, PLAIN, task("look_again", again="P7D")))
    hold = d.claim()
    d.deliver(d.request_of(hold).id)
    d.answer(d.request_of(hold).id, "full", held_minor=1, executed_at=d.at, ends_at=d.at + timedelta(days=3))
    assert d.hold(hold).ends_at is None
    review = d.clock("stop_review", hold)
    assert review.due_at == d.hold(hold).executed_at + timedelta(days=30)  # type: ignore[operator] # stopped above
    d.fire(review)
    assert d.hold(hold).state == "stopped"
    assert d.task("look_again", hold).level == 1
    again = d.clock("stop_review", hold)
    assert again.due_at == d.at + timedelta(days=30)
    d.fire(again)
    assert d.task("look_again", hold).level >= 2
    d.file()
    d.approve(d.ask(hold, "freeze"))
    d.deliver(d.request_of(hold, "freeze").id)
    d.answer(d.request_of(hold, "freeze").id, "frozen", held_minor=1, executed_at=d.at)
    assert d.hold(hold).state == "frozen"
    assert not d.has_clock("stop_review", hold)
    assert not d.task_kinds(hold) & {"look_again"}


def test_a_review_while_the_hold_is_in_question_is_asked_for_all_the_same() -> None:
    d = Driver(stop_term(UNDECIDED, PLAIN, task("look_again", again="P7D")))
    hold = d.stopped()
    d.answer(d.request_of(hold).id, "gone")
    assert d.hold(hold).state == "in_question"
    d.fire(d.clock("stop_review", hold))
    assert "look_again" in d.task_kinds(hold)
    assert d.has_clock("stop_review", hold)


def test_where_the_task_of_the_end_is_open_already_it_comes_a_level_higher() -> None:
    body = TERM.replace("confirm_lapse", "release_hold") + 'on_lapse = "release"'
    d = Driver(stop_term(body, PLAIN))
    hold = d.stopped()
    d.ask(hold, "release")
    d.send(ev.CaseNotFiled(id=d.uuid(), at=d.at, by="a", document="d"))
    level = d.task("release_hold", hold).level
    while d.has_clock("stop_end", hold):
        level = d.task("release_hold", hold).level
        d.fire(min(d.state.clocks.values(), key=lambda clock: (clock.due_at, clock.id)))
    assert d.task("release_hold", hold).level == level + 1


def test_a_receipt_is_not_claimed_anew_while_its_lapsed_hold_may_come_back() -> None:
    d = Driver()
    hold = d.stopped()
    request = d.approve(d.ask(hold, "second_stop"))
    d.deliver(request)
    d.run_until(d.hold(hold).ends_at or d.at)
    assert d.hold(hold).state == "lapsed"
    claim = d.make_claim(account_id=d.hold(hold).account_id, receipt_id=d.hold(hold).receipt_id)
    event = ev.ClaimAdded(id=d.uuid(), at=d.at, claim=claim)
    assert "already claims" in d.refuses(event), "the second stop may still bring the hold back"
    d.answer(request, "lapsed", executed_at=d.at)
    d.send(event)
    assert d.hold(claim.hold_id).state == "asked"


ORDERED = 'until = "order"\nlength = "P90D"\ncalendar = "absolute"\nlapse_task = "confirm_lapse"\n'


@pytest.mark.parametrize(("asked", "told", "ends"), [(20, None, 20), (None, 30, 30), (20, 30, 20), (None, None, 90)])
def test_the_period_of_an_order_is_a_field_of_the_order(asked: int | None, told: int | None, ends: int) -> None:
    d = Driver(parse(ordered()))
    hold = d.stopped()
    d.file()
    begun = d.at
    until = None if asked is None else begun + timedelta(days=asked)
    d.approve(d.ask(hold, "freeze", ends_at=until))
    request = d.request_of(hold, "freeze").id
    d.deliver(request)
    answered = None if told is None else begun + timedelta(days=told)
    d.answer(request, "frozen", held_minor=100_000, executed_at=begun, ends_at=answered)
    assert d.hold(hold).ends_at == begun + timedelta(days=ends)


def ordered(body: str = ORDERED) -> str:
    return rewritten("tasks.renew_freeze", None, rewritten("clocks.freeze_term", body))


def test_an_order_beyond_the_longest_period_is_refused() -> None:
    d = Driver(parse(ordered()))
    hold = d.stopped()
    d.file()
    late = d.at + timedelta(days=90, microseconds=1)
    asked = ev.MeasureAsked(id=d.uuid(), at=d.at, hold_id=hold, kind="freeze", by="a", ends_at=late)
    assert "not after" in d.refuses(asked)


def test_an_order_without_a_period_is_looked_at_until_it_names_one() -> None:
    body = ORDERED.replace('length = "P90D"\ncalendar = "absolute"\n', "")
    review = 'review = { length = "P10D", calendar = "absolute", task = "renew_freeze" }\n'
    d = Driver(parse(rewritten("clocks.freeze_term", body + review)))
    hold = d.frozen()
    assert d.hold(hold).ends_at is None
    d.fire(d.clock("freeze_review", hold))
    assert "renew_freeze" in d.task_kinds(hold)


def test_a_renewal_has_its_own_length_and_a_limit() -> None:
    renewal = 'renewal = { length = "P30D", calendar = "absolute", limit = 2 }\n'
    d = Driver(parse(ordered(FREEZE + renewal)))
    hold = d.frozen()
    end = d.hold(hold).ends_at
    assert end is not None
    for count in (1, 2):
        request = d.approve(d.ask(hold, "extend"))
        d.deliver(request)
        d.answer(request, "extended")
        assert d.hold(hold).renewals == count
        assert d.hold(hold).ends_at == end + timedelta(days=30 * count)
    asked = ev.MeasureAsked(id=d.uuid(), at=d.at, hold_id=hold, kind="extend", by="a")
    assert "2 is the limit" in d.refuses(asked)


def test_a_scheme_may_have_no_freeze_at_all() -> None:
    text = rewritten("requests.freeze", None)
    for name in ("outcomes.frozen", "clocks.freeze_term", "tasks.renew_freeze", "outcomes.prior_freeze"):
        text = rewritten(name, None, text)
    text = rewritten("tasks.contact_prior_unit", None, text).replace(', freeze = "frozen"', "")
    text = text.replace(', freeze = "queued_behind"', "")
    for effect in ("as_before", "in_question", "lapsed", "same", "asked"):
        text = text.replace(f', freeze = "{effect}"', "")
    definition = parse(text)
    assert definition.freeze_term is None
    d = Driver(definition)
    hold = d.stopped()
    d.run_until(d.hold(hold).ends_at or d.at)
    assert d.hold(hold).state == "lapsed"
    assert not d.facts("conversion", hold), "where nothing can be converted, nothing is missing"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('until = "decided"\n', "clocks.stop_term.review"),
        ('until = "order"\nlapse_task = "confirm_lapse"\n', "clocks.stop_term.review"),
        (TERM + 'until = "never"\n', "clocks.stop_term.until"),
        (TERM + 'starts = "noon"\n', "clocks.stop_term.starts"),
        (TERM + 'on_lapse = "forget"\n', "clocks.stop_term.on_lapse"),
        (TERM + 'warnings = ["PT1H"]\n', "clocks.stop_term.warning_task"),
        (TERM + 'renewal = { length = "P1D", calendar = "absolute", limit = -1 }\n', "clocks.stop_term.renewal.limit"),
        (UNDECIDED.replace("P30D", "PT0S"), "clocks.stop_term.review.length"),
    ],
)
def test_a_term_that_cannot_be_is_refused_at_its_path(body: str, path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        stop_term(body, PLAIN)
    assert path in dict(refused.value.faults)


def test_an_outcome_that_stops_needs_a_term() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(rewritten("clocks.stop_term", None, PLAIN))
    assert "[clocks.stop_term] is missing" in str(refused.value)


def test_a_hold_that_is_over_is_not_looked_at_again() -> None:
    """Found by the check: kept until decided, put in question, asked once more in vain; the review ran on for ever."""
    procedure = Driver(load("th_hold", 1))
    hold_id = procedure.claim(asset="THB")
    procedure.answer(procedure.request_of(hold_id, "suspend").id, "suspended", held_minor=100_000, executed_at=START)
    first = procedure.approve(procedure.ask(hold_id, "prolong", amount_minor=100_000, papers=("order",)))
    procedure.answer(first, "suspended", held_minor=100_000, executed_at=procedure.at)
    assert procedure.has_clock("freeze_review", hold_id)
    procedure.answer(first, "moved")
    settled = ev.AnswerSettled(id=procedure.uuid(), at=procedure.at, request_id=first, by="a", outcome="moved")
    procedure.send(settled)
    procedure.answer(procedure.approve(procedure.ask(hold_id, "prolong", papers=("order",))), "moved")
    assert procedure.hold(hold_id).state == "lapsed"
    assert not procedure.has_clock("freeze_review", hold_id)
