"""Second clocks: what must come for a hold to be kept, and what comes of it when it does not."""

from datetime import datetime, timedelta

import pytest

from tests.workflows.driver import START, Driver, seconds
from tests.workflows.written import TEXT, rewritten, table, task
from workflows import InvalidDefinition, parse
from workflows import events as ev

HOURS_72 = timedelta(hours=72)
MICRO = timedelta(microseconds=1)
TERM = rewritten(
    "clocks.stop_term",
    'length = "PT72H"\ncalendar = "absolute"\nlapse_task = "confirm_lapse"',
    rewritten("tasks.file_and_freeze", None),
)


def condition(code: str = "complaint", text: str = TEXT, more: str = "", **given: str) -> str:
    """Return a definition with a condition: a complaint within 72 hours of the stop, else it lapses."""
    rule = {
        "needs": "complaint",
        "starts": "executed",
        "applies_to": "stopped",
        "length": "PT72H",
        "calendar": "absolute",
        "on_lapse": "lapse",
        "task": "complaint_missing",
        **given,
    }
    body = "\n".join(f'{key} = "{value}"' for key, value in rule.items())
    return text + table(f"conditions.{code}", f"{body}\n{more}") + task("complaint_missing")


def thai(on_lapse: str = "lapse") -> Driver:
    """The victim complains to the police within 72 hours of the hold; it is kept 7 days from the complaint."""
    more = 'extends_to = { length = "P7D", calendar = "absolute" }'
    return Driver(parse(condition(text=TERM, more=more, on_lapse=on_lapse)))


def met(d: Driver, hold: object = None, at: datetime | None = None, code: str = "complaint") -> ev.ConditionMet:
    return ev.ConditionMet(
        id=d.uuid(),
        at=d.at,
        condition=code,
        document="doc-1",
        by="officer",
        hold_id=hold,  # type: ignore[arg-type] # an id or None
        met_at=at,
    )


def test_a_complaint_in_time_lets_the_hold_run_from_the_complaint() -> None:
    d = thai()
    hold = d.stopped()
    begun = d.hold(hold).executed_at
    assert begun is not None
    assert d.clock("condition", hold).due_at == begun + HOURS_72
    d.run_until(begun + timedelta(hours=70))
    event = met(d, hold, at=begun + timedelta(hours=69))
    d.send(event)
    assert d.hold(hold).ends_at == begun + timedelta(hours=69) + timedelta(days=7)
    assert d.clock("stop_end", hold).derivation.rule == "conditions.complaint.extends_to"
    assert not d.has_clock("condition", hold)
    d.run_until(begun + timedelta(days=9))
    assert d.send(event) == (), "an old event again changes nothing"
    d.run_until(begun + timedelta(hours=69) + timedelta(days=7))
    assert d.hold(hold).state == "lapsed"


def test_at_the_due_instant_it_is_in_time() -> None:
    d = thai()
    hold = d.stopped()
    d.at = d.clock("condition", hold).due_at
    d.send(met(d, hold))
    assert d.hold(hold).state == "stopped"


def test_a_microsecond_later_it_is_too_late_whether_or_not_the_clock_has_fired() -> None:
    d = thai()
    hold = d.stopped()
    d.at = d.clock("condition", hold).due_at + MICRO
    d.send(met(d, hold))
    assert d.hold(hold).state == "lapsed"
    assert d.task_kinds(hold) == {"complaint_missing", "review_stop"}
    assert d.verdicts("conversion", hold) == ["missing"]


def test_what_was_met_before_the_hold_counts_from_then() -> None:
    d = thai()
    d.claim()
    d.send(met(d, at=START - timedelta(hours=1)))
    hold = d.stopped()
    assert d.hold(hold).ends_at == START - timedelta(hours=1) + timedelta(days=7)
    assert not d.has_clock("condition", hold)


def test_for_one_hold_it_is_met_for_that_hold_only() -> None:
    d = thai()
    one, other = d.stopped(), d.stopped()
    d.send(met(d, one))
    assert not d.has_clock("condition", one)
    assert d.has_clock("condition", other)


