"""`check`: tries a definition in every state that it can reach, before anybody relies on it.

There is no second model of the rules: every step is a call of `advance`. The
parts: `possible` and `answering` (what may happen next), `shape` (which states
are the same), `exploring` (breadth first), `looking` (what must hold after each
event), `ending` (what must hold of the whole), `covering` (what nothing
reaches), `chasing` (the chain of accounts), `bounds` (how far, and what is left
out). Imports the standard library only; the caller measures the time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import get_args

from workflows import events as ev
from workflows.checking import chasing, ending
from workflows.checking.bounds import ABSTRACTIONS, Bound
from workflows.checking.covering import Covering
from workflows.checking.exploring import Explorer, Node, Transition
from workflows.checking.faults import PROPERTIES, Fault, Faults
from workflows.checking.looking import Looking
from workflows.checking.moves import Move
from workflows.checking.scenes import ALL, LIFE, TRAVEL, Scene
from workflows.checking.shape import OVER
from workflows.scheme import Definition

__all__ = ["ABSTRACTIONS", "PROPERTIES", "Bound", "Explored", "Fault", "Move", "Node", "Result", "check", "explore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What was explored of a definition: the nodes by scene, and how many calls of `advance` that took."""

    nodes: Mapping[str, tuple[Node, ...]] = field(repr=False)
    transitions: int
    is_cut: bool
    untried: tuple[str, ...]
    unreached: tuple[Fault, ...]

    @property
    def states(self) -> int:
        """How many states were told apart."""
        return sum(map(len, self.nodes.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What `check` found; without faults the definition may be put in force."""

    definition: str
    bound: Bound
    explored: Explored
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every property holds, and nothing was cut off by the bound on states."""
        return not self.faults and not self.explored.is_cut

    def lines(self) -> tuple[str, ...]:
        """Return the result as text: the bound, the number of states, what was left out, every fault with its path."""
        explored = self.explored
        per_scene = ", ".join(f"{name} {len(nodes)}" for name, nodes in explored.nodes.items())
        lines = [
            f"{self.definition}: {explored.states} states, {explored.transitions} events tried ({per_scene})",
            f"bound: {self.bound.words()}",
        ]
        if explored.is_cut:
            lines.append(f"NOT FINISHED: more than {self.bound.states} states")
        lines += [f"left out: {sentence}" for sentence in ABSTRACTIONS]
        if explored.untried:
            lines.append(f"left out: events that the exploration does not make: {', '.join(explored.untried)}")
        failed = {fault.code for fault in self.faults}
        lines += [f"holds: {code}: {sentence}" for code, sentence in PROPERTIES.items() if code not in failed]
        for fault in self.faults:
            lines.append(f"FAILS: {fault.code}: {fault.sentence}")
            lines += [f"  {number}. {words}" for number, words in enumerate(fault.words(), 1)]
        return tuple(lines)


def explore(
    definition: Definition,
    bound: Bound = Bound(),  # noqa: B008 - frozen
    *,
    faults: Faults | None = None,
    scenes: Collection[Scene] = ALL,
) -> Explored:
    """Explore every state within the bound; faults of single steps are added to ``faults``.

    Fewer ``scenes`` are enough to draw a definition.
    """
    found = Faults() if faults is None else faults
    explorer = Explorer(definition, bound)
    looking, covering, tidying = Looking(definition, found), Covering(definition), ending.Tidying(definition, found)
    waiting = _Waiting()
    nodes: dict[str, tuple[Node, ...]] = {}
    for scene in scenes:
        first = len(explorer.nodes)
        roots = waiting.roots.values() if scene.is_travel else [explorer.beginning(scene)]
        for step in explorer.scene(scene, roots):
            looking.look(step)
            covering.look(step)
            if not scene.is_travel:
                tidying.look(step)
                waiting.look(step)
        nodes[scene.name] = tuple(explorer.nodes[first:])
    untried = sorted(kind.__name__ for kind in get_args(ev.AnyEvent) if kind not in explorer.generated)
    return Explored(
        nodes=MappingProxyType(nodes),
        transitions=explorer.transitions,
        is_cut=explorer.is_cut,
        untried=tuple(untried),
        unreached=tuple(covering.faults()),
    )


class _Waiting:
    """Keeps for each kind of request and urgency the first state in which it alone waits: where its way begins."""

    def __init__(self) -> None:
        self.roots: dict[tuple[str, str], Node] = {}

    def look(self, step: Transition) -> None:
        waiting = [request for request in step.state.requests.values() if request.stage not in OVER]
        if len(waiting) != 1 or waiting[0].stage != "queued" or waiting[0].undelivered or waiting[0].by_hand:
            return
        key = (waiting[0].kind, waiting[0].urgency)
        if key not in self.roots:
            came = (step.before, step.move)
            at, depth = step.move.event.at, step.before.depth + 1
            self.roots[key] = Node(step.state, at, step.confirmed, came, depth, TRAVEL)


def check(definition: Definition, bound: Bound = Bound()) -> Result:  # noqa: B008 - frozen
    """Explore a definition and find the shortest path to a fault of each property."""
    faults = Faults()
    explored = explore(definition, bound, faults=faults)
    chasing.chase_ends(definition, bound, faults)
    life = ending.Graph.of(explored.nodes[LIFE.name])
    ending.stops_are_warned_of(definition, life, faults)
    if not explored.is_cut:  # what was not looked at may lead on
        for fault in explored.unreached:
            faults.add(fault, fault.sentence)
        ending.holds_end(definition, life, faults)
        ending.procedures_end(definition, life, faults)
        ending.stops_convert(definition, life, faults)
    return Result(definition=definition.name, bound=bound, explored=explored, faults=faults.all())
