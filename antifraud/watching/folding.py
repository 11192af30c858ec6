"""A case's log folded for its waits alone: which run, which ended, and how."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from workflows import Definition, EventRefused, InvalidPayload, ProcedureState, advance, event_from_json
from workflows.codec import EVENT_TYPES
from workflows.effects import Effect, EndClock, StartClock


class Logged(Protocol):
    """What is read of an entry of the log."""

    seq: int
    id: UUID
    at: datetime
    kind: str
    payload: Mapping[str, Any]


class CannotBeFolded(Exception):
    """An entry of the log cannot be what happened; the message names its place and no content."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A wait that the log shows ended: `how` is fired, met or void."""

    id: UUID
    due_at: datetime
    how: str
    at: datetime


@dataclass(slots=True)
class Folded:
    """One case as its log gives it, up to the entry `seq`."""

    seq: int = 0
    states: dict[UUID, ProcedureState] = field(default_factory=dict)
    pinned: dict[UUID, Definition] = field(default_factory=dict)

    def running(self) -> dict[UUID, datetime]:
        """Return the waits that run, with their due instants."""
        return {clock.id: clock.due_at for state in self.states.values() for clock in state.clocks.values()}

    def fold(self, entries: Iterable[Logged], definition_of: Callable[[str], Definition], after: int) -> list[Ended]:
        """Take further entries, in their order; return the waits that those behind the place ``after`` ended.

        Raises:
            CannotBeFolded: One of them cannot have happened, or names a definition that is not there.
        """
        ended: list[Ended] = []
        for entry in entries:
            found = self._take(entry, definition_of) if entry.kind in EVENT_TYPES else []
            self.seq = entry.seq
            if entry.seq > after:
                ended += found
        return ended

    def _take(self, entry: Logged, definition_of: Callable[[str], Definition]) -> list[Ended]:
        payload = dict(entry.payload)
        try:
            procedure_id = UUID(payload.pop("procedure_id"))
            if "content_hash" in payload:
                self.pinned[procedure_id] = definition_of(payload["content_hash"])
            event = event_from_json(entry.kind, entry.id, entry.at, payload)
            before = self.states.get(procedure_id, ProcedureState())
            state, effects = advance(self.pinned[procedure_id], before, event)
            ended = _ended(before, effects)
        except (EventRefused, InvalidPayload, LookupError, ValueError, TypeError, AttributeError) as error:
            message = f"entry {entry.seq} ({entry.kind}): {type(error).__name__}"
            raise CannotBeFolded(message) from error
        self.states[procedure_id] = state
        return ended


def _ended(before: ProcedureState, effects: Iterable[Effect]) -> list[Ended]:
    due = {clock.id: clock.due_at for clock in before.clocks.values()}
    ended = []
    for effect in effects:
        match effect:
            case StartClock():
                due[effect.clock.id] = effect.clock.due_at
            case EndClock():
                ended.append(Ended(effect.clock_id, due[effect.clock_id], effect.how, effect.at))
            case _:
                pass
    return ended
