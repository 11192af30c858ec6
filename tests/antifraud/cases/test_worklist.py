"""Rows of the worklist: whose they are, how long they are put off, and that the first of two people wins."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud.auth.people import Person
from antifraud.auth.service import Centre
from antifraud.cases import worklist
from antifraud.cases.worklist import SnoozeRefused, Taken, TaskOver, TaskTaken
from antifraud.changes import CHANNEL
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue, NotFound
from antifraud.installation import Installation
from antifraud.verification.service import verify
from antifraud.work import Work
from tests.factories.cases import Story
from tests.factories.people import person

T = TypeVar("T")
NOBODY = UUID(int=7)


class List:
    """One case with a task in it, and two people who may work on it."""

    def __init__(self, installation: Installation, centre: Centre, clock: FrozenClock) -> None:
        self.installation, self.centre, self.clock = installation, centre, clock
        self.story = Story(installation, centre, clock).stopped()
        self.task = self.story.id_of("SELECT id FROM tasks WHERE case_id = :case AND kind = 'review_stop'")
        self.anna = person(installation, centre, name="anna")
        self.liu = person(installation, centre, name="liu")

    def run(self, who: Person, act: Callable[[Work], T]) -> T:
        with self.installation.database.begin(self.centre.id) as connection:
            return act(self.installation.work(connection, self.centre.id, who.actor))

    def do(self, who: Person, verb: Callable[..., Taken], *given: object) -> Taken:
        return self.run(who, lambda work: verb(work, self.installation.mail(self.centre), self.task, *given))

    def owner(self) -> UUID | None:
        found = self.story.value(f"SELECT owner_id FROM tasks WHERE id = '{self.task}'")  # noqa: S608 - our own id
        return UUID(str(found)) if found else None

    def log(self) -> list[tuple[str, str, dict[str, str | None]]]:
        rows = self.run(
            self.anna,
            lambda work: work.connection.execute(
                text("SELECT kind, actor, payload FROM entries WHERE kind LIKE 'Task%' ORDER BY seq")
            ).all(),
        )
        return [(row.kind, row.actor, row.payload) for row in rows if row.kind != "TaskCompleted"]


@pytest.fixture
def todo(installation: Installation, drill: Centre, clock: FrozenClock) -> List:
    return List(installation, drill, clock)


def test_a_claim_gives_the_task_an_owner_and_the_case_one_entry(todo: List) -> None:
    todo.do(todo.anna, worklist.claim, todo.anna.id)
    taken = todo.do(todo.anna, worklist.claim, todo.anna.id)
    assert todo.owner() == taken.owner_id == todo.anna.id
    assert todo.log() == [("TaskClaimed", "user:anna", {"task_id": str(todo.task), "user_id": str(todo.anna.id)})]


def test_whoever_comes_second_is_told_who_has_it(todo: List) -> None:
    todo.do(todo.liu, worklist.claim, todo.liu.id)
    with pytest.raises(TaskTaken, match="liu has this task") as refused:
        todo.do(todo.anna, worklist.claim, todo.anna.id)
    assert refused.value.owner == "liu"
    with pytest.raises(TaskTaken):
        todo.do(todo.anna, worklist.give_back, todo.anna.id)
    assert todo.owner() == todo.liu.id


@pytest.mark.parametrize("round_", range(3))
def test_of_two_claims_at_once_the_first_wins_and_the_other_is_told(todo: List, round_: int) -> None:
    del round_
    start, outcomes = threading.Barrier(2), {}

    def claim(who: Person) -> None:
        start.wait(10)
        try:
            todo.do(who, worklist.claim, who.id)
            outcomes[who.name] = "mine"
        except TaskTaken as taken:
            outcomes[who.name] = taken.owner

    threads = [threading.Thread(target=claim, args=(who,)) for who in (todo.anna, todo.liu)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    (winner,) = [name for name, told in outcomes.items() if told == "mine"]
    (loser,) = {"anna", "liu"} - {winner}
    assert outcomes[loser] == winner
    assert len(todo.log()) == 1


def test_a_claim_waits_for_whoever_holds_the_case_and_then_sees_what_became_of_the_task(todo: List) -> None:
    mail, told = todo.installation.mail(todo.centre), []

    def late() -> None:
        try:
            todo.do(todo.anna, worklist.claim, todo.anna.id)
        except TaskTaken as taken:
            told.append(taken.owner)

    thread = threading.Thread(target=late)
    with todo.installation.database.begin(todo.centre.id) as connection:
        work = todo.installation.work(connection, todo.centre.id, todo.liu.actor)
        worklist.claim(work, mail, todo.task, todo.liu.id)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "the second claim must wait for the first"
    thread.join(20)
    assert told == ["liu"]


def test_what_is_given_back_can_be_claimed_by_the_other(todo: List) -> None:
    todo.do(todo.anna, worklist.claim, todo.anna.id)
    todo.do(todo.anna, worklist.give_back, todo.anna.id)
    assert todo.do(todo.anna, worklist.give_back, todo.anna.id).owner_id is None
    todo.do(todo.liu, worklist.claim, todo.liu.id)
    assert [kind for kind, _, _ in todo.log()] == ["TaskClaimed", "TaskGivenBack", "TaskClaimed"]


def test_a_supervisor_assigns_over_whoever_had_it_and_only_to_somebody_who_works_on_tasks(todo: List) -> None:
    wang = person(todo.installation, todo.centre, ("supervisor",), name="wang")
    auditor = person(todo.installation, todo.centre, ("auditor",), name="auditor-x")
    todo.do(todo.anna, worklist.claim, todo.anna.id)
    todo.do(wang, worklist.assign, todo.liu.id)
    assert todo.owner() == todo.liu.id
    assert todo.log()[-1][2]["was"] == str(todo.anna.id)
    for wrong in (auditor.id, NOBODY):
        with pytest.raises(InvalidValue):
            todo.do(wang, worklist.assign, wrong)
    assert todo.owner() == todo.liu.id


def test_a_person_of_another_centre_is_nobody_here(todo: List, live: Centre) -> None:
    stranger = person(todo.installation, live, name="stranger")
    with pytest.raises(InvalidValue):
        todo.do(todo.anna, worklist.assign, stranger.id)
    with todo.installation.database.begin(live.id) as connection:
        work = todo.installation.work(connection, live.id, stranger.actor)
        with pytest.raises(NotFound):
            worklist.claim(work, todo.installation.mail(live), todo.task, stranger.id)


def test_a_task_is_put_off_for_at_most_half_of_the_time_left(todo: List) -> None:
    now, due = todo.clock.now(), todo.story.value(f"SELECT due_at FROM tasks WHERE id = '{todo.task}'")  # noqa: S608 - our own id
    half = now + (due - now) / 2
    with pytest.raises(SnoozeRefused) as refused:
        todo.do(todo.anna, worklist.snooze, half + timedelta(seconds=1), "too_early")
    assert refused.value.latest == half
    for wrong, reason in ((half, "because I say so"), (now, "too_early")):
        with pytest.raises(InvalidValue):
            todo.do(todo.anna, worklist.snooze, wrong, reason)
    assert todo.do(todo.anna, worklist.snooze, half, "too_early").snoozed_until == half
    assert todo.story.value(f"SELECT due_at FROM tasks WHERE id = '{todo.task}'") == due  # noqa: S608 - our own id
    todo.do(todo.anna, worklist.wake)
    assert todo.do(todo.anna, worklist.wake).snoozed_until is None
    assert [kind for kind, _, _ in todo.log()] == ["TaskSnoozed", "TaskWoken"]


def test_what_is_overdue_cannot_be_put_off(todo: List) -> None:
    todo.clock.advance(timedelta(days=2))
    with pytest.raises(SnoozeRefused) as refused:
        todo.do(todo.anna, worklist.snooze, todo.clock.now() + timedelta(minutes=1), "too_early")
    assert refused.value.latest is None


def test_a_task_that_ended_is_told_to_have_ended_and_by_whom(todo: List) -> None:
    task = todo.task
    todo.run(
        todo.liu,
        lambda work: worklist_done(work, todo, task),
    )
    for verb, given in (
        (worklist.claim, (todo.anna.id,)),
        (worklist.give_back, (todo.anna.id,)),
        (worklist.assign, (todo.anna.id,)),
        (worklist.snooze, (todo.clock.now() + timedelta(minutes=1), "too_early")),
        (worklist.wake, ()),
    ):
        with pytest.raises(TaskOver) as over:
            todo.do(todo.anna, verb, *given)
        assert (over.value.how, over.value.by) == ("done", "liu")


def worklist_done(work: Work, todo: List, task: UUID) -> None:
    from antifraud.cases.acts import complete_task  # noqa: PLC0415 - only here

    complete_task(work, todo.installation.mail(todo.centre), todo.story.case_id, task)


def test_every_act_tells_whoever_listens_and_the_record_still_verifies(todo: List) -> None:
    heard: list[str] = []
    with todo.installation.database.engine.connect() as listening:
        driver = listening.connection.driver_connection
        assert driver is not None
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")
        todo.do(todo.anna, worklist.claim, todo.anna.id)
        todo.do(todo.anna, worklist.snooze, todo.clock.now() + timedelta(hours=1), "bank_called")
        todo.do(todo.anna, worklist.wake)
        todo.do(todo.anna, worklist.give_back, todo.anna.id)
        heard += [told.payload for told in driver.notifies(timeout=5, stop_after=4)]
    assert heard == [f"{todo.centre.id} case {todo.story.case_id}"] * 4
    found = [one for outcome in verify(todo.installation, todo.centre) for one in outcome.differences]
    assert [str(one) for one in found if not one.is_warning] == []
