"""What people do with the rows of the worklist: claim, give back, assign, snooze, wake.

Each takes the case under lock, so that of two people at once the first wins,
and leaves one entry in the case's log. None of it is an event of the workflow:
whose a task is, and that it was put off, changes nothing of what must be done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, update

from antifraud.auth.people import Person, people_by_id
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import tasks
from antifraud.cases.service import save
from antifraud.foundation.json import instant_text
from antifraud.foundation.problems import InvalidValue, NotFound, Problem
from antifraud.work import Work

SNOOZE_REASONS: Final = ("bank_called", "victim_unreachable", "papers_under_way", "colleague_on_it", "too_early")
"""Why a row may be put off; it goes to the log, so it is a code."""
UNCLAIMED_AFTER: Final = timedelta(minutes=2)
"""An urgent task that nobody claimed for so long is the supervisor's business."""
UNCLAIMED_BEFORE_DUE: Final = timedelta(minutes=30)
"""A task with more time left than this may well wait for its person."""


class TaskTaken(Problem):
    """Another person has the task already."""

    status = 409
    type = "task-taken"

    def __init__(self, owner: str) -> None:
        """Name the login that has it: it is who must be asked."""
        super().__init__(f"{owner} has this task: ask them to give it back, or let a supervisor assign it")
        self.owner = owner


class TaskOver(Problem):
    """The task is no longer open."""

    status = 409
    type = "task-over"

    def __init__(self, how: str, by: str | None) -> None:
        """Say how it ended (`done` or `void`) and, where a person ended it, by whose login."""
        super().__init__(f"the task is {how}{f', by {by}' if by else ''}: there is nothing left to do in it")
        self.how, self.by = how, by


