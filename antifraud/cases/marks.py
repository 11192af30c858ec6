"""A case's payments as a trail: from where to where, and what time and circles say of them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from antifraud.cases.dossier import CLOCKS_DIFFER, Transfer
from workflows.money import Hop, after_order, circles, impossible
from workflows.state import Hold, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What stands out: ids of transfers that cannot be or came late, keys of nodes that money can come back to."""

    impossible: frozenset[str]
    after_order: frozenset[str]
    in_circle: frozenset[str]


def key_of(transfer: Transfer, own: Sequence[Hold]) -> str:
    """Return the node that a transfer goes to: the account of its hold, its lead, or one of its own."""
    for hold in own:
        found = hold.account_id or hold.lead_id
        if found is not None:
            return str(found)
    return str(transfer.payee_id or transfer.id)


def payer_key(transfer: Transfer) -> str:
    """Return the node that a transfer comes from; payers that nobody named are one."""
    return str(transfer.payer_id) if transfer.payer_id else f"unknown:{transfer.tier}"


def hops_of(counted: Iterable[Transfer], by_receipt: Mapping[UUID, Sequence[Hold]]) -> list[Hop]:
    """Return the transfers as hops between nodes."""
    return [
        Hop(
            id=str(one.id),
            source=payer_key(one),
            target=key_of(one, by_receipt.get(one.id, [])),
            amount=one.amount_minor,
            asset=one.asset,
            earliest_at=one.earliest_at,
            latest_at=one.latest_at,
        )
        for one in counted
    ]


def origins_of(counted: Iterable[Transfer]) -> frozenset[str]:
    """Return where the loss comes from: who paid in the first tier."""
    return frozenset(payer_key(one) for one in counted if one.tier == 1)


def marks_of(
    hops: Sequence[Hop],
    origins: frozenset[str],
    key_of_hold: Mapping[UUID, str],
    requests: Mapping[UUID, Request],
    tolerance: timedelta = CLOCKS_DIFFER,
) -> Marks:
    """Return what stands out; an order that was taken back is none."""
    ordered: dict[str, datetime] = {}
    for request in requests.values():
        key = key_of_hold.get(request.hold_id)
        if key is not None and request.stage != "withdrawn":
            ordered[key] = min(ordered.get(key, request.created_at), request.created_at)
    return Marks(
        impossible=impossible(hops, origins, tolerance=tolerance),
        after_order=after_order(hops, ordered),
        in_circle=frozenset(key for group in circles(hops) for key in group),
    )


def bridged(hops: Sequence[Hop], tiers: Mapping[str, int], counted: Iterable[Transfer]) -> Sequence[Hop]:
    """Return the trail in which payers that nobody saw receive anything are fed by every account of an earlier tier.

    Their money came some way from the loss, and by no more than there is of it.
    """
    unseen: dict[str, int] = {}
    for one in counted:
        payer = payer_key(one)
        if one.tier > 1 and payer not in tiers:
            unseen[payer] = max(unseen.get(payer, 0), one.tier)
    bridges = []
    for tier in sorted(set(unseen.values())):
        pool = f"before:{tier}"
        bridges += [
            Hop(id=f"{key}>{pool}", source=key, target=pool) for key, earlier in tiers.items() if earlier < tier
        ]
        bridges += [
            Hop(id=f"{pool}>{payer}", source=pool, target=payer) for payer, first in unseen.items() if first == tier
        ]
    return [*hops, *bridges] if bridges else hops
