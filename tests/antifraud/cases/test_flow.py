"""The money adds up to the loss, or what does not is said; folding loses nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from antifraud.cases import flow
from antifraud.cases.dossier import Transfer
from antifraud.cases.folding import MOST_IN_A_TIER, folded
from workflows.state import Hold, Request

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
VICTIM = UUID(int=1)
PENDING = sorted(flow.PENDING)
OVER = ["stopped", "frozen", "none", "released", "lapsed"]


def transfer(number: int, payer: UUID | None, payee: UUID, amount: int | None, tier: int) -> Transfer:
    return Transfer(
        id=UUID(int=10_000 + number),
        position=number,
        tier=tier,
        payer_id=payer,
        payee_id=payee,
        amount_minor=amount,
        asset="CNY",
        earliest_at=AT + timedelta(minutes=number),
        latest_at=AT + timedelta(minutes=number),
        precision="second",
        standing="claimed" if tier == 1 else "confirmed",
        report_id=None,
    )


def hold(of: Transfer, state: str, held: int = 0) -> Hold:
    return Hold(
        id=UUID(int=20_000 + of.position),
        account_id=of.payee_id,
        institution_id=UUID(int=7),
        lead_id=None,
        receipt_id=of.id,
        tier=of.tier,
        state=state,
        asset="CNY",
        traced_minor=of.amount_minor,
        held_minor=held,
        scope="whole",
        urgency="urgent",
        since=AT,
    )


def built(transfers: list[Transfer], holds: list[Hold], filing: str | None = None) -> flow.Flow:
    by_id: Mapping[UUID, Hold] = {one.id: one for one in holds}
    return flow.build(transfers, by_id, {}, filing=filing)


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Transfer], list[Hold]]:
    """Money that only moves: what goes on and what is held is never more than what came in."""
    transfers: list[Transfer] = []
    holds: list[Hold] = []
    front = []
    for _ in range(draw(st.integers(1, 4))):
        one = transfer(len(transfers), VICTIM, UUID(int=100 + len(transfers)), draw(st.integers(1, 10**9)), 1)
        transfers.append(one)
        front.append(one)
    while front:
        here = front.pop()
        rest = here.amount_minor or 0
        for _ in range(draw(st.integers(0, 3)) if here.tier < 4 else 0):
            if rest > 1:
                amount = draw(st.integers(1, rest))
                rest -= amount
                onward = transfer(len(transfers), here.payee_id, UUID(int=100 + len(transfers)), amount, here.tier + 1)
                transfers.append(onward)
                front.append(onward)
        state = draw(st.sampled_from([*PENDING, *OVER]))
        holds.append(hold(here, state, draw(st.integers(0, rest)) if state in {"stopped", "frozen"} else 0))
    return transfers, holds


@settings(deadline=None, max_examples=200)
@given(trees())
def test_money_that_only_moves_adds_up_to_the_loss(tree: tuple[list[Transfer], list[Hold]]) -> None:
    (money,) = built(*tree).money
    assert money.stopped + money.pursuit + money.gone == money.loss
    assert money.unclear == 0
    assert min(money.stopped, money.pursuit, money.gone) >= 0
    assert money.stopped == sum(one.held_minor for one in tree[1])


@settings(deadline=None, max_examples=200)
@given(trees(), st.data())
def test_whatever_is_told_the_parts_and_what_is_unclear_are_the_loss(
    tree: tuple[list[Transfer], list[Hold]], data: st.DataObject
) -> None:
    transfers, holds = tree
    twisted = [
        transfer(
            one.position,
            one.payer_id,
            data.draw(st.sampled_from([other.payee_id for other in transfers if other.payee_id])),
            data.draw(st.sampled_from([one.amount_minor, None, 1, 10**10])),
            one.tier,
        )
        for one in transfers
    ]
    for money in built(twisted, holds).money:
        assert money.stopped + money.pursuit + money.gone + money.unclear == money.loss


def test_a_bank_that_tells_of_more_than_came_in_leaves_something_to_be_checked() -> None:
    first = transfer(0, VICTIM, UUID(int=100), 10_000, 1)
    onward = transfer(1, UUID(int=100), UUID(int=101), 8_000, 2)
    (money,) = built([first, onward], [hold(first, "stopped", 5_000), hold(onward, "asked")]).money
    assert (money.stopped, money.pursuit, money.gone, money.unclear) == (5_000, 8_000, 0, -3_000)


def test_a_payment_without_an_amount_is_counted_and_not_guessed() -> None:
    known, unknown = transfer(0, VICTIM, UUID(int=100), 500, 1), transfer(1, VICTIM, UUID(int=101), None, 1)
    (money,) = built([known, unknown], [hold(known, "none"), hold(unknown, "asked")]).money
    assert (money.loss, money.gone, money.unknown) == (500, 500, 1)


def test_a_claim_that_was_wrong_is_no_loss_but_one_dropped_because_nobody_filed_is() -> None:
    one, other = transfer(0, VICTIM, UUID(int=100), 500, 1), transfer(1, VICTIM, UUID(int=101), 700, 1)
    holds = [hold(one, "stopped", 500), hold(other, "dropped")]
    assert built([one, other], holds).money[0].loss == 500
    assert built([one, other], holds, "declined").money[0].loss == 1_200


def test_a_node_says_what_became_of_it() -> None:
    first = transfer(0, VICTIM, UUID(int=100), 1_000, 1)
    onward = transfer(1, UUID(int=100), UUID(int=101), 1_000, 2)
    chart = built([first, onward], [hold(first, "none"), hold(onward, "stopped", 900)])
    (top,), (below,) = chart.tiers
    assert (top.state, top.out_minor, top.left_minor) == ("moved", 1_000, 0)
    assert (below.state, below.held_minor, below.left_minor) == ("stopped", 900, 100)
    assert chart.victims[0].out_minor == 1_000
    assert [edge.since_first for edge in chart.edges] == [timedelta(), timedelta(minutes=1)]


def test_more_than_twelve_accounts_of_a_tier_fold_without_losing_an_amount() -> None:
    first = transfer(0, VICTIM, UUID(int=99), 50_000, 1)
    onward = [transfer(n, UUID(int=99), UUID(int=100 + n), 100 * n, 2) for n in range(1, 31)]
    holds = [hold(first, "none"), *(hold(one, "asked" if one.position == 1 else "none") for one in onward)]
    whole = built([first, *onward], holds)
    small = folded(whole)
    assert len(small.tiers[1]) == MOST_IN_A_TIER
    rest = small.tiers[1][-1]
    assert rest.members == 30 - 11
    assert sum(node.in_minor or 0 for node in small.tiers[1]) == sum(node.in_minor or 0 for node in whole.tiers[1])
    assert sum(edge.amount_minor or 0 for edge in small.edges) == sum(edge.amount_minor or 0 for edge in whole.edges)
    assert "asked" in {node.state for node in small.tiers[1]}, "what is still sought stays in sight"
    assert small.money == whole.money


def test_money_that_two_banks_report_counts_once_and_the_rest_is_told_apart() -> None:
    first = transfer(0, VICTIM, UUID(int=100), 1_000, 1)
    onward = transfer(1, UUID(int=100), UUID(int=101), 1_000, 2)
    chart = built([first, onward], [hold(first, "stopped", 1_000), hold(onward, "stopped", 1_000)])
    (money,) = chart.money
    assert (money.loss, money.stopped, money.elsewhere) == (1_000, 1_000, 1_000)
    assert [node.held_minor for tier in chart.tiers for node in tier] == [1_000, 1_000], "each bank's word stands"


def test_money_in_a_circle_counts_once_and_the_circle_is_marked() -> None:
    first = transfer(0, VICTIM, UUID(int=100), 1_000, 1)
    there = transfer(1, UUID(int=100), UUID(int=101), 1_000, 2)
    back = transfer(2, UUID(int=101), UUID(int=100), 1_000, 3)
    chart = built([first, there, back], [hold(first, "stopped", 1_000), hold(back, "stopped", 1_000)])
    (money,) = chart.money
    assert (money.stopped, money.elsewhere) == (1_000, 1_000)
    nodes = [node for tier in chart.tiers for node in tier]
    assert [(node.receipts, node.in_circle) for node in nodes] == [(2, True), (1, True)]


def test_held_money_behind_a_payer_that_nobody_saw_paid_counts_within_the_loss() -> None:
    first = transfer(0, VICTIM, UUID(int=100), 1_000, 1)
    far = transfer(1, None, UUID(int=101), 5_000, 2)
    (money,) = built([first, far], [hold(first, "none"), hold(far, "stopped", 1_700)]).money
    assert (money.stopped, money.elsewhere) == (1_000, 700)


def test_a_hop_before_its_cause_is_marked_beyond_what_clocks_differ() -> None:
    first = transfer(10, VICTIM, UUID(int=100), 1_000, 1)
    within = transfer(8, UUID(int=100), UUID(int=101), 400, 2)
    before = transfer(7, UUID(int=100), UUID(int=102), 400, 2)
    chart = built([first, within, before], [hold(one, "none") for one in (first, within, before)])
    assert {edge.target[-3:]: edge.impossible for edge in chart.edges} == {"064": 0, "065": 0, "066": 1}
    assert not any(node.in_circle for tier in chart.tiers for node in tier)


def test_money_that_came_after_the_order_is_marked() -> None:
    first, later = transfer(0, VICTIM, UUID(int=100), 1_000, 1), transfer(9, VICTIM, UUID(int=100), 300, 1)
    holds = [hold(first, "stopped", 1_000), hold(later, "asked")]
    order = Request(
        id=UUID(int=30_000),
        hold_id=holds[0].id,
        kind="stop",
        stage="answered",
        urgency="urgent",
        scope="whole",
        asset="CNY",
        asked_minor=1_000,
        created_at=AT + timedelta(minutes=5),
    )
    taken_back = replace(order, id=UUID(int=30_001), stage="withdrawn", created_at=AT - timedelta(minutes=5))
    chart = flow.build(
        [first, later],
        {one.id: one for one in holds},
        {one.id: one for one in (order, taken_back)},
        filing=None,
    )
    (edge,) = chart.edges
    assert (edge.count, edge.after_order) == (2, 1)
    (node,) = chart.tiers[0]
    assert node.receipts == 2


def test_a_wrong_account_that_was_corrected_has_none_of_the_money() -> None:
    wrong, right = UUID(int=2), UUID(int=3)
    paid = transfer(1, VICTIM, right, 100, 1)
    void = replace(hold(paid, "stopped", 100), id=UUID(int=5), account_id=wrong, void="corrected")
    onward = transfer(2, wrong, UUID(int=4), 60, 2)
    whole = built([paid, onward], [void, hold(paid, "asked"), hold(onward, "asked")])
    assert [node.key for tier in whole.tiers for node in tier] == [str(right)]
    assert [node.key for node in whole.victims] == [str(VICTIM)]
    (money,) = whole.money
    assert (money.loss, money.stopped, money.pursuit) == (100, 0, 100)


def test_a_report_that_was_withdrawn_tells_of_no_loss() -> None:
    paid, other = transfer(1, VICTIM, UUID(int=2), 100, 1), transfer(2, VICTIM, UUID(int=3), 40, 1)
    (money,) = built([paid, other], [replace(hold(paid, "released"), void="withdrawn"), hold(other, "asked")]).money
    assert (money.loss, money.pursuit) == (40, 40)


def test_how_far_two_clocks_may_differ_decides_whether_a_payment_came_before_its_cause() -> None:
    first = transfer(10, VICTIM, UUID(int=2), 100, 1)
    onward = transfer(6, UUID(int=2), UUID(int=3), 60, 2)
    holds = {one.id: one for one in (hold(first, "asked"), hold(onward, "asked"))}

    def impossible(minutes: int) -> int:
        chart = flow.build([first, onward], holds, {}, filing=None, tolerance=timedelta(minutes=minutes))
        return sum(edge.impossible for edge in chart.edges)

    assert (impossible(2), impossible(4), impossible(7)) == (1, 0, 0)