class SnoozeRefused(Problem):
    """The task cannot be put off as long as that."""

    status = 422
    type = "snooze-refused"

    def __init__(self, latest: datetime | None) -> None:
        """Say until when it may be put off at the latest; None where its time is over."""
        detail = (
            "its time is over: do it, or assign it" if latest is None else f"at most until {latest:%Y-%m-%dT%H:%M:%SZ}"
        )
        super().__init__(f"a task is put off for at most half of the time left: {detail}")
        self.latest = latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A task as an act left it; `was_owner_id` is what an undo needs."""

    id: UUID
    case_id: UUID
    owner_id: UUID | None
    was_owner_id: UUID | None
    snoozed_until: datetime | None


def claim(work: Work, mail: Mail, task_id: UUID, person_id: UUID) -> Taken:
    """Make the task the person's own; a second claim of one's own task changes nothing.

    Raises:
        NotFound: The centre has no such task.
        TaskOver: It ended meanwhile.
        TaskTaken: Another person has it.
    """

    def take(file: CaseFile, task: Row[Any]) -> dict[str, Any]:
        if task.owner_id == person_id:
            return {}
        if task.owner_id is not None:
            raise TaskTaken(_name(work, task.owner_id))
        file.note("TaskClaimed", {"task_id": str(task_id), "user_id": str(person_id)})
        return {"owner_id": person_id}

    return _change(work, mail, task_id, take)


def give_back(work: Work, mail: Mail, task_id: UUID, person_id: UUID) -> Taken:
    """Let the person's own task be nobody's again; of a task that nobody has it changes nothing.

    Raises:
        NotFound: The centre has no such task.
        TaskOver: It ended meanwhile.
        TaskTaken: It is another person's.
    """

    def give(file: CaseFile, task: Row[Any]) -> dict[str, Any]:
        if task.owner_id is None:
            return {}
        if task.owner_id != person_id:
            raise TaskTaken(_name(work, task.owner_id))
        file.note("TaskGivenBack", {"task_id": str(task_id), "user_id": str(person_id)})
        return {"owner_id": None}

    return _change(work, mail, task_id, give)


def assign(work: Work, mail: Mail, task_id: UUID, person_id: UUID) -> Taken:
    """Make the task a named person's, whoever had it; the caller sees that the actor may assign.

    Raises:
        InvalidValue: The centre has no such person, or one who may not work on tasks.
        NotFound: The centre has no such task.
        TaskOver: It ended meanwhile.
    """
    person = _person(work, person_id)
    if person is None or not person.may("task.claim"):
        raise InvalidValue("a task is assigned to somebody of this centre who works on tasks")

    def give(file: CaseFile, task: Row[Any]) -> dict[str, Any]:
        if task.owner_id == person_id:
            return {}
        was = str(task.owner_id) if task.owner_id else None
        file.note("TaskAssigned", {"task_id": str(task_id), "user_id": str(person_id), "was": was})
        return {"owner_id": person_id}

    return _change(work, mail, task_id, give)


def snooze(work: Work, mail: Mail, task_id: UUID, until: datetime, reason: str) -> Taken:
    """Put the task off until an instant that lies within the first half of the time left.

    Its due instant stays what it is, and it stays on the list, at the bottom.

    Raises:
        InvalidValue: The reason is none of `SNOOZE_REASONS`, or the instant is over.
        NotFound: The centre has no such task.
        SnoozeRefused: It would take more than half of the time left, or there is none left.
        TaskOver: It ended meanwhile.
    """
    if reason not in SNOOZE_REASONS:
        raise InvalidValue(f"the reason is one of {', '.join(SNOOZE_REASONS)}")

    def put_off(file: CaseFile, task: Row[Any]) -> dict[str, Any]:
        now = work.now()
        latest = latest_snooze(now, task.due_at)
        if latest is None or until > latest:
            raise SnoozeRefused(latest)
        if until <= now:
            raise InvalidValue("a task is put off until an instant that lies ahead")
        file.note("TaskSnoozed", {"task_id": str(task_id), "until": instant_text(until), "reason": reason})
        return {"snoozed_until": until}

    return _change(work, mail, task_id, put_off)


def wake(work: Work, mail: Mail, task_id: UUID) -> Taken:
    """Take a task that was put off back to its place; of any other it changes nothing.

    Raises:
        NotFound: The centre has no such task.
        TaskOver: It ended meanwhile.
    """

    def take_up(file: CaseFile, task: Row[Any]) -> dict[str, Any]:
        if task.snoozed_until is None or task.snoozed_until <= work.now():
            return {}
        file.note("TaskWoken", {"task_id": str(task_id)})
        return {"snoozed_until": None}

    return _change(work, mail, task_id, take_up)


def latest_snooze(now: datetime, due_at: datetime) -> datetime | None:
    """Return until when a task may be put off: half of the time left; None where there is none left."""
    return now + (due_at - now) / 2 if due_at > now else None


def _change(work: Work, mail: Mail, task_id: UUID, decide: Callable[[CaseFile, Row[Any]], dict[str, Any]]) -> Taken:
    """Lock the task's case, decide on the task as it is then, and write what follows with its log entry."""
    case_id = work.connection.scalar(select(tasks.c.case_id).where(tasks.c.id == task_id))
    if case_id is None:
        raise NotFound("there is no such task")
    desk = Desk(work)
    file = desk.lock(case_id)
    task = work.connection.execute(select(tasks).where(tasks.c.id == task_id)).one()
    if task.state != "open":
        raise TaskOver(task.state, _login(task.ended_by))
    changed = decide(file, task)
    if changed:
        work.connection.execute(update(tasks).where(tasks.c.id == task_id).values(**changed))
        save(desk, mail)
    return Taken(
        id=task_id,
        case_id=case_id,
        owner_id=changed.get("owner_id", task.owner_id),
        was_owner_id=task.owner_id,
        snoozed_until=changed.get("snoozed_until", task.snoozed_until),
    )


def _person(work: Work, person_id: UUID) -> Person | None:
    return people_by_id(work.connection, [person_id]).get(person_id)


def _name(work: Work, person_id: UUID) -> str:
    person = _person(work, person_id)
    return person.name if person else "another person"


def _login(actor: str | None) -> str | None:
    """Return the login that an actor is, if a person acted at the console."""
    return actor.removeprefix("user:") if actor and actor.startswith("user:") else None
