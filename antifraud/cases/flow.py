"""Where the money went, by tiers, and what became of it: stopped, in pursuit, not stopped. Pure.

The three sums are made apart from each other, account by account: what came
in, less what is held there and what is known to have left. Where they do not
add up to the loss the rest is `unclear`, shown and never hidden: an amount
that nobody knows, money that a bank reports twice, an account nobody asked
about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from antifraud.cases.dossier import Transfer
from workflows.state import Hold, Request

MOST_IN_A_TIER: Final = 12
PENDING: Final = frozenset({"unconfirmed", "asked", "in_question", "queued_behind"})
"""Hold states in which the money is still sought."""
_BY_WEIGHT: Final = (
    *("in_question", "unconfirmed", "asked", "queued_behind", "frozen", "stopped", "returned"),
    *("none", "released", "lapsed", "dropped"),
)
_ANSWERED: Final = ("stop", "second_stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One account (or lead) at the first tier that it stands in; `key` is its id, `rest:<tier>` of folded ones.

    `state` is the weightiest of its holds' states, `moved` where nothing was
    left and the money is known to have gone on, `unasked` where it has no
    hold, `victim` where the money came from. `left_minor` is what came in,
    is not held and is not known to have left; None where it cannot be told.
    """

    key: str
    tier: int
    state: str
    in_minor: int | None
    out_minor: int
    held_minor: int
    left_minor: int | None
    asset: str | None
    holds: tuple[UUID, ...] = ()
    request_id: UUID | None = None
    is_late: bool = False
    took: timedelta | None = None
    due_at: datetime | None = None
    members: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Money from one node to another; several transfers are one line, the time is that of the first."""

    source: str
    target: str
    amount_minor: int | None
    asset: str | None
    at: datetime | None
    since_first: timedelta | None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What became of the loss in one asset; `stopped + pursuit + gone + unclear` is the loss, always.

    `unknown` counts the reported payments whose amount nobody knows.
    """

    asset: str
    loss: int
    stopped: int
    pursuit: int
    gone: int
    unclear: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The money's way: the victim's accounts, then one tuple a tier."""

    victims: tuple[Node, ...]
    tiers: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]
    money: tuple[Money, ...]
    first_at: datetime | None

    def node(self, key: str) -> Node | None:
        """Return the node of that key."""
        return next((node for column in (self.victims, *self.tiers) for node in column if node.key == key), None)


@dataclass(slots=True)
class _Account:
    """The sums of one node while they are made."""

    key: str
    tier: int
    asset: str | None
    came_in: int = 0
    knows_in: bool = True
    out: int = 0
    holds: list[Hold] = field(default_factory=list)
    returned: int = 0

    @property
    def held(self) -> int:
        return sum(hold.held_minor for hold in self.holds)

    @property
    def left(self) -> int | None:
        return self.came_in - self.held - self.returned - self.out if self.knows_in else None

    @property
    def sought(self) -> int:
        """Return what the holds that still wait were traced for."""
        return sum(hold.traced_minor or 0 for hold in self.holds if hold.state in PENDING)

    @property
    def state(self) -> str:
        states = {hold.state for hold in self.holds}
        found = next((state for state in _BY_WEIGHT if state in states), "unasked")
        return "moved" if found == "none" and self.out else found


def build(
    transfers: Sequence[Transfer], holds: Mapping[UUID, Hold], requests: Mapping[UUID, Request], *, filing: str | None
) -> Flow:
    """Return the flow of a case as it stands.

    A claim that a person dropped as wrong is no loss; where the authority
    declined to file, what was dropped for that stays one.
    """
    by_receipt: dict[UUID, list[Hold]] = {}
    for hold in holds.values():
        if hold.receipt_id is not None:
            by_receipt.setdefault(hold.receipt_id, []).append(hold)
    counted: list[Transfer] = []
    dropped: list[Transfer] = []
    for transfer in transfers:
        own = by_receipt.get(transfer.id, [])
        if transfer.asset is None and own:
            transfer = replace(transfer, asset=own[0].asset)  # noqa: PLW2901 - the claim says in what it is counted
        is_wrong = filing != "declined" and bool(own) and all(hold.state == "dropped" for hold in own)
        if transfer.tier > 0:
            (dropped if is_wrong else counted).append(transfer)
    accounts = _accounts(counted, dropped, by_receipt, requests)
    first_at = min((one.earliest_at for one in counted if one.earliest_at and one.tier == 1), default=None)
    victims = _victims(counted, accounts)
    nodes = [_node(account, requests) for account in accounts.values()]
    deepest = max((node.tier for node in nodes), default=0)
    tiers = tuple(
        tuple(sorted((node for node in nodes if node.tier == tier), key=lambda node: -(node.in_minor or 0)))
        for tier in range(1, deepest + 1)
    )
    edges = _edges([*counted, *dropped], by_receipt, first_at)
    return Flow(victims=victims, tiers=tiers, edges=edges, money=_money(counted, accounts.values()), first_at=first_at)


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


def _accounts(
    counted: Iterable[Transfer],
    dropped: Iterable[Transfer],
    by_receipt: Mapping[UUID, list[Hold]],
    requests: Mapping[UUID, Request],
) -> dict[str, _Account]:
    accounts: dict[str, _Account] = {}
    seen: set[UUID] = set()
    for is_counted, group in ((True, counted), (False, dropped)):
        for transfer in group:
            own = by_receipt.get(transfer.id, [])
            key = key_of(transfer, own)
            account = accounts.setdefault(key, _Account(key, transfer.tier, transfer.asset))
            account.tier = min(account.tier, transfer.tier)
            if is_counted and (transfer.amount_minor is None or transfer.asset != account.asset):
                account.knows_in = False  # nothing is added to what it cannot be added to
            elif is_counted:
                account.came_in += transfer.amount_minor or 0
            account.holds += [hold for hold in own if hold.id not in seen]
            seen |= {hold.id for hold in own}
    for transfer in counted:
        payer = accounts.get(payer_key(transfer))
        if payer is not None and transfer.asset == payer.asset:
            payer.out += transfer.amount_minor or 0
    for account in accounts.values():
        returned = {hold.id for hold in account.holds if hold.state == "returned"}
        account.returned = sum(
            (request.executed_minor if request.executed_minor is not None else request.asked_minor) or 0
            for request in requests.values()
            if request.kind == "return" and request.outcome is not None and request.hold_id in returned
        )
    return accounts


def _victims(counted: Sequence[Transfer], accounts: Mapping[str, _Account]) -> tuple[Node, ...]:
    paid: dict[str, int] = {}
    assets: dict[str, str | None] = {}
    for transfer in counted:
        key = payer_key(transfer)
        if key not in accounts:
            paid[key] = paid.get(key, 0) + (transfer.amount_minor or 0)
            assets.setdefault(key, transfer.asset)
    return tuple(
        Node(
            key=key,
            tier=0,
            state="victim",
            in_minor=None,
            out_minor=amount,
            held_minor=0,
            left_minor=None,
            asset=assets[key],
        )
        for key, amount in sorted(paid.items(), key=lambda item: -item[1])
    )


def _node(account: _Account, requests: Mapping[UUID, Request]) -> Node:
    ids = {hold.id for hold in account.holds}
    own = sorted(
        (request for request in requests.values() if request.hold_id in ids),
        key=lambda request: (request.created_at, request.id),
    )
    waiting = [request for request in own if request.stage not in {"answered", "withdrawn"}]
    answered = [request for request in own if request.kind in _ANSWERED and request.answered_at is not None]
    shown = waiting[-1] if waiting else own[-1] if own else None
    took = None
    if answered and answered[-1].answered_at is not None:
        took = answered[-1].answered_at - (answered[-1].delivered_at or answered[-1].created_at)
    return Node(
        key=account.key,
        tier=account.tier,
        state=account.state,
        in_minor=account.came_in if account.knows_in else None,
        out_minor=account.out,
        held_minor=account.held,
        left_minor=account.left,
        asset=account.asset,
        holds=tuple(hold.id for hold in account.holds),
        request_id=shown.id if shown else None,
        is_late=any(request.late for request in waiting),
        took=took,
        due_at=min((request.answer_due_at for request in waiting if request.answer_due_at), default=None),
    )


def _edges(
    transfers: Iterable[Transfer], by_receipt: Mapping[UUID, list[Hold]], first_at: datetime | None
) -> tuple[Edge, ...]:
    edges: dict[tuple[str, str, str | None], Edge] = {}
    for transfer in transfers:
        source, target = payer_key(transfer), key_of(transfer, by_receipt.get(transfer.id, []))
        at = transfer.earliest_at
        known = edges.get((source, target, transfer.asset))
        if known is None:
            edges[source, target, transfer.asset] = Edge(
                source=source,
                target=target,
                amount_minor=transfer.amount_minor,
                asset=transfer.asset,
                at=at,
                since_first=_since(at, first_at),
            )
            continue
        is_known = known.amount_minor is not None and transfer.amount_minor is not None
        earliest = min((one for one in (known.at, at) if one is not None), default=None)
        edges[source, target, transfer.asset] = replace(
            known,
            amount_minor=(known.amount_minor or 0) + (transfer.amount_minor or 0) if is_known else None,
            at=earliest,
            since_first=_since(earliest, first_at),
            count=known.count + 1,
        )
    return tuple(edges.values())


def _since(at: datetime | None, first_at: datetime | None) -> timedelta | None:
    return at - first_at if at is not None and first_at is not None else None


def _money(counted: Sequence[Transfer], accounts: Iterable[_Account]) -> tuple[Money, ...]:
    sums: dict[str, dict[str, int]] = {}
    for transfer in counted:
        if transfer.tier == 1 and transfer.asset is not None:
            own = sums.setdefault(transfer.asset, dict.fromkeys(("loss", "stopped", "pursuit", "gone", "unknown"), 0))
            own["loss"] += transfer.amount_minor or 0
            own["unknown"] += transfer.amount_minor is None
    for account in accounts:
        if account.asset not in sums:
            continue
        own = sums[account.asset]
        own["stopped"] += account.held + account.returned
        left = account.left
        if left is not None and left > 0 and account.holds:
            sought = min(left, account.sought)
            own["pursuit"] += sought
            own["gone"] += left - sought
    return tuple(
        Money(
            asset=asset,
            loss=own["loss"],
            stopped=own["stopped"],
            pursuit=own["pursuit"],
            gone=own["gone"],
            unclear=own["loss"] - own["stopped"] - own["pursuit"] - own["gone"],
            unknown=own["unknown"],
        )
        for asset, own in sorted(sums.items(), key=lambda item: -item[1]["loss"])
    )


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
        )
    return tuple(joined.values())
