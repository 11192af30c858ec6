"""How many events a second `advance` takes on one processor, with clocks and derivations, at 5 holds and at 100.

The log is that of a usual case under the definition for China: every hold is claimed, delivered, acknowledged, warned,
confirmed, filed, frozen with an approval. The events are made first; then all of them are folded again and again. Time
is the processor's, so other load on the machine does not count. The bare loop takes the same events through a table of
what follows what, with no state, no clock and no rule: what Python needs at the least to walk through a log.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from workflows import AnyEvent, Claim, Definition, ProcedureState, advance, load
from workflows import events as ev

START: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FEW: Final = 5
MANY: Final = 100
_TICK: Final = timedelta(seconds=1)


class _Case:
    """One procedure that writes down its events."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.state = ProcedureState()
        self.at = START
        self.log: list[AnyEvent] = []
        self._last = 0

    def id(self) -> UUID:
        """Return an id of its own."""
        self._last += 1
        return UUID(int=self._last)

    def send(self, event_type: type[Any], /, **fields: Any) -> None:  # noqa: ANN401 - an event's own
        """Let the next second bring an event."""
        self.at += _TICK
        event = event_type(id=self.id(), at=self.at, **fields)
        self.state, _ = advance(self.definition, self.state, event)
        self.log.append(event)

    def deliver(self, request_id: UUID) -> None:
        """Let a request reach its institution."""
        self.send(
            ev.RequestDelivered, request_id=request_id, channel="push", sent_at=self.at, delivered_at=self.at + _TICK
        )

    def answer(self, request_id: UUID, outcome: str, **fields: Any) -> None:  # noqa: ANN401 - an answer's own
        """Let an institution say something."""
        self.send(ev.AnswerReceived, reply_id=self.id(), request_id=request_id, outcome=outcome, **fields)


def made(definition: Definition, holds: int) -> tuple[list[AnyEvent], int]:
    """Return the log of a case of so many holds, and the number of its events up to the last claim."""
    case = _Case(definition)
    case.send(ev.ProcedureOpened, content_hash=definition.content_hash)
    for _ in range(holds):
        claim = Claim(
            hold_id=case.id(),
            account_id=case.id(),
            institution_id=case.id(),
            lead_id=None,
            receipt_id=case.id(),
            tier=1,
            amount_minor=100_000,
            asset="CNY",
            paid_at=case.at - timedelta(minutes=10),
            since=case.at,
        )
        case.send(ev.ClaimAdded, claim=claim)
    claimed = len(case.log)
    case.send(ev.CaseFiled, by="officer", document="filing-1")
    stops = list(case.state.requests)
    for request_id in stops:
        case.deliver(request_id)
    for request_id in stops:
        case.answer(request_id, "received")
    _reach(case, "answer")
    for request_id in stops:
        case.answer(request_id, "full", held_minor=100_000, executed_at=case.at)
    _reach(case, "stop_warning")
    for hold_id in list(case.state.holds):
        case.send(ev.MeasureAsked, hold_id=hold_id, kind="freeze", by="officer", amount_minor=100_000)
    for approval_id in list(case.state.approvals):
        case.send(ev.ApprovalGiven, approval_id=approval_id, by="leader")
    freezes = [request.id for request in case.state.requests.values() if request.stage == "queued"]
    for request_id in freezes:
        case.deliver(request_id)
    for request_id in freezes:
        case.answer(request_id, "frozen", held_minor=100_000, executed_at=case.at)
    return case.log, claimed


def _reach(case: _Case, kind: str) -> None:
    """Let every running wait of a kind come due once."""
    for clock in [one for one in case.state.clocks.values() if one.kind == kind]:
        case.at = max(case.at, clock.due_at)
        case.send(ev.ClockReached, clock_id=clock.id)


def measure(*, seconds: float) -> dict[str, Any]:
    """Return events a second of processor time: at few holds, at many, and of the bare loop."""
    definition = load("cn_emergency_stop", 1)
    logs = {"few": made(definition, FEW), "many": made(definition, MANY)}
    found: dict[str, Any] = dict.fromkeys((*logs, "bare"), 0.0)
    ends = time.monotonic() + seconds
    # In turn, and the best of each: what else runs can only slow one down.
    while time.monotonic() < ends or not found["bare"]:
        for name, (log, claimed) in logs.items():
            found[name] = max(found[name], _folded(definition, log, claimed))
        found["bare"] = max(found["bare"], _walked(logs["many"][0]))
    return {**found, "events": {name: len(log) - claimed for name, (log, claimed) in logs.items()}}


def _folded(definition: Definition, log: list[AnyEvent], claimed: int) -> float:
    """Return events a second after the last claim, so that each meets all holds; a short log several times."""
    state = ProcedureState()
    for event in log[:claimed]:
        state, _ = advance(definition, state, event)
    rest, times = log[claimed:], max(1, 1000 // len(log))
    began = time.process_time()
    for _ in range(times):
        current = state
        for event in rest:
            current, _ = advance(definition, current, event)
    return len(rest) * times / (time.process_time() - began)


def _walked(log: list[AnyEvent]) -> float:
    """Return events a second through a table of what follows what, and nothing else."""
    kinds = list(dict.fromkeys(type(event) for event in log))
    follows = {(before, kind): kind for before in (None, *kinds) for kind in kinds}
    began, now = time.process_time(), None
    for event in log:
        now = follows[now, type(event)]
    return len(log) / (time.process_time() - began)


if __name__ == "__main__":
    print(measure(seconds=3.0))  # noqa: T201 - its result