def test_an_extension_never_shortens_a_hold() -> None:
    more = 'extends_to = { length = "PT1H", calendar = "absolute" }'
    d = Driver(parse(condition(text=TERM, more=more)))
    hold = d.stopped()
    end = d.hold(hold).ends_at
    d.send(met(d, hold))
    assert d.hold(hold).ends_at == end


def test_released_when_it_is_missing() -> None:
    d = Driver(parse(condition(on_lapse="release", length="PT24H")))
    hold = d.stopped()
    d.fire(d.clock("condition", hold))
    assert d.hold(hold).state == "stopped"
    assert {"release_hold", "complaint_missing"} <= d.task_kinds(hold)
    assert d.request_of(hold, "release").stage == "queued"
    assert d.has_clock("stop_end", hold), "its own end stays"


def test_decided_by_a_person_when_it_is_missing_and_met_late_it_is_decided() -> None:
    d = Driver(parse(condition(on_lapse="decide", length="PT24H")))
    hold = d.stopped()
    d.fire(d.clock("condition", hold))
    assert "complaint_missing" in d.task_kinds(hold)
    d.send(met(d, hold))
    assert "complaint_missing" not in d.task_kinds(hold)
    assert d.hold(hold).state == "stopped"


@pytest.mark.parametrize(
    ("starts", "start"),
    [
        ("asked", START),
        ("delivered", START + seconds(2)),
        ("executed", START + seconds(6)),
        ("answered", START + seconds(7)),
    ],
)
def test_it_counts_from_the_instant_that_the_scheme_names(starts: str, start: datetime) -> None:
    d = Driver(parse(condition(starts=starts)))
    hold = d.stopped()
    assert d.clock("condition", hold).derivation.started_at == start


def test_papers_within_five_business_days_of_the_request() -> None:
    text = condition(
        "papers", needs="papers", starts="asked", length="P5D", calendar="banking_days", more='days = "CN"'
    )
    d = Driver(
        parse(text), at=datetime.fromisoformat("2026-02-11T01:00:00+00:00")
    )  # the 14th is worked, the 15th to the 23rd are not
    hold = d.stopped()
    assert d.clock("condition", hold).due_at.isoformat() == "2026-02-25T01:00:00+00:00"
    request = d.request_of(hold)
    event = ev.PapersFollowed(id=d.uuid(), at=d.at, request_id=request.id, document="p-1")
    d.send(event)
    assert not d.has_clock("condition", hold)
    assert d.send(event) == ()


def test_papers_that_went_with_the_request_meet_it() -> None:
    d = Driver(parse(condition("papers", needs="papers", applies_to="frozen")))
    hold = d.stopped()
    d.file()
    d.approve(d.ask(hold, "freeze", documents=("doc",)))
    request = d.request_of(hold, "freeze")
    d.deliver(request.id)
    d.answer(request.id, "frozen", held_minor=1, executed_at=d.at)
    assert d.hold(hold).state == "frozen"
    assert not d.has_clock("condition", hold)


def test_filing_the_case_meets_what_needs_it() -> None:
    d = Driver(parse(condition("filing", needs="filed")))
    hold = d.stopped()
    assert d.has_clock("condition", hold)
    d.file()
    assert not d.has_clock("condition", hold)
    later = d.stopped()
    assert not d.has_clock("condition", later)


def test_a_stop_that_becomes_a_freeze_leaves_the_conditions_of_the_stop() -> None:
    text = condition() + table(
        "conditions.order",
        'needs = "order"\nstarts = "executed"\napplies_to = "frozen"\nlength = "P7D"\ncalendar = "absolute"\n'
        'on_lapse = "lapse"\ntask = "complaint_missing"',
    )
    d = Driver(parse(text))
    hold = d.frozen()
    assert d.clock("condition", hold).code == "order"
    d.fire(d.clock("condition", hold))
    assert d.hold(hold).state == "lapsed"
    assert d.verdicts("conversion", hold) == ["in_time"], "a lapsed freeze was a conversion in time"


