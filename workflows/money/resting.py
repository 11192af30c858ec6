"""Each unit of the loss counted once, where it rests last.

Banks report holds account by account. Money that went in a circle, came to an
account twice, or is reported by the account it left and by the one it reached
would be counted twice. So the trail is taken as a network: the loss flows in
from the victims, a hop carries at most its amount, an account keeps at most
what is held there. What counts is the most that can rest in holds at the same
time (a maximum flow), and the account furthest from the victim keeps its part
before the nearer one: the last resting place.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workflows.money.hops import Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """The held money of one asset, each unit once.

    `counted` has what counts of each account's holds; `elsewhere` what does
    not: the same money is counted at another account, or it never came from
    this loss. `counted + elsewhere` is what the institutions report.
    """

    asset: str
    counted: Mapping[str, int]
    elsewhere: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return the held part of the loss."""
        return sum(self.counted.values())


@dataclass(slots=True)
class _Network:
    """Arcs in pairs: arc `i` and its way back `i ^ 1`."""

    to: list[int] = field(default_factory=list)
    room: list[int] = field(default_factory=list)
    out: list[list[int]] = field(default_factory=list)
    numbers: dict[tuple[int, str], int] = field(default_factory=dict)

    def number(self, place: tuple[int, str]) -> int:
        found = self.numbers.get(place)
        if found is None:
            found = self.numbers[place] = len(self.out)
            self.out.append([])
        return found

    def join(self, source: int, target: int, room: int) -> int:
        arc = len(self.to)
        self.to += [target, source]
        self.room += [room, 0]
        self.out[source].append(arc)
        self.out[target].append(arc + 1)
        return arc


def at_rest(asset: str, hops: Iterable[Hop], kept: Mapping[str, int], origins: Iterable[str]) -> Resting:
    """Return what counts of the money that is kept in one asset, each unit once.

    Args:
        asset: Only hops in this asset carry, and those whose asset nobody knows.
        hops: The trail. A hop whose amount nobody knows carries any.
        kept: What each account keeps of the money as told: held there, or given back from there.
        origins: Where the loss comes from: the victims' accounts. What comes back to one rests there.

    Raises:
        ValueError: An amount is negative.
    """
    carrying = [hop for hop in hops if hop.asset in {asset, None} and hop.source != hop.target]
    if any(amount < 0 for amount in kept.values()) or any((hop.amount or 0) < 0 for hop in carrying):
        msg = "an amount is negative"
        raise ValueError(msg)
    first = frozenset(origins)
    counted = kept if _is_plain(carrying, kept, first) else _most(carrying, kept, first)
    return Resting(
        asset=asset,
        counted={place: counted.get(place, 0) for place in kept},
        elsewhere={place: kept[place] - counted.get(place, 0) for place in kept},
    )


def _is_plain(hops: Sequence[Hop], kept: Mapping[str, int], origins: frozenset[str]) -> bool:
    """Tell whether every account has room for what left it and what it keeps: then the hops as told are the flow."""
    room: dict[str, int] = {}
    for hop in hops:
        if hop.amount is None:
            return False
        room[hop.target] = room.get(hop.target, 0) + hop.amount
        if hop.source not in origins:
            room[hop.source] = room.get(hop.source, 0) - hop.amount
    return all(left >= kept.get(place, 0) for place, left in room.items()) and all(
        place in room for place, amount in kept.items() if amount
    )


def _most(hops: Sequence[Hop], kept: Mapping[str, int], origins: frozenset[str]) -> dict[str, int]:
    """Fill the accounts by maximum flow, the furthest first: what they have they keep, whatever comes after."""
    network = _Network()
    start, end = network.number((0, "")), network.number((1, ""))
    plenty = sum(kept.values())
    room: dict[tuple[str, str], int] = {}
    for hop in hops:
        pair = (hop.source, hop.target)
        room[pair] = room.get(pair, 0) + (plenty if hop.amount is None else hop.amount)
    for (source, target), amount in sorted(room.items()):
        payer = start if source in origins else network.number((2, source))
        network.join(payer, network.number((2, target)), min(amount, plenty))
    by_depth: dict[int, list[str]] = {}
    for place, depth in _depths(hops, origins).items():
        if kept.get(place):
            by_depth.setdefault(depth, []).append(place)
    arcs: dict[str, int] = {}
    for depth in sorted(by_depth, reverse=True):
        for place in sorted(by_depth[depth]):
            arcs[place] = network.join(network.number((2, place)), end, kept[place])
        _fill(network, start, end)
    return {place: network.room[arc ^ 1] for place, arc in arcs.items()}


def _depths(hops: Sequence[Hop], origins: frozenset[str]) -> dict[str, int]:
    """Return how many hops each account is from the nearest origin; an origin that is paid is as far as that hop."""
    onward: dict[str, list[str]] = {}
    for hop in hops:
        onward.setdefault(hop.source, []).append(hop.target)
    depths: dict[str, int] = {}
    waiting = deque((place, 0) for place in sorted(origins))
    while waiting:
        place, depth = waiting.popleft()
        for target in onward.get(place, ()):
            if target not in depths:
                depths[target] = depth + 1
                waiting.append((target, depth + 1))
    return depths


def _fill(network: _Network, start: int, end: int) -> None:
    """Dinic's algorithm, without recursion: a trail may be thousands of hops long."""
    while (levels := _levels(network, start, end)) is not None:
        following = [0] * len(network.out)
        while path := _path(network, levels, following, start, end):
            amount = min(network.room[arc] for arc in path)
            for arc in path:
                network.room[arc] -= amount
                network.room[arc ^ 1] += amount


def _levels(network: _Network, start: int, end: int) -> list[int] | None:
    levels = [-1] * len(network.out)
    levels[start] = 0
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        for arc in network.out[place]:
            target = network.to[arc]
            if network.room[arc] and levels[target] < 0:
                levels[target] = levels[place] + 1
                waiting.append(target)
    return levels if levels[end] >= 0 else None


def _path(network: _Network, levels: list[int], following: list[int], start: int, end: int) -> list[int]:
    path: list[int] = []
    place = start
    while place != end:
        arcs = network.out[place]
        while following[place] < len(arcs):
            arc = arcs[following[place]]
            if network.room[arc] and levels[network.to[arc]] == levels[place] + 1:
                path.append(arc)
                place = network.to[arc]
                break
            following[place] += 1
        else:
            if not path:
                return []
            place = network.to[path.pop() ^ 1]
            following[place] += 1
    return path
