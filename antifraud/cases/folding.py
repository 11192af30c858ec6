"""A flow with few enough nodes to be drawn: the rest of a tier becomes one node, and no amount is lost. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from antifraud.cases.flow import PENDING, Edge, Flow, Node

MOST_IN_A_TIER: Final = 12


def folded(flow: Flow, most: int = MOST_IN_A_TIER) -> Flow:
    """Return the flow with the accounts beyond the ``most`` of each tier as one node; no amount is lost by it.

    What is still sought stays in sight before what is settled, the larger sum before the smaller.
    """
    into: dict[str, str] = {}
    tiers = []
    for tier in flow.tiers:
        if len(tier) <= most:
            tiers.append(tier)
            continue
        ranked = sorted(tier, key=lambda node: (node.state not in PENDING, -(node.in_minor or 0)))
        kept, rest = ranked[: most - 1], ranked[most - 1 :]
        key = f"rest:{rest[0].tier}"
        into |= {node.key: key for node in rest}
        known = [node.in_minor for node in rest if node.in_minor is not None]
        tiers.append(
            (
                *sorted(kept, key=lambda node: -(node.in_minor or 0)),
                Node(
                    key=key,
                    tier=rest[0].tier,
                    state="rest",
                    in_minor=sum(known) if len(known) == len(rest) else None,
                    out_minor=sum(node.out_minor for node in rest),
                    held_minor=sum(node.held_minor for node in rest),
                    left_minor=None,
                    asset=rest[0].asset,
                    members=len(rest),
                    receipts=sum(node.receipts for node in rest),
                    in_circle=any(node.in_circle for node in rest),
                ),
            )
        )
    return replace(flow, tiers=tuple(tiers), edges=_rejoined(flow.edges, into))


def _rejoined(edges: Iterable[Edge], into: Mapping[str, str]) -> tuple[Edge, ...]:
    joined: dict[tuple[str, str, str | None], Edge] = {}
    for edge in edges:
        moved = replace(edge, source=into.get(edge.source, edge.source), target=into.get(edge.target, edge.target))
        key = (moved.source, moved.target, moved.asset)
        known = joined.get(key)
        if known is None:
            joined[key] = moved
            continue
        is_known = known.amount_minor is not None and moved.amount_minor is not None
        first, second = known.since_first, moved.since_first
        joined[key] = replace(
            known,
            amount_minor=(known.amount_minor or 0) + (moved.amount_minor or 0) if is_known else None,
            since_first=min(first, second) if first is not None and second is not None else first or second,
            count=known.count + moved.count,
            impossible=known.impossible + moved.impossible,
            after_order=known.after_order + moved.after_order,
        )
    return tuple(joined.values())
