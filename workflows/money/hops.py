"""Payments between accounts: which came before their cause, which go in a circle, which came after the order."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Money from one place to another, in minor units; None where the amount, the asset or the time is not known."""

    id: str
    source: str
    target: str
    amount: int | None = None
    asset: str | None = None
    earliest_at: datetime | None = None
    latest_at: datetime | None = None


def impossible(hops: Iterable[Hop], origins: Iterable[str], *, tolerance: timedelta = timedelta(0)) -> frozenset[str]:
    """Return the hops that left before the money can have come: their latest instant lies before its earliest.

    The money reaches an account by its quickest way; times that are not known
    are no obstacle. What leaves an origin, or an account that nothing in the
    trail pays, has no cause here and is never impossible.

    Args:
        hops: The trail, in any order; circles are allowed.
        origins: Where the money comes from: the victims' accounts, also where money came back to them.
        tolerance: How far the clocks of two institutions may differ.
    """
    leaving: dict[str, list[Hop]] = {}
    paid: set[str] = set()
    for hop in hops:
        leaving.setdefault(hop.source, []).append(hop)
        if hop.source != hop.target:
            paid.add(hop.target)
    came = _arrivals(leaving, {*origins, *(set(leaving) - paid)})
    found = set()
    for source, out in leaving.items():
        earliest = came.get(source)
        if earliest is not None:
            found |= {hop.id for hop in out if hop.latest_at is not None and hop.latest_at + tolerance < earliest}
    return frozenset(found)


def _arrivals(leaving: Mapping[str, list[Hop]], origins: Iterable[str]) -> dict[str, datetime | None]:
    """Return when the money can first have been at each place; None where nothing bounds it.

    A hop before its cause still tells when its own money arrived: each hop is
    measured against its own cause, and a wrong time is blamed once.
    """
    came: dict[str, datetime | None] = {}
    # Of places reached at one instant the smaller name goes first: the order of the hops decides nothing.
    heap: list[tuple[bool, datetime | None, str]] = sorted((False, None, place) for place in set(origins))
    while heap:
        _, at, place = heapq.heappop(heap)
        if place in came:
            continue
        came[place] = at
        for hop in leaving.get(place, ()):
            if hop.target in came:
                continue
            is_before_cause = at is not None and hop.latest_at is not None and hop.latest_at < at
            known = [one for one in (None if is_before_cause else at, hop.earliest_at) if one is not None]
            then = max(known, default=None)
            heapq.heappush(heap, (then is not None, then, hop.target))
    return came


def circles(hops: Iterable[Hop]) -> tuple[frozenset[str], ...]:
    """Return the groups of accounts between which money can come back to where it was, the largest first.

    An account that pays itself is a group of one.
    """
    onward: dict[str, list[str]] = {}
    own: set[str] = set()
    for hop in hops:
        onward.setdefault(hop.source, []).append(hop.target)
        onward.setdefault(hop.target, [])
        if hop.source == hop.target:
            own.add(hop.source)
    groups = [group for group in _components(onward) if len(group) > 1 or group <= own]
    return tuple(sorted(groups, key=lambda group: (-len(group), min(group))))


def _components(onward: Mapping[str, list[str]]) -> Iterator[frozenset[str]]:
    """Tarjan's strongly connected components, without recursion: a trail may be thousands of hops long."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in onward:
        if root in index:
            continue
        path: list[tuple[str, Iterator[str]]] = [(root, iter(onward[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while path:
            place, targets = path[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    path.append((target, iter(onward[target])))
                    break
                if target in on_stack:
                    low[place] = min(low[place], index[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[place])
                if low[place] == index[place]:
                    group = set()
                    while place not in group:
                        group.add(stack.pop())
                    on_stack -= group
                    yield frozenset(group)


def after_order(hops: Iterable[Hop], ordered_at: Mapping[str, datetime]) -> frozenset[str]:
    """Return the hops whose money came to an account after its stop was ordered: later in any case, not perhaps.

    Args:
        hops: The trail.
        ordered_at: When the first order for each account was given.
    """
    return frozenset(
        hop.id
        for hop in hops
        if hop.earliest_at is not None and hop.target in ordered_at and hop.earliest_at > ordered_at[hop.target]
    )


def again(hops: Iterable[Hop]) -> Mapping[str, tuple[str, ...]]:
    """Return the accounts that were paid more than once, with the hops in the order of their times, unknown last."""
    into: dict[str, list[Hop]] = {}
    for hop in hops:
        into.setdefault(hop.target, []).append(hop)
    return {
        target: tuple(
            hop.id
            for hop in sorted(
                arrived,
                key=lambda hop: (
                    hop.earliest_at is None,
                    hop.earliest_at.timestamp() if hop.earliest_at else 0,
                    hop.id,
                ),
            )
        )
        for target, arrived in into.items()
        if len(arrived) > 1
    }
