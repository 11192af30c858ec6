"""What another definition would have made of a recorded history: the differences, told in order.

The record's words are taken, not its consequences: what was claimed, answered
and decided happens again at its instant, while every wait is the definition's
own and fires when that one says. What cannot happen under the definition is
told, and left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from workflows import effects as fx
from workflows import events as ev
from workflows.codec import instant_to_text
from workflows.engine import EventRefused, advance
from workflows.ids import derived_id
from workflows.scheme import Definition
from workflows.state import ProcedureState, Request

Known = Callable[[str], Definition]
"""Gives a definition by its content hash."""
_Key = tuple[UUID, str, int]
"""Hold, role and number: how a request is found again where its id, which follows from an event, differs."""
_OWN = (ev.ClockReached, ev.ClockSuperseded, ev.MigrationAsked, ev.DefinitionMigrated)
"""Events that follow from the rules themselves."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as a definition sent it, and when its answer was due."""

    kind: str
    at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a definition made of a history; `refused` is what could not happen under it: instant, event, why."""

    definition: str
    sent: Mapping[_Key, Sent]
    fired: Mapping[str, int]
    tasks: Mapping[str, int]
    figures: Mapping[str, int]
    holds: Mapping[UUID, tuple[str, datetime | None]]
    refused: tuple[tuple[datetime, str, str], ...]
    state: ProcedureState = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that would have been otherwise: `what` is request, hold, clock, task, figure or event."""

    what: str
    subject: str
    was: str
    would_be: str


def simulate(
    history: Iterable[ev.AnyEvent], other: Definition, known: Known, *, until: datetime | None = None
) -> tuple[Difference, ...]:
    """Return the differences between the record's own definition and another one, both run on time.

    Args:
        history: Every event of one procedure in its order, from `ProcedureOpened` on.
        other: The definition to try.
        known: Gives the definitions that the record itself names.
        until: Let the waits run on to this instant after the last event.

    Raises:
        LookupError: ``known`` does not know a definition of the record.
        ValueError: The history does not begin with `ProcedureOpened`.
    """
    events = list(history)
    if not events or not isinstance(events[0], ev.ProcedureOpened):
        msg = "a history begins with ProcedureOpened"
        raise ValueError(msg)
    was = _Run(known(events[0].content_hash), known).over(events, until)
    would_be = _Run(other, known).over(events, until)
    return tuple(_differences(was, would_be))


class _Run:
    """One history under one definition, beside the record as it was: that one tells what an id of the record means."""

    def __init__(self, definition: Definition, known: Known) -> None:
        self._definition, self._known = definition, known
        self._state, self._record = ProcedureState(), ProcedureState()
        self._pinned = definition
        self._sent: dict[_Key, Sent] = {}
        self._fired: Counter[str] = Counter()
        self._tasks: Counter[str] = Counter()
        self._facts: Counter[str] = Counter()
        self._refused: list[tuple[datetime, str, str]] = []

    def over(self, events: list[ev.AnyEvent], until: datetime | None) -> Course:
        """Run the whole history."""
        for event in events:
            self._run_until(event.at)
            if not isinstance(event, _OWN):
                self._happen(event)
            self._follow(event)
        if until is not None:
            self._run_until(until)
        return Course(
            definition=self._definition.name,
            sent=self._sent,
            fired=self._fired,
            tasks=self._tasks,
            figures=self._facts,
            holds={hold.id: (hold.state, hold.ends_at) for hold in self._state.holds.values()},
            refused=tuple(self._refused),
            state=self._state,
        )

    def _follow(self, event: ev.AnyEvent) -> None:
        """Fold the record itself, each event under the definition that it was under."""
        if isinstance(event, (ev.ProcedureOpened, ev.DefinitionMigrated)):
            self._pinned = self._known(event.content_hash)
        self._record, _ = advance(self._pinned, self._record, event)

    def _run_until(self, at: datetime) -> None:
        """Fire every wait that is due before ``at``; at the due instant itself what happens goes first."""
        while due := [clock for clock in self._state.clocks.values() if clock.due_at < at]:
            clock = min(due, key=lambda one: (one.due_at, one.id))
            self._fired[clock.kind] += 1
            event_id = derived_id(clock.due_at, clock.id, "simulated")
            self._take(ev.ClockReached(id=event_id, at=clock.due_at, clock_id=clock.id))

    def _happen(self, event: ev.AnyEvent) -> None:
        try:
            self._take(self._translated(event))
        except (EventRefused, LookupError) as refusal:
            self._refused.append((event.at, type(event).__name__, str(refusal)))

    def _take(self, event: ev.AnyEvent) -> None:
        before = self._state
        self._state, effects = advance(self._definition, before, event)
        for effect in effects:
            if isinstance(effect, fx.OpenTask):
                self._tasks[effect.task.kind] += 1
            elif isinstance(effect, fx.RecordFact):
                self._facts[f"{effect.kind}, {effect.verdict}"] += 1
        for request in self._state.requests.values():
            if before.requests.get(request.id) != request:
                sent = Sent(kind=request.kind, at=request.created_at, due_at=request.answer_due_at)
                self._sent[_key(self._definition, self._state, request)] = sent

    # -- what the record's ids are called here

    def _translated(self, event: ev.AnyEvent) -> ev.AnyEvent:
        changes: dict[str, object] = {"counted": ()}
        names = event.__dataclass_fields__
        if isinstance(event, ev.ProcedureOpened):
            changes["content_hash"] = self._definition.content_hash
        if isinstance(event, ev.MeasureAsked):
            changes["kind"] = self._definition.kind_for(self._pinned.role_of(event.kind))
        if "request_id" in names:
            changes["request_id"] = self._request(event.request_id)  # type: ignore[union-attr]  # the field is there
        if "approval_id" in names:
            changes["approval_id"] = self._approval(event.approval_id)  # type: ignore[union-attr]  # likewise
        if "task_id" in names:
            changes["task_id"] = self._task(event.task_id)  # type: ignore[union-attr]  # likewise
        return replace(event, **changes)  # type: ignore[arg-type]  # names of its own fields

    def _request(self, request_id: UUID) -> UUID:
        wanted = _key(self._pinned, self._record, self._record.requests[request_id])
        return _one(
            (one.id for one in self._state.requests.values() if _key(self._definition, self._state, one) == wanted),
            f"no {wanted[1]} of this hold was sent",
        )

    def _approval(self, approval_id: UUID) -> UUID:
        asked = self._record.approvals.get(approval_id)
        if asked is None:
            raise LookupError("nothing waited for this decision any more")
        role = self._pinned.role_of(asked.act)
        return _one(
            (
                one.id
                for one in self._state.approvals.values()
                if one.hold_id == asked.hold_id and self._definition.role_of(one.act) == role
            ),
            f"no {role} waits for a decision",
        )

    def _task(self, task_id: UUID) -> UUID:
        done = self._record.tasks.get(task_id)
        if done is None:
            raise LookupError("the task was over already")
        is_request = done.subject_kind == "request"
        subject = self._request(done.subject_id) if is_request else done.subject_id
        return _one(
            (one.id for one in self._state.tasks.values() if (one.kind, one.subject_id) == (done.kind, subject)),
            f"no task {done.kind} is open",
        )