def test_while_the_hold_is_in_question_the_limit_waits_for_what_it_turns_out_to_be() -> None:
    d = Driver(parse(condition(length="PT1H")))
    hold = d.stopped()
    request = d.request_of(hold)
    d.answer(request.id, "gone")
    assert d.hold(hold).state == "in_question"
    due = d.clock("condition", hold).due_at
    d.run_until(due)
    assert d.hold(hold).state == "in_question"
    settled = ev.AnswerSettled(
        id=d.uuid(),
        at=d.at,
        request_id=request.id,
        by="a",
        outcome="full",
        held_minor=100_000,
        executed_at=d.hold(hold).executed_at,
    )
    d.send(settled)
    assert d.hold(hold).state == "stopped"
    assert d.clock("condition", hold).due_at == due, "the same limit, which has passed"
    d.fire(d.clock("condition", hold))
    assert d.hold(hold).state == "lapsed"


def test_met_while_the_hold_was_in_question_it_is_met() -> None:
    d = thai()
    hold = d.stopped()
    request = d.request_of(hold)
    d.answer(request.id, "gone")
    d.send(met(d, at=d.at))
    at = d.at
    d.send(
        ev.AnswerSettled(
            id=d.uuid(),
            at=d.at,
            request_id=request.id,
            by="a",
            outcome="full",
            held_minor=1,
            executed_at=d.hold(hold).executed_at,
        )
    )
    assert not d.has_clock("condition", hold)
    assert d.hold(hold).ends_at == at + timedelta(days=7)


def test_warnings_come_before_the_limit_and_go_when_it_is_met() -> None:
    text = condition(text=TERM, more='warnings = ["PT24H", "PT1H"]\nwarning_task = "complaint_near"') + task(
        "complaint_near"
    )
    d = Driver(parse(text))
    hold = d.stopped()
    due = d.clock("condition", hold).due_at
    d.run_until(due - timedelta(hours=24))
    assert d.task("complaint_near", hold).level == 1
    d.run_until(due - timedelta(hours=1))
    assert d.task("complaint_near", hold).level == 2
    assert d.task("complaint_near", hold).due_at <= due
    d.send(met(d, hold))
    assert "complaint_near" not in d.task_kinds(hold)


def test_met_too_late_before_any_of_its_clocks_fired_it_lapses_all_the_same() -> None:
    text = condition(text=TERM, length="PT3H", more='warnings = ["PT1H"]\nwarning_task = "complaint_near"')
    d = Driver(parse(text + task("complaint_near")))
    hold = d.stopped()
    d.at += timedelta(hours=4)
    d.send(met(d, hold))
    assert d.hold(hold).state == "lapsed"
    assert not any(clock.subject_id == hold for clock in d.state.clocks.values())


def test_a_new_stop_has_its_condition_anew() -> None:
    d = Driver(parse(condition(length="PT1H")))
    hold = d.stopped()
    d.fire(d.clock("condition", hold))
    assert d.hold(hold).state == "lapsed"
    request = d.approve(d.ask(hold, "second_stop"))
    d.deliver(request)
    d.answer(request, "full", held_minor=1, executed_at=d.at)
    assert d.clock("condition", hold).due_at == d.at - seconds(5) + timedelta(hours=1)


def test_what_cannot_be_is_refused() -> None:
    d = thai()
    hold = d.stopped()
    assert "no condition 'elephant'" in d.refuses(met(d, hold, code="elephant"))
    assert "lies ahead" in d.refuses(met(d, hold, at=d.at + MICRO))
    d.run_until(d.hold(hold).ends_at or d.at)
    assert "nothing keeps it" in d.refuses(met(d, hold))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"applies_to": "elsewhere"}, "conditions.complaint.applies_to"),
        ({"starts": "noon"}, "conditions.complaint.starts"),
        ({"on_lapse": "forget"}, "conditions.complaint.on_lapse"),
        ({"task": "nobody_s"}, "conditions.complaint.task"),
    ],
)
def test_a_condition_that_cannot_be_is_refused_at_its_path(given: dict[str, str], path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(condition(**given))
    assert path in dict(refused.value.faults)
