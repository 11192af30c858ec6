"""Where the money went, by tiers, and what became of it: stopped, in pursuit, not stopped. Pure.

The three sums are made apart from each other, account by account: what came
in, less what is held there and what is known to have left. Where they do not
add up to the loss the rest is `unclear`, shown and never hidden: an amount
that nobody knows, an account nobody asked about. Money that is reported twice
(by the account it left and the one it reached, or after a circle) counts once,
where it rests last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from antifraud.cases.dossier import CLOCKS_DIFFER, Transfer
from antifraud.cases.marks import Marks, bridged, hops_of, key_of, marks_of, origins_of, payer_key
from workflows.engine.corrections import CORRECTED, WITHDRAWN
from workflows.money import Hop, at_rest
from workflows.state import Hold, Request

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
    `receipts` counts the payments that came in, `in_circle` tells that money
    can have come back to it.
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
    receipts: int = 0
    in_circle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Money from one node to another; several transfers are one line, the time is that of the first.

    `impossible` and `after_order` count those of them that left before their
    money can have come, and those that came after their account's stop was ordered.
    """

    source: str
    target: str
    amount_minor: int | None
    asset: str | None
    at: datetime | None
    since_first: timedelta | None
    count: int = 1
    impossible: int = 0
    after_order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What became of the loss in one asset; `stopped + pursuit + gone + unclear` is the loss, always.

    `unknown` counts the reported payments whose amount nobody knows.
    `elsewhere` is what banks report as held beyond `stopped`: it is counted
    at another account, or never came from this loss.
    """

    asset: str
    loss: int
    stopped: int
    pursuit: int
    gone: int
    unclear: int
    unknown: int
    elsewhere: int = 0


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
    receipts: int = 0

    @property
    def kept(self) -> int:
        """Return what is held here or was given back from here."""
        return self.held + self.returned

    @property
    def held(self) -> int:
        return sum(hold.held_minor for hold in self.holds)

    @property
    def left(self) -> int | None:
        return self.came_in - self.kept - self.out if self.knows_in else None

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
    transfers: Sequence[Transfer],
    holds: Mapping[UUID, Hold],
    requests: Mapping[UUID, Request],
    *,
    filing: str | None,
    tolerance: timedelta = CLOCKS_DIFFER,
) -> Flow:
    """Return the flow of a case as it stands.

    A claim that a person dropped as wrong is no loss, nor is one whose report
    was withdrawn; where the authority declined to file, what was dropped for
    that stays one. A wrong account that was corrected never had the money:
    neither what is held there nor what went on from there is any of it.
    ``tolerance`` is how far the clocks of two institutions may differ.
    """
    by_receipt: dict[UUID, list[Hold]] = {}
    for hold in holds.values():
        if hold.receipt_id is not None and hold.void != CORRECTED:
            by_receipt.setdefault(hold.receipt_id, []).append(hold)
    right = {hold.account_id for own in by_receipt.values() for hold in own}
    wrong = {hold.account_id for hold in holds.values() if hold.void == CORRECTED} - right
    counted: list[Transfer] = []
    dropped: list[Transfer] = []
    for transfer in transfers:
        own = by_receipt.get(transfer.id, [])
        if transfer.asset is None and own:
            transfer = replace(transfer, asset=own[0].asset)  # noqa: PLW2901 - the claim says in what it is counted
        is_wrong = filing != "declined" and bool(own) and all(_is_wrong(hold) for hold in own)
        if transfer.tier > 0 and (transfer.payer_id is None or transfer.payer_id not in wrong):
            (dropped if is_wrong else counted).append(transfer)
    accounts = _accounts(counted, dropped, by_receipt, requests)
    first_at = min((one.earliest_at for one in counted if one.earliest_at and one.tier == 1), default=None)
    hops = hops_of(counted, by_receipt)
    key_of_hold = {hold.id: key for key, account in accounts.items() for hold in account.holds}
    marks = marks_of(hops, origins_of(counted), key_of_hold, requests, tolerance)
    victims = _victims(counted, accounts)
    nodes = [_node(one, requests, marks) for one in accounts.values()]
    deepest = max((node.tier for node in nodes), default=0)
    tiers = tuple(
        tuple(sorted((node for node in nodes if node.tier == tier), key=lambda node: -(node.in_minor or 0)))
        for tier in range(1, deepest + 1)
    )
    edges = _edges([*counted, *dropped], by_receipt, first_at, marks)
    money = _money(counted, list(accounts.values()), hops)
    return Flow(victims=victims, tiers=tiers, edges=edges, money=money, first_at=first_at)


def _is_wrong(hold: Hold) -> bool:
    return hold.state == "dropped" or hold.void == WITHDRAWN


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
            account.receipts += is_counted
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
            if request.purpose == "return" and request.outcome is not None and request.hold_id in returned
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


def _node(account: _Account, requests: Mapping[UUID, Request], marks: Marks) -> Node:
    ids = {hold.id for hold in account.holds}
    own = sorted(
        (request for request in requests.values() if request.hold_id in ids),
        key=lambda request: (request.created_at, request.id),
    )
    waiting = [request for request in own if request.stage not in {"answered", "withdrawn"}]
    answered = [request for request in own if request.purpose in _ANSWERED and request.answered_at is not None]
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
        receipts=account.receipts,
        in_circle=account.key in marks.in_circle,
        holds=tuple(hold.id for hold in account.holds),
        request_id=shown.id if shown else None,
        is_late=any(request.late for request in waiting),
        took=took,
        due_at=min((request.answer_due_at for request in waiting if request.answer_due_at), default=None),
    )


def _edges(
    transfers: Iterable[Transfer],
    by_receipt: Mapping[UUID, list[Hold]],
    first_at: datetime | None,
    marks: Marks,
) -> tuple[Edge, ...]:
    edges: dict[tuple[str, str, str | None], Edge] = {}
    for transfer in transfers:
        is_impossible, is_after = str(transfer.id) in marks.impossible, str(transfer.id) in marks.after_order
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
                impossible=int(is_impossible),
                after_order=int(is_after),
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
            impossible=known.impossible + is_impossible,
            after_order=known.after_order + is_after,
        )
    return tuple(edges.values())


def _since(at: datetime | None, first_at: datetime | None) -> timedelta | None:
    return at - first_at if at is not None and first_at is not None else None


def _money(counted: Sequence[Transfer], accounts: Sequence[_Account], hops: Sequence[Hop]) -> tuple[Money, ...]:
    sums: dict[str, dict[str, int]] = {}
    for transfer in counted:
        if transfer.tier == 1 and transfer.asset is not None:
            own = sums.setdefault(transfer.asset, dict.fromkeys(("loss", "stopped", "pursuit", "gone", "unknown"), 0))
            own["loss"] += transfer.amount_minor or 0
            own["unknown"] += transfer.amount_minor is None
    told = dict.fromkeys(sums, 0)
    for account in accounts:
        if account.asset not in sums:
            continue
        own = sums[account.asset]
        told[account.asset] += account.kept
        left = account.left
        if left is not None and left > 0 and account.holds:
            sought = min(left, account.sought)
            own["pursuit"] += sought
            own["gone"] += left - sought
    trail = bridged(hops, {account.key: account.tier for account in accounts}, counted)
    origins = origins_of(counted)
    for asset, own in sums.items():
        kept = {one.key: amount for one in accounts if one.asset == asset and (amount := one.kept)}
        own["stopped"] = at_rest(asset, trail, kept, origins).total
    return tuple(
        Money(
            asset=asset,
            loss=own["loss"],
            stopped=own["stopped"],
            pursuit=own["pursuit"],
            gone=own["gone"],
            unclear=own["loss"] - own["stopped"] - own["pursuit"] - own["gone"],
            unknown=own["unknown"],
            elsewhere=told[asset] - own["stopped"],
        )
        for asset, own in sorted(sums.items(), key=lambda item: -item[1]["loss"])
    )