def _one(found: Iterator[_T], otherwise: str) -> _T:
    for one in found:
        return one
    raise LookupError(otherwise)


def _key(definition: Definition, state: ProcedureState, request: Request) -> _Key:
    role = definition.role_of(request.kind)
    alike = [r for r in state.requests.values() if r.hold_id == request.hold_id and definition.role_of(r.kind) == role]
    alike.sort(key=lambda one: (one.created_at, one.id))
    return request.hold_id, role, alike.index(request) if request in alike else len(alike)


# -- the differences


def _differences(was: Course, would_be: Course) -> Iterator[Difference]:
    yield from _of_requests(was.sent, would_be.sent)
    for hold_id in was.holds.keys() | would_be.holds.keys():
        yield from _unlike("hold", f"hold {hold_id}", _hold(was, hold_id), _hold(would_be, hold_id))
    counted = (("clock", was.fired, would_be.fired), ("task", was.tasks, would_be.tasks))
    for what, before, after in (*counted, ("figure", was.figures, would_be.figures)):
        for name in sorted(before.keys() | after.keys()):
            yield from _unlike(what, name, str(before.get(name, 0)), str(after.get(name, 0)))
    known = {(at, kind) for at, kind, _ in was.refused}
    for at, kind, why in would_be.refused:
        if (at, kind) not in known:
            yield Difference(what="event", subject=f"{kind} at {instant_to_text(at)}", was="happened", would_be=why)


def _of_requests(was: Mapping[_Key, Sent], would_be: Mapping[_Key, Sent]) -> Iterator[Difference]:
    for key in sorted(was.keys() | would_be.keys(), key=lambda one: (str(one[0]), one[1], one[2])):
        subject = f"{key[1]} {key[2] + 1} of hold {key[0]}"
        yield from _unlike("request", subject, _told(was.get(key)), _told(would_be.get(key)))


def _told(sent: Sent | None) -> str:
    if sent is None:
        return "not sent"
    due = f", answer due {instant_to_text(sent.due_at)}" if sent.due_at else ""
    return f"{sent.kind} sent {instant_to_text(sent.at)}{due}"


def _hold(course: Course, hold_id: UUID) -> str:
    state, ends_at = course.holds.get(hold_id, ("not claimed", None))
    return f"{state}, ends {instant_to_text(ends_at)}" if ends_at else state


def _unlike(what: str, subject: str, was: str, would_be: str) -> Iterator[Difference]:
    if was != would_be:
        yield Difference(what=what, subject=subject, was=was, would_be=would_be)
