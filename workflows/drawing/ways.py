"""Which state of a hold leads to which, and by what: gathered from the explored life of one hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.checking import Explored, Move, Node
from workflows.checking.standing import in_air
from workflows.scheme import Definition
from workflows.scheme_rules import BEGINNING
from workflows.state import Hold

START = ""
"""Where no hold is yet."""
_SOON = 5
"""How many events after a state was first reached its ways out are taken for the usual ones."""


@dataclass(frozen=True, slots=True)
class Way:
    """From one state of a hold to another: `by` are the words at the arrow, with who acts first.

    `reached` is after how many events the state `after` can be reached at all.
    """

    before: str
    after: str
    by: tuple[tuple[str, str], ...]
    reached: int


def ways(definition: Definition, explored: Explored) -> tuple[Way, ...]:
    """Return the usual ways: no contradiction, one measure in the air, one that may be asked for in that state."""
    nodes = explored.nodes["life"]
    first = _first(nodes)
    found: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
    for node in nodes:
        if any(request.conflict for request in node.state.requests.values()):
            continue
        for move, target in node.out:
            for before, after in _changes(definition, node, target, first):
                found.setdefault((before, after), {})[move.actor, _label(move)] = None
    order = sorted(found, key=lambda pair: (first[pair[0]], pair[0], first[pair[1]], pair[1]))
    return tuple(Way(before, after, tuple(found[before, after]), first[after]) for before, after in order)


def _first(nodes: Iterable[Node]) -> dict[str, int]:
    """Return for each state of a hold after how many events it is first reached."""
    first = {START: 0}
    for node in nodes:
        for hold in node.state.holds.values():
            first.setdefault(hold.state, node.depth)
    return first


def _changes(definition: Definition, node: Node, target: Node, first: dict[str, int]) -> Iterable[tuple[str, str]]:
    for key, hold in target.state.holds.items():
        was = node.state.holds.get(key)
        before = START if was is None else was.state
        if before != hold.state and node.depth <= first[before] + _SOON and _is_usual(definition, node, was):
            yield before, hold.state


def _is_usual(definition: Definition, node: Node, hold: Hold | None) -> bool:
    if hold is None:
        return True
    airborne = in_air(node.state, hold)
    if len(airborne) > 1 or hold.past_appeals:
        return False
    for kind in airborne:
        rules = definition.requests.get(kind)
        asked = {"asked"} if rules is not None and rules.role in BEGINNING else set()
        if rules is not None and hold.state not in rules.from_states | asked:
            return False
    return True


def _label(move: Move) -> str:
    return move.label or move.words
