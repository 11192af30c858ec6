"""Looks at the explored graph as a whole: whether holds and procedures end, and whether a stop can become a freeze."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from workflows import events as ev
from workflows.checking import roles
from workflows.checking.exploring import Node, Transition
from workflows.checking.faults import Fault, Faults
from workflows.checking.looking import open_tasks
from workflows.checking.moves import BANK, PERSON, TIME, Move
from workflows.checking.shape import OVER
from workflows.checking.standing import hold_of, in_air
from workflows.clocks import derive
from workflows.engine import EventRefused, advance
from workflows.scheme import Definition
from workflows.state import LIVE_HOLDS, ProcedureState

_REPEATS = 6
"""How many clocks that run beside the tasks are waited out when a procedure is closed."""
_PATIENCE = 60
"""How many clocks in a row are waited out to see whether time alone asks a person."""


class Tidying:
    """Tries to close procedures whose holds are over: everything is handed in and ticked off."""

    def __init__(self, definition: Definition, faults: Faults) -> None:
        """Add what cannot be closed to ``faults``."""
        self.definition = definition
        self.faults = faults
        self._seen: set[frozenset[tuple[str, str]]] = set()
        self._number = 1 << 96

    def look(self, step: Transition) -> None:
        """Try it, once for each set of tasks that is left."""
        state = step.state
        if step.refusal is not None or step.crash is not None or not is_over(self.definition, state):
            return
        left = frozenset(
            (task.kind, _where(state, task.subject_kind, task.subject_id)) for task in state.tasks.values()
        )
        if left in self._seen:
            return
        self._seen.add(left)
        try:
            after, moves = self._tidied(state, step.move.event.at)
            if after.phase != "closed" and after.tasks:
                after, more = self._tidied(after, moves[-1].event.at if moves else step.move.event.at)
                moves += more
        except Exception:  # noqa: BLE001 - told as a fault of its own where the same event was tried
            return
        if after.phase == "closed":
            return
        stuck = sorted({task.kind for task in after.tasks.values()}) or ["(no task)"]
        sentence = f"all holds are over, and the procedure can never be closed: nothing ends {', '.join(stuck)}"
        about = stuck[0]
        if not self.faults.has("dead_end", about, step.before.depth + 1 + len(moves)):
            self.faults.add(Fault("dead_end", sentence, (*step.path(), *moves)), about)

    def _tidied(self, state: ProcedureState, at: datetime) -> tuple[ProcedureState, list[Move]]:
        moves: list[Move] = []
        for task in list(state.tasks.values()):
            at += timedelta(seconds=1)
            self._number += 1
            ident = UUID(int=self._number)
            event: ev.AnyEvent = ev.TaskCompleted(id=ident, at=at, task_id=task.id, by="officer")
            words = f"a person ticks off the task {task.kind}"
            if task.subject_kind == "request" and task.kind == self.definition.watch.get("papers"):
                event = ev.PapersFollowed(id=ident, at=at, request_id=task.subject_id, document="papers")
                words = "the papers follow"
            try:
                state, _ = advance(self.definition, state, event)
            except EventRefused:
                continue
            moves.append(Move(actor=PERSON, words=words, event=event))
        for _ in range(_REPEATS):
            running = [clock for clock in state.clocks.values() if clock.kind != "task"]
            if not running:
                break
            clock = min(running, key=lambda item: (item.due_at, item.id))
            at = max(at, clock.due_at)
            self._number += 1
            fired = ev.ClockReached(id=UUID(int=self._number), at=at, clock_id=clock.id)
            state, _ = advance(self.definition, state, fired)
            moves.append(Move(actor=TIME, words=f"time: the clock {clock.kind} comes due", event=fired))
        return state, moves


def _where(state: ProcedureState, kind: str, subject_id: UUID) -> str:
    hold_id = hold_of(state, kind, subject_id)
    return state.holds[hold_id].state if hold_id else kind


def is_over(definition: Definition, state: ProcedureState) -> bool:
    """Tell whether every hold is over, and nothing about any of them is open."""
    deciding = definition.watch.get("claims_of_others")
    return (
        bool(state.holds)
        and all(withdrawal.stage in {"approved", "refused"} for withdrawal in state.withdrawals.values())
        and not any(task.kind == deciding for task in state.tasks.values())
        and all(hold.state not in LIVE_HOLDS for hold in state.holds.values())
        and not state.approvals
        and not any(request.stage not in OVER or request.conflict for request in state.requests.values())
        and not any(hold.appeal_id for hold in state.holds.values())
    )


@dataclass(frozen=True, slots=True)
class Graph:
    """What was explored of one scene: its nodes, and who leads to each."""

    nodes: tuple[Node, ...]
    into: Mapping[Node, tuple[tuple[Move, Node], ...]]

    @staticmethod
    def of(nodes: Iterable[Node]) -> "Graph":
        """Return the graph of some nodes."""
        into: dict[Node, list[tuple[Move, Node]]] = {}
        kept = tuple(nodes)
        for node in kept:
            for move, target in node.out:
                into.setdefault(target, []).append((move, node))
        return Graph(kept, {node: tuple(edges) for node, edges in into.items()})

    def reaching(self, goals: Iterable[Node], *, actors: frozenset[str] | None = None) -> set[Node]:
        """Return every node from which a goal can be reached, by all moves or by those of some actors."""
        found = set(goals)
        waiting = deque(found)
        while waiting:
            for move, node in self.into.get(waiting.popleft(), ()):
                if node not in found and (actors is None or move.actor in actors):
                    found.add(node)
                    waiting.append(node)
        return found


def holds_end(definition: Definition, graph: Graph, faults: Faults) -> None:
    """Every live hold is led by time to its end, or to a person who can do something about it."""
    goals = [node for node in graph.nodes if _is_led(node)]
    led = graph.reaching(goals, actors=frozenset({TIME}))
    for node in graph.nodes:
        if node in led or _waited_out(definition, node):
            continue
        hold = next(hold for hold in node.state.holds.values() if hold.state in LIVE_HOLDS)
        tasks = ", ".join(sorted(set(open_tasks(node.state, hold.id)))) or "nobody"
        sentence = f"the hold is {hold.state}: no clock ends it, and whoever is asked ({tasks}) has nothing to decide"
        if not faults.has("hold_without_end", hold.state, node.depth):
            faults.add(Fault("hold_without_end", sentence, node.path()), hold.state)


def _is_led(node: Node) -> bool:
    live = [hold for hold in node.state.holds.values() if hold.state in LIVE_HOLDS]
    return all(_can_decide(node, hold.id) for hold in live)


def _can_decide(node: Node, hold_id: UUID) -> bool:
    """Tell whether somebody is asked about the hold, and has an event that changes it."""
    state = node.state
    is_open = any(request.hold_id == hold_id and request.stage not in OVER for request in state.requests.values())
    is_asked = bool(open_tasks(state, hold_id)) or any(a.hold_id == hold_id for a in state.approvals.values())
    for move, _ in node.out:
        if move.about in {hold_id, None} and ((move.actor == PERSON and is_asked) or (move.actor == BANK and is_open)):
            return True
    return False


def _waited_out(definition: Definition, node: Node) -> bool:
    """Let clocks come due one after the other until the hold ends, or a person with something to decide is asked."""
    state, at = node.state, node.at
    for number in range(_PATIENCE):
        if not state.clocks:
            return False
        clock = min(state.clocks.values(), key=lambda item: (item.due_at, item.id))
        at = max(at, clock.due_at)
        event = ev.ClockReached(id=UUID(int=(1 << 97) + number), at=at, clock_id=clock.id)
        try:
            state, _ = advance(definition, state, event)
        except Exception:  # noqa: BLE001 - told as a fault of its own where it was tried
            return False
        live = [hold for hold in state.holds.values() if hold.state in LIVE_HOLDS]
        if not live:
            return True
        acts = any(move.actor == PERSON for move, _ in node.out)
        if acts and all(open_tasks(state, hold.id) for hold in live):
            return True
    return False


def procedures_end(definition: Definition, graph: Graph, faults: Faults) -> None:
    """From every open procedure some path leads to its end."""
    goals = [node for node in graph.nodes if node.state.phase == "closed" or is_over(definition, node.state)]
    ending = graph.reaching(goals)
    for node in graph.nodes:
        if node in ending or not node.state.holds:
            continue
        states = ", ".join(sorted({hold.state for hold in node.state.holds.values()}))
        open_things = sorted({thing for hold in node.state.holds.values() for thing in in_air(node.state, hold)})
        beside = f" with {', '.join(open_things)} open" if open_things else ""
        sentence = f"the hold is {states}{beside}: no event of anybody leads to the end of the procedure"
        if not faults.has("dead_end", states, node.depth):
            faults.add(Fault("dead_end", sentence, node.path()), states)


def stops_convert(definition: Definition, graph: Graph, faults: Faults) -> None:
    """From each confirmed stop a freeze is possible before the stop ends, unless its release has been sent."""
    if not roles.freezes(definition):
        return
    frozen = [node for node in graph.nodes if _has(node, "frozen")]
    before_end = {
        node: tuple((move, source) for move, source in graph.into.get(node, ()) if move.label != "stop_end")
        for node in graph.nodes
        if _is_live(node)
    }
    can = Graph(graph.nodes, before_end).reaching(frozen)
    for node in graph.nodes:
        if not _has(node, "stopped") or node.state.filing == "declined" or _is_let_go(definition, node):
            continue
        if node not in can and not faults.has("no_conversion_before_lapse", "path", node.depth):
            sentence = "the stop is confirmed, and no path leads to a freeze before it ends"
            faults.add(Fault("no_conversion_before_lapse", sentence, node.path()), "path")


def stops_are_warned_of(definition: Definition, graph: Graph, faults: Faults) -> None:
    """The first warning of a confirmed stop leaves time to have its freeze approved."""
    for node in graph.nodes:
        if _has(node, "stopped") and not faults.has("no_conversion_before_lapse", "warning", node.depth):
            late = _late_warning(definition, node)
            if late:
                faults.add(Fault("no_conversion_before_lapse", late, node.path()), "warning")


def _is_let_go(definition: Definition, node: Node) -> bool:
    """Tell whether the release of every stopped hold is on its way: nobody means to freeze it any more."""
    going = {
        request.hold_id
        for request in node.state.requests.values()
        if request.stage not in OVER and roles.is_release(definition, request.kind)
    }
    return all(hold.id in going for hold in node.state.holds.values() if hold.state == "stopped")


def _is_live(node: Node) -> bool:
    return all(hold.state in LIVE_HOLDS for hold in node.state.holds.values())


def _has(node: Node, state: str) -> bool:
    return any(hold.state == state for hold in node.state.holds.values())


def _late_warning(definition: Definition, node: Node) -> str | None:
    """Say why a freeze that is asked for at the first warning may be approved too late; None where it is not."""
    needs = [kind for kind in roles.freezes(definition) if definition.requests[kind].approval == "before"]
    if not needs or node.came is None or not isinstance(node.came[1].event, ev.AnswerReceived):
        return None
    ends = {clock.subject_id: clock.due_at for clock in node.state.clocks.values() if clock.kind == "stop_end"}
    for hold_id, end in ends.items():
        started = node.state.holds[hold_id].executed_at
        if started is None or started != node.at:
            continue  # a term that was running before, or that was stated
        warned = [c.due_at for c in node.state.clocks.values() if c.subject_id == hold_id and c.kind == "stop_warning"]
        if not warned:
            return "the stop is confirmed, and no warning comes before it ends"
        box = definition.approval
        latest = derive(box, min(warned), "").due_at
        if latest > end:
            return (
                f"the first warning comes {end - min(warned)} before the end of the stop, and the approval of a"
                f" {needs[0]} may take {box.length.text}: the stop ends first"
            )
    return None
