"""Breadth first through every state that `advance` reaches within the bound: the first way found is a shortest."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from workflows import effects as fx
from workflows.checking import roles, scenes
from workflows.checking.bounds import Bound
from workflows.checking.moves import Move
from workflows.checking.possible import Possible
from workflows.checking.scenes import Scene
from workflows.checking.shape import Lens
from workflows.engine import EventRefused, advance
from workflows.scheme import Definition
from workflows.state import ProcedureState


@dataclass(slots=True, eq=False)
class Node:
    """A state, the instant after which one stands in it, and how one came there."""

    state: ProcedureState
    at: datetime
    confirmed: frozenset[UUID]
    came: "tuple[Node, Move] | None"
    depth: int
    scene: Scene
    out: "list[tuple[Move, Node]]" = field(default_factory=list)

    def path(self) -> tuple[Move, ...]:
        """Return the moves from the beginning to here."""
        moves: list[Move] = []
        node: Node = self
        while node.came is not None:
            node, move = node.came
            moves.append(move)
        return tuple(reversed(moves))


@dataclass(frozen=True, slots=True)
class Transition:
    """One call of `advance`: what it gave, why it refused, or how it failed."""

    before: Node
    move: Move
    state: ProcedureState
    effects: tuple[fx.Effect, ...]
    confirmed: frozenset[UUID]
    refusal: str | None = None
    crash: Exception | None = None

    def path(self) -> tuple[Move, ...]:
        """Return the moves from the beginning through this one."""
        return (*self.before.path(), self.move)


class Explorer:
    """Explores one definition scene by scene, and shows each transition to whoever looks for faults."""

    def __init__(self, definition: Definition, bound: Bound) -> None:
        """Start with a procedure that was not opened."""
        self.definition = definition
        self.bound = bound
        self.nodes: list[Node] = []
        self.transitions = 0
        self.is_cut = False
        self.generated: set[type] = set()
        self._number = 1 << 64
        self._possible = Possible(definition, self._new_id)
        self._lenses = {travel: Lens(definition, travel=travel) for travel in (False, True)}

    def _new_id(self) -> UUID:
        self._number += 1
        return UUID(int=self._number)

    def scene(self, scene: Scene, roots: Iterable[Node]) -> Iterator[Transition]:
        """Explore one scene from its roots; every transition is shown, also those that lead nowhere new."""
        lens = self._lenses[scene.is_travel]
        known: dict[Hashable, Node] = {}
        waiting: deque[Node] = deque()
        for root in roots:
            known[lens.form(root.state, root.confirmed)] = root
            waiting.append(root)
        while waiting:
            node = waiting.popleft()
            self.nodes.append(node)
            for move in self._possible.moves(scene, node.state, node.at):
                self.transitions += 1
                step = self._take(node, move)
                yield step
                if step.refusal is not None or step.crash is not None or step.state is node.state:
                    continue
                form = lens.form(step.state, step.confirmed)
                following = known.get(form)
                if following is None:
                    if len(self.nodes) + len(waiting) >= self.bound.states:
                        self.is_cut = True
                        continue
                    following = known[form] = Node(
                        step.state, move.event.at, step.confirmed, (node, move), node.depth + 1, scene
                    )
                    waiting.append(following)
                if following is not node:
                    node.out.append((move, following))

    def beginning(self, scene: Scene) -> Node:
        """Return the state in which nothing has happened."""
        return Node(ProcedureState(), scenes.START, frozenset(), None, 0, scene)

    def _take(self, node: Node, move: Move) -> Transition:
        self.generated.add(type(move.event))
        try:
            state, effects = advance(self.definition, node.state, move.event)
        except EventRefused as refusal:
            return Transition(node, move, node.state, (), node.confirmed, refusal=str(refusal))
        except Exception as crash:  # noqa: BLE001 - whatever it is, it is what the check looks for
            return Transition(node, move, node.state, (), node.confirmed, crash=crash)
        return Transition(node, move, state, effects, self._confirmed(node, state))

    def _confirmed(self, node: Node, state: ProcedureState) -> frozenset[UUID]:
        """Return the holds that were ever stopped or frozen, or that stood in the queue behind a freeze of ours."""
        now = {
            hold.id
            for hold in state.holds.values()
            if hold.id not in node.confirmed and roles.is_held(self.definition, state, hold)
        }
        return node.confirmed | now if now else node.confirmed
