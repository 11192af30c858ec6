"""What would change for an open procedure under another version of its scheme: told before anybody agrees to it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from workflows.clocks import TimeBox, derive
from workflows.events import Moved
from workflows.scheme import Definition
from workflows.state import Clock, ProcedureState

_LED = ("reminder", "_warning")
"""Clocks that hang on another one and move with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A move to `definition`: `moved` are the waits with another due instant, `kept` those that stay as they are.

    With `obstacles` it cannot be done: they name what is open and unknown to the new definition.
    """

    definition: str
    content_hash: str
    moved: tuple[tuple[Clock, Moved], ...]
    kept: int
    obstacles: tuple[str, ...]


def plan(state: ProcedureState, to: Definition) -> Plan:
    """Return what a move would change; a wait whose new due instant has passed is due at once."""
    boxes = {box.rule: box for box in _boxes(to)}
    moved = []
    for clock in state.clocks.values():
        box = boxes.get(clock.derivation.rule)
        if box is None or clock.kind.endswith(_LED) or clock.derivation.length.startswith("-"):
            continue
        now = derive(box, clock.derivation.started_at, clock.derivation.start_event)
        if now.due_at != clock.due_at:
            moved.append((clock, Moved(clock_id=clock.id, was=clock.derivation, now=now)))
    return Plan(
        definition=to.name,
        content_hash=to.content_hash,
        moved=tuple(sorted(moved, key=lambda one: (one[1].now.due_at, one[0].id))),
        kept=len(state.clocks) - len(moved),
        obstacles=tuple(_obstacles(state, to)),
    )


def _obstacles(state: ProcedureState, to: Definition) -> Iterator[str]:
    for kind in sorted({request.kind for request in state.requests.values()} - set(to.requests)):
        yield f"requests.{kind}: there is such a request, and {to.name} has no such kind"
    for kind in sorted({task.kind for task in state.tasks.values()} - set(to.tasks)):
        yield f"tasks.{kind}: such a task is open, and {to.name} has none"
    for code in sorted({hold.lane for hold in state.holds.values() if hold.lane} - set(to.lanes)):
        yield f"lanes.{code}: a hold is in this lane, and {to.name} has none"
    urgencies = {urgency.code for urgency in to.urgencies}
    for code in sorted({hold.urgency for hold in state.holds.values()} - urgencies):
        yield f"urgency.{code}: a hold has this urgency, and {to.name} has none"
    outcomes = {request.outcome for request in state.requests.values() if request.outcome is not None}
    for code in sorted(outcomes - set(to.outcomes)):
        yield f"outcomes.{code}: an institution answered so, and {to.name} has no such outcome"


def _boxes(value: Any) -> Iterator[TimeBox]:  # noqa: ANN401 - any part of a definition
    if isinstance(value, TimeBox):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _boxes(getattr(value, field.name))
    elif isinstance(value, (tuple, frozenset)):
        for item in value:
            yield from _boxes(item)
    elif hasattr(value, "values") and callable(value.values):
        for item in value.values():
            yield from _boxes(item)
