"""The working copy of one `advance`: only the maps that are touched are copied."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from workflows import effects as fx
from workflows.clocks import TimeBox, derive, parse_length
from workflows.copying import replace
from workflows.engine.maps import about, sealed, with_item, without_item
from workflows.events import Event
from workflows.ids import numbered, time_of
from workflows.scheme import AnswerClock, Definition
from workflows.state import (
    LIVE_HOLDS,
    Approval,
    Clock,
    Derivation,
    Hold,
    Met,
    ProcedureState,
    Request,
    Task,
    Withdrawal,
)

_MAPS = ("holds", "requests", "clocks", "tasks", "approvals", "withdrawals")
_PLAIN = ("opened_at", "filed_at", "declined_at", "filing", "doubts", "chase_extra", "met")
"""What else a step may change of a state; its phase is decided at the end."""
_BESIDE = ("_warning", "reminder")
"""How the kinds of clocks end that say nothing of what becomes of a hold."""
_maps_of, _plain_of = attrgetter(*_MAPS), attrgetter(*_PLAIN)

OVER = frozenset({"answered", "withdrawn"})
"""Stages of a request that nobody waits for any more."""
ENDED = frozenset({"released", "lapsed", "returned", "dropped"})
"""States in which a hold is over."""


class EventRefused(ValueError):
    """The event cannot happen in this state; nothing changed."""


class Step:
    """State, event and the effects so far; `finish` gives the new state back."""

    def __init__(self, definition: Definition, state: ProcedureState, event: Event) -> None:
        """Start from the state as it is; nothing is copied yet."""
        self.definition = definition
        self.state = state
        self.event = event
        self.at: datetime = event.at
        self.holds: Mapping[UUID, Hold] = state.holds
        self.requests: Mapping[UUID, Request] = state.requests
        self.clocks: Mapping[UUID, Clock] = state.clocks
        self.tasks: Mapping[UUID, Task] = state.tasks
        self.approvals: Mapping[UUID, Approval] = state.approvals
        self.phase = state.phase
        self.opened_at = state.opened_at
        self.filed_at = state.filed_at
        self.declined_at = state.declined_at
        self.filing = state.filing
        self.doubts = state.doubts
        self.chase_extra = state.chase_extra
        self.met: tuple[Met, ...] = state.met
        self.withdrawals: Mapping[UUID, Withdrawal] = state.withdrawals
        self.effects: list[fx.Effect] = []
        self.counted: list[Derivation] = []
        self.touched: dict[UUID, None] = {}
        self._ordinal = 0
        self._event_id = str(event.id)
        self._time_bits = 0
        self._cause = ""

    # -- ids and look-ups

    def new_id(self, label: str) -> UUID:
        """Return the next id of this event."""
        self._ordinal += 1
        if self._ordinal == 1:
            self._time_bits = time_of(self.at)
        # As `derived_id`, whose first parts are the same for all of the event.
        return numbered(self._time_bits, f"{self._event_id}\x1f{label}\x1f{self._ordinal}")

    @property
    def cause(self) -> str:
        """Name the event as a start of a wait."""
        if not self._cause:
            self._cause = f"{type(self.event).__name__}:{self._event_id}"
        return self._cause

    def derive(self, box: TimeBox, start: datetime) -> Derivation:
        """Return the due instant of a box from ``start``, caused by this event."""
        derivation = derive(box, start, self.cause)
        return derivation if box.calendar == "absolute" else self.settle(derivation)

    def settle(self, derivation: Derivation) -> Derivation:
        """Return what this event gave for the same wait when it was first taken; the first time, this very derivation.

        Whatever was counted in a calendar goes through here: newer calendars move a wait by an event of their
        own (`ClockSuperseded`), never by reading the log again.
        """
        if derivation.calendar == "absolute":
            return derivation
        known = (found for found in self.event.counted if _is_same_wait(found, derivation))
        settled = next(known, derivation)
        self.counted.append(settled)
        return settled

    def hold(self, hold_id: UUID) -> Hold:
        """Return a hold, or refuse the event."""
        hold = self.holds.get(hold_id)
        if hold is None:
            msg = f"there is no hold {hold_id} in this procedure"
            raise EventRefused(msg)
        return hold

    def request(self, request_id: UUID) -> Request:
        """Return a request, or refuse the event."""
        request = self.requests.get(request_id)
        if request is None:
            msg = f"there is no request {request_id} in this procedure"
            raise EventRefused(msg)
        return request

    def answer_clock(self, request: Request) -> AnswerClock:
        """Return how long the answer may take: as agreed with the institution, else as the definition says.

        A kind with a clock of its own, and a clock that may be paused, are never shortened by agreement.
        """
        clock = self.definition.answer_clock(request.kind, request.urgency)
        hold = self.holds.get(request.hold_id)
        agreed = None if hold is None else hold.agreed_answer
        if agreed is None or clock.box.hard_end is not None or self.definition.requests[request.kind].own_clock:
            return clock
        box = replace(
            clock.box,
            rule=f"{clock.box.rule}.agreed",
            length=parse_length(agreed),
            calendar="absolute",
            days=None,
            cutoff=None,
            counts_start_day=False,
            ends="same_time",
        )
        return replace(clock, box=box)

    def clocks_of(self, subject_id: UUID, *kinds: str) -> list[Clock]:
        """Return the running waits of some kinds on a subject."""
        return [clock for clock in about(subject_id, self.clocks.values()) if clock.kind in kinds]

    def role(self, request: Request) -> str:
        """Return what a request is for."""
        return request.purpose

    def holds_on(self, account_id: UUID | None) -> list[Hold]:
        """Return every hold on an account, ended ones too; an unknown account has none."""
        if account_id is None:
            return []
        number = account_id.int
        return [hold for hold in self.holds.values() if hold.account_id is not None and hold.account_id.int == number]

    def requests_on(self, holds: Iterable[Hold]) -> list[Request]:
        """Return the requests about any of the holds that still wait for an answer."""
        numbers = {hold.id.int for hold in holds}
        return [r for r in self.requests.values() if r.hold_id.int in numbers and r.stage not in OVER]

    def requests_of(self, hold_id: UUID) -> Iterator[Request]:
        """Yield the requests about a hold."""
        number = hold_id.int
        return iter([request for request in self.requests.values() if request.hold_id.int == number])

    def open_requests_of(self, hold_id: UUID) -> Iterator[Request]:
        """Yield the requests about a hold that still wait for an answer."""
        return (request for request in self.requests_of(hold_id) if request.stage not in OVER)

    def hold_of(self, subject_kind: str, subject_id: UUID) -> UUID | None:
        """Return the hold that a clock's or a task's subject belongs to."""
        match subject_kind:
            case "hold":
                return subject_id
            case "request":
                request = self.requests.get(subject_id)
                return request.hold_id if request else None
            case "task":
                task = self.tasks.get(subject_id)
                return self.hold_of(task.subject_kind, task.subject_id) if task else None
            case "approval":
                approval = self.approvals.get(subject_id)
                return approval.hold_id if approval else None
            case _:
                return None

    # -- changes

    def put_hold(self, hold: Hold) -> Hold:
        """Write a hold."""
        self.holds = with_item(self.holds, self.state.holds, hold.id, hold)
        self.touched[hold.id] = None
        return hold

    def put_request(self, request: Request) -> Request:
        """Write a request."""
        self.requests = with_item(self.requests, self.state.requests, request.id, request)
        self.touched[request.hold_id] = None
        return request

    def put_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Write a withdrawal."""
        self.withdrawals = with_item(self.withdrawals, self.state.withdrawals, withdrawal.id, withdrawal)

    def start_clock(
        self,
        kind: str,
        subject_kind: str,
        subject_id: UUID,
        derivation: Derivation,
        *,
        step: int = 0,
        code: str | None = None,
    ) -> Clock:
        """Start a wait."""
        clock = Clock(
            id=self.new_id("clock"),
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            due_at=derivation.due_at,
            step=step,
            derivation=derivation,
            code=code,
        )
        self.clocks = with_item(self.clocks, self.state.clocks, clock.id, clock)
        self.effects.append(fx.StartClock(clock=clock))
        if derivation.is_uncounted:
            self._alarm(clock)
        return clock

    def _alarm(self, clock: Clock) -> None:
        """Have a person see that a wait could not be counted for want of calendar data."""
        subject_kind, subject_id = clock.subject_kind, clock.subject_id
        if subject_kind == "task":
            subject_kind, subject_id = self.tasks[subject_id].subject_kind, self.tasks[subject_id].subject_id
        self.open_task(self.definition.watch["calendar"], subject_kind, subject_id, reason="calendar", latest=self.at)

    def end_clock(self, clock: Clock, how: str) -> None:
        """End a wait: fired, met or void."""
        owner = self.hold_of(clock.subject_kind, clock.subject_id)
        if owner is not None:
            self.touched[owner] = None
        self.clocks = without_item(self.clocks, self.state.clocks, clock.id)
        self.effects.append(fx.EndClock(clock_id=clock.id, how=how, at=self.at))

    def end_clocks_of(self, subject_id: UUID, how: str, *kinds: str) -> None:
        """End the waits on a subject, all or those of some kinds."""
        for clock in about(subject_id, self.clocks.values()):
            if not kinds or clock.kind in kinds:
                self.end_clock(clock, how)

    def open_task(
        self,
        kind: str,
        subject_kind: str,
        subject_id: UUID,
        *,
        level: int = 0,
        reason: str | None = None,
        latest: datetime | None = None,
        again: bool = False,
    ) -> None:
        """Give a person something to do, unless the same is open already.

        Args:
            kind: A task kind of the definition.
            subject_kind: What the task is about: hold, request or approval.
            subject_id: Its id.
            level: 0 for the first time, higher each time it is repeated.
            reason: A code, shown beside the task.
            latest: The due instant is never after this one.
            again: Count the due instant with the task's `again` and replace an open one.
        """
        for task in about(subject_id, self.tasks.values()):
            if task.kind == kind:
                if not again:
                    return
                self.close_task(task, "void")
        rules = self.definition.tasks[kind]
        box: TimeBox = rules.again if again and rules.again is not None else rules.due
        derivation = self.derive(box, self.at)
        if latest is not None and latest < derivation.due_at:
            derivation = replace(derivation, due_at=latest, started_at=latest, length="PT0S")
        owner = self.hold_of(subject_kind, subject_id)
        hold = self.holds.get(owner) if owner else None
        task = Task(
            id=self.new_id("task"),
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            due_at=derivation.due_at,
            amount_minor=hold.traced_minor if hold else None,
            asset=hold.asset if hold else None,
            level=level,
            reason=reason,
        )
        self.tasks = with_item(self.tasks, self.state.tasks, task.id, task)
        self.effects.append(fx.OpenTask(task=task))
        if rules.again is not None:
            self.start_clock("task", "task", task.id, derivation, step=level)

    def put_task(self, task: Task) -> None:
        """Write a task."""
        self.tasks = with_item(self.tasks, self.state.tasks, task.id, task)

    def close_task(self, task: Task, how: str, by: str | None = None) -> None:
        """Take a task from the list: done or void."""
        self.end_clocks_of(task.id, "met" if how == "done" else "void", "task")
        owner = self.hold_of(task.subject_kind, task.subject_id)
        if owner is not None:
            self.touched[owner] = None
        self.tasks = without_item(self.tasks, self.state.tasks, task.id)
        self.effects.append(fx.CloseTask(task_id=task.id, how=how, at=self.at, by=by))

    def close_tasks_of(
        self, subject_id: UUID, *kinds: str, how: str = "void", by: str | None = None, keep: tuple[str, ...] = ()
    ) -> None:
        """Close the tasks about a subject, all or those of some kinds, but never those in ``keep``."""
        for task in about(subject_id, self.tasks.values()):
            if (not kinds or task.kind in kinds) and task.kind not in keep:
                self.close_task(task, how, by)

    def open_approval(self, approval: Approval) -> None:
        """Ask for a second person's decision; it expires."""
        self.approvals = with_item(self.approvals, self.state.approvals, approval.id, approval)
        self.effects.append(fx.OpenApproval(approval=approval))
        derivation = self.derive(self.definition.approval, self.at)
        self.start_clock("approval", "approval", approval.id, derivation)

    def close_approval(self, approval: Approval, how: str, by: str | None = None, *, clock: str = "met") -> None:
        """End an approval (given, refused or expired) and its clock (met, fired or void); the hold remembers it."""
        self.end_clocks_of(approval.id, clock, "approval")
        hold = self.hold(approval.hold_id)
        self.put_hold(replace(hold, past_approvals=(*hold.past_approvals, approval.id)))
        self.approvals = without_item(self.approvals, self.state.approvals, approval.id)
        self.effects.append(fx.CloseApproval(approval_id=approval.id, how=how, at=self.at, by=by))

    # -- the end of the step

    def finish(self) -> tuple[ProcedureState, tuple[fx.Effect, ...]]:
        """Return the new state and the effects; no live hold is left without a wait."""
        for hold_id in list(self.touched):
            hold = self.holds[hold_id]
            if hold.state in LIVE_HOLDS and not self.is_watched(hold_id):
                self.open_task(self.definition.watch["task"], "hold", hold_id)
        phase = self.phase
        if phase != "new" and self.holds:
            running = self.clocks or self.tasks or self.approvals
            alive = running or any(hold.state in LIVE_HOLDS for hold in self.holds.values())
            phase = "open" if alive else "closed"
        before = self.state
        changed: dict[str, Any] = {"phase": phase}
        for name, now, was in zip(_MAPS, _maps_of(self), _maps_of(before), strict=True):
            if now is not was:
                changed[name] = sealed(now, was)
        if (plain := _plain_of(self)) != _plain_of(before):
            changed.update(zip(_PLAIN, plain, strict=True))
        state = replace(before, **changed)
        self.effects += [fx.Counted(derivation=one) for one in self.counted]
        return state, tuple(self.effects)

    def is_watched(self, hold_id: UUID) -> bool:
        """Tell whether a clock runs on the hold, on a request about it, or on a task of either.

        Warnings and reminders do not count, nor do tasks that look back (papers, review, duties): none of
        them says what becomes of the hold.
        """
        number = hold_id.int
        if any(not clock.kind.endswith(_BESIDE) for clock in about(hold_id, self.clocks.values())):
            return True
        waited_on = {clock.subject_id.int for clock in self.clocks.values() if not clock.kind.endswith(_BESIDE)}
        own = {number, *(request.id.int for request in self.requests_of(hold_id))}
        own.update([approval.id.int for approval in self.approvals.values() if approval.hold_id.int == number])
        if not own.isdisjoint(waited_on):
            return True
        back = {self.definition.watch["papers"], self.definition.watch["review"], *self.definition.duty_tasks}
        tasks = [t.id.int for t in self.tasks.values() if t.subject_id.int in own and t.kind not in back]
        return not waited_on.isdisjoint(tasks)


def _is_same_wait(found: Derivation, asked: Derivation) -> bool:
    """Tell whether two derivations are of one wait, however it was counted."""
    if (found.rule, found.started_at, found.definition) != (asked.rule, asked.started_at, asked.definition):
        return False
    pauses = [one.counting.pauses if one.counting else () for one in (found, asked)]
    return found.start_event == asked.start_event and found.length == asked.length and pauses[0] == pauses[1]
