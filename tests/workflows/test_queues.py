"""Holds that wait behind an earlier authority: its end is a clock, and nobody forgets to ask again."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.workflows.driver import Driver
from tests.workflows.written import TEXT, table, task
from workflows import Definition, InvalidDefinition, parse

REVIEW = 'review = { length = "P7D", calendar = "absolute" }'
STOPPABLE = TEXT.replace(
    'from = ["unconfirmed", "asked", "in_question", "none"]',
    'from = ["unconfirmed", "asked", "in_question", "none", "queued_behind"]',
)


def queue(on_end: str, more: str = REVIEW, text: str = STOPPABLE) -> Definition:
    body = f'on_end = "{on_end}"\ntask = "queue_moved"\n{more}'
    return parse(text + table("queue", body) + task("queue_moved"))


def queued(definition: Definition, ends: timedelta | None = timedelta(days=3)) -> tuple[Driver, UUID]:
    d = Driver(definition)
    hold = d.claim()
    request = d.request_of(hold).id
    d.deliver(request)
    d.answer(request, "already_stopped", ends_at=None if ends is None else d.at + ends)
    return d, hold


def test_the_end_that_the_bank_named_is_a_clock_of_the_queued_hold() -> None:
    d, hold = queued(queue("task"))
    clock = d.clock("queue_end", hold)
    assert (clock.due_at, clock.derivation.rule) == (d.hold(hold).ends_at, "queue.stated")
    d.fire(clock)
    assert d.hold(hold).state == "queued_behind"
    assert "queue_moved" in d.task_kinds(hold)
    assert d.clock("queue_end", hold).due_at == d.at + timedelta(days=7), "and looked at again"


def test_the_stop_is_asked_again_when_the_earlier_one_ends() -> None:
    d, hold = queued(queue("ask"))
    first = d.request_of(hold)
    d.fire(d.clock("queue_end", hold))
    again = d.request_of(hold)
    assert (again.id != first.id, again.kind, again.stage) == (True, "stop", "queued")
    assert d.hold(hold).state == "queued_behind", "until the bank answers it stays in the queue"
    d.deliver(again.id)
    d.answer(again.id, "full", held_minor=100_000, executed_at=d.at)
    assert d.hold(hold).state == "stopped"
    assert not d.has_clock("queue_end", hold)


def test_a_freeze_in_the_queue_is_asked_again_with_its_approval() -> None:
    d = Driver(queue("ask"))
    hold = d.stopped()
    d.file()
    request = d.approve(d.ask(hold, "freeze", amount_minor=7))
    d.deliver(request)
    d.answer(request, "prior_freeze", ends_at=d.at + timedelta(days=1))
    assert d.hold(hold).state == "queued_behind"
    d.fire(d.clock("queue_end", hold))
    (approval,) = d.state.approvals.values()
    assert (approval.act, approval.amount_minor, approval.asked_by) == ("freeze", 7, "procedure")
    again = d.approve(approval.id)
    d.deliver(again)
    d.answer(again, "frozen", held_minor=7, executed_at=d.at)
    assert d.hold(hold).state == "frozen"


def test_what_the_definition_does_not_allow_from_the_queue_is_a_person_s_task() -> None:
    d, hold = queued(queue("ask", text=TEXT))
    d.fire(d.clock("queue_end", hold))
    assert len(d.state.requests) == 1
    assert "queue_moved" in d.task_kinds(hold)


def test_an_end_that_nobody_named_is_looked_for_again_and_again() -> None:
    d, hold = queued(queue("ask"), ends=None)
    clock = d.clock("queue_end", hold)
    assert clock.derivation.rule == "queue.review"
    d.fire(clock)
    assert len(d.state.requests) == 1
    assert "queue_moved" in d.task_kinds(hold)
    assert d.clock("queue_end", hold).due_at == d.at + timedelta(days=7)


def test_a_later_word_about_the_end_replaces_the_first() -> None:
    d, hold = queued(queue("task"))
    d.file()
    request = d.approve(d.ask(hold, "freeze"))
    d.deliver(request)
    d.answer(request, "prior_freeze", ends_at=d.at + timedelta(days=9))
    assert d.clock("queue_end", hold).due_at == d.hold(hold).ends_at


def test_a_hold_that_leaves_the_queue_leaves_its_clock_and_task() -> None:
    d, hold = queued(queue("task"))
    d.fire(d.clock("queue_end", hold))
    d.file()
    request = d.approve(d.ask(hold, "freeze"))
    d.deliver(request)
    d.answer(request, "frozen", held_minor=1, executed_at=d.at)
    assert not d.has_clock("queue_end", hold)
    assert "queue_moved" not in d.task_kinds(hold)


def test_without_the_table_the_outcome_s_own_task_watches() -> None:
    d, hold = queued(parse(TEXT))
    assert not d.has_clock("queue_end", hold)
    assert "find_owner" in d.task_kinds(hold)


def test_the_end_of_the_own_stop_of_a_queued_hold_is_a_person_s_task() -> None:
    for definition, kind in ((queue("task"), "queue_moved"), (parse(TEXT), "decide_hold")):
        d = Driver(definition)
        hold = d.stopped()
        d.file()
        request = d.approve(d.ask(hold, "freeze"))
        d.deliver(request)
        d.answer(request, "prior_freeze")
        d.fire(d.clock("stop_end", hold))
        assert d.hold(hold).state == "queued_behind"
        assert kind in d.task_kinds(hold)


def test_the_earlier_end_comes_while_the_hold_is_in_question() -> None:
    d, hold = queued(queue("ask"))
    d.answer(d.request_of(hold).id, "gone")
    assert d.hold(hold).state == "in_question"
    d.fire(d.clock("queue_end", hold))
    assert len(d.state.requests) == 1, "nothing is asked before it is settled"
    assert "queue_moved" in d.task_kinds(hold)


@pytest.mark.parametrize(
    ("body", "path"),
    [('on_end = "sleep"', "queue.on_end"), ('on_end = "task"\nreview = { length = "PT0S" }', "queue.review.calendar")],
)
def test_a_queue_that_cannot_be_is_refused_at_its_path(body: str, path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(TEXT + table("queue", body + '\ntask = "find_owner"'))
    assert path in dict(refused.value.faults)


def test_a_hold_that_is_over_after_a_doubt_waits_behind_nobody() -> None:
    d, hold = queued(queue("task"), ends=None)
    d.answer(d.request_of(hold).id, "full", held_minor=100_000, executed_at=d.at)
    assert d.hold(hold).state == "in_question"
    d.file()
    request = d.approve(d.ask(hold, "freeze", amount_minor=7))
    d.deliver(request)
    d.answer(request, "gone")
    assert d.hold(hold).state == "none"
    assert not d.has_clock("queue_end", hold)
    assert "queue_moved" not in d.task_kinds(hold)
