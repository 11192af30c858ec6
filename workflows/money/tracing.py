"""Whose money left a mixed account, and whose is still there, under a stated presumption.

`fifo`: what came in first left first. `lifo`: what came in last left first.
`pro_rata`: each payment out took from all that lay there in proportion. It is
a presumption of law, never a fact: which one applies a person decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from workflows.money.division import Share, in_order, in_proportion

Method = Literal["fifo", "lifo", "pro_rata"]
METHODS: Final[tuple[Method, ...]] = ("fifo", "lifo", "pro_rata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money in or out of the account, somewhere between two instants; minor units of one asset."""

    id: str
    amount: int
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What became of each payment in.

    `left` is what still lies there of each. `taken` says from which payments
    in each payment out was made. `unfunded` is what left beyond all that is
    known to have come in: other money, or a payment in that nobody told.
    `uncertain` are payments out whose order against another movement the
    known instants do not settle, so that the result may be another.
    """

    method: Method
    left: Mapping[str, int]
    taken: Mapping[str, Mapping[str, int]]
    unfunded: Mapping[str, int]
    uncertain: tuple[str, ...]


def trace(method: Method, came: Iterable[Movement], went: Iterable[Movement]) -> Tracing:
    """Follow the payments in one after the other; at the same instant money comes in before it goes out.

    A payment in is taken to have come at its earliest instant, one out to
    have left at its latest: nothing leaves before it can have come.

    Args:
        method: The presumption.
        came: What arrived, also what others paid: it takes its part.
        went: What left.

    Raises:
        ValueError: An amount is negative, two movements have one id, or there is no such method.
    """
    if method not in METHODS:
        msg = f"{method!r} is no method; there are {', '.join(METHODS)}"
        raise ValueError(msg)
    into, out = list(came), list(went)
    _check(into, out)
    steps = sorted(
        [(move.earliest_at, 0, move.id, move) for move in into] + [(move.latest_at, 1, move.id, move) for move in out],
        key=lambda step: step[:3],
    )
    left: dict[str, int] = {}
    there: list[Share] = []  # what came in so far, the earlier first
    taken: dict[str, dict[str, int]] = {}
    unfunded: dict[str, int] = {}
    for at, goes, key, move in steps:
        if not goes:
            left[key] = move.amount
            there.append(Share(id=key, amount=move.amount, at=at))
            continue
        sources = [Share(id=share.id, amount=left[share.id], at=share.at) for share in there if left[share.id]]
        paid = min(move.amount, sum(share.amount for share in sources))
        parts = _take(method, paid, sources)
        for source, part in parts.items():
            left[source] -= part
        taken[key] = {source: part for source, part in parts.items() if part}
        if paid < move.amount:
            unfunded[key] = move.amount - paid
    return Tracing(method=method, left=left, taken=taken, unfunded=unfunded, uncertain=_uncertain(into, out))


def _check(into: list[Movement], out: list[Movement]) -> None:
    both = [*into, *out]
    if any(move.amount < 0 for move in both):
        msg = "an amount is negative"
        raise ValueError(msg)
    if len({move.id for move in both}) != len(both):
        msg = "two movements have the same id"
        raise ValueError(msg)
    if any(move.earliest_at > move.latest_at for move in both):
        msg = "a movement ends before it begins"
        raise ValueError(msg)


def _take(method: Method, paid: int, sources: list[Share]) -> dict[str, int]:
    match method:
        case "fifo":
            return in_order(paid, sources)
        case "lifo":
            return in_order(paid, reversed(sources))
        case "pro_rata":
            return in_proportion(paid, sources)


def _uncertain(into: list[Movement], out: list[Movement]) -> tuple[str, ...]:
    """Return the payments out that may have left before or after another movement; a point in time is no doubt."""
    unsettled = []
    for move in out:
        others = [*into, *(one for one in out if one.id != move.id)]
        if any(
            one.earliest_at < move.latest_at and move.earliest_at < one.latest_at
            for one in others
            if one.earliest_at < one.latest_at or move.earliest_at < move.latest_at
        ):
            unsettled.append(move.id)
    return tuple(sorted(unsettled))
