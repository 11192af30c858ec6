"""Tracing of mixed money and its division: whole units, no order of input, and a slow second opinion."""

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.trails import at
from workflows.money import (
    METHODS,
    RULES,
    Allocation,
    Method,
    Movement,
    Rule,
    Share,
    in_proportion,
    propose_allocation,
    trace,
)


def movement(key: str, amount: int, minute: int, to: int | None = None) -> Movement:
    return Movement(id=key, amount=amount, earliest_at=at(minute), latest_at=at(minute if to is None else to))


@st.composite
def mixed(draw: st.DrawFn) -> tuple[list[Movement], list[Movement]]:
    amounts = st.integers(0, 12)
    came = [movement(f"in{n}", draw(amounts), draw(st.integers(0, 9))) for n in range(draw(st.integers(0, 6)))]
    went = [movement(f"out{n}", draw(amounts), draw(st.integers(0, 9))) for n in range(draw(st.integers(0, 6)))]
    return came, went


def unit_by_unit(
    method: Method, came: list[Movement], went: list[Movement]
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Follow each unit as a coin in a row: the next coin out is the first or the last of the row."""
    row: list[str] = []
    taken: dict[str, dict[str, int]] = {one.id: {} for one in went}
    for minute in range(11):
        for one in sorted(came, key=lambda one: one.id):
            if one.earliest_at == at(minute):
                row += [one.id] * one.amount
        for one in sorted(went, key=lambda one: one.id):
            if one.latest_at != at(minute):
                continue
            for _ in range(one.amount):
                if not row:
                    break
                coin = row.pop(0) if method == "fifo" else row.pop()
                taken[one.id][coin] = taken[one.id].get(coin, 0) + 1
    return {one.id: row.count(one.id) for one in came}, taken


@given(mixed(), st.sampled_from(["fifo", "lifo"]))
def test_fifo_and_lifo_agree_with_coins_in_a_row(moves: tuple[list[Movement], list[Movement]], method: Method) -> None:
    came, went = moves
    left, taken = unit_by_unit(method, came, went)
    tracing = trace(method, came, went)
    assert tracing.left == left
    assert tracing.taken == taken


@given(mixed(), st.sampled_from(METHODS))
def test_tracing_loses_and_makes_nothing(moves: tuple[list[Movement], list[Movement]], method: Method) -> None:
    came, went = moves
    tracing = trace(method, came, went)
    for one in came:
        out = sum(parts.get(one.id, 0) for parts in tracing.taken.values())
        assert tracing.left[one.id] + out == one.amount
        assert tracing.left[one.id] >= 0
    for one in went:
        assert sum(tracing.taken[one.id].values()) + tracing.unfunded.get(one.id, 0) == one.amount


@given(mixed(), st.sampled_from(METHODS), st.randoms())
def test_the_order_of_telling_decides_no_tracing(
    moves: tuple[list[Movement], list[Movement]], method: Method, chance: Random
) -> None:
    came, went = list(moves[0]), list(moves[1])
    before = trace(method, came, went)
    chance.shuffle(came)
    chance.shuffle(went)
    assert trace(method, came, went) == before


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 200))
def test_a_single_payment_out_takes_in_proportion_to_within_one_unit(amounts: list[int], out: int) -> None:
    came = [movement(f"in{n}", amount, n) for n, amount in enumerate(amounts)]
    tracing = trace("pro_rata", came, [movement("out", out, 99)])
    whole = sum(amounts)
    paid = min(out, whole)
    for one in came:
        exact = Fraction(paid * one.amount, whole) if whole else Fraction(0)
        assert abs(tracing.taken["out"].get(one.id, 0) - exact) < 1


def test_three_victims_on_one_account_under_each_presumption() -> None:
    came = [movement("anna", 100, 0), movement("ben", 200, 5), movement("cleo", 50, 9)]
    went = [movement("cash", 150, 7), movement("onward", 40, 10)]
    assert trace("fifo", came, went).left == {"anna": 0, "ben": 110, "cleo": 50}
    assert trace("lifo", came, went).left == {"anna": 100, "ben": 50, "cleo": 10}
    # 150 of 300 takes 50 and 100; then 40 of (50, 100, 50) takes 10, 20, 10
    assert trace("pro_rata", came, went).left == {"anna": 40, "ben": 80, "cleo": 40}


def test_money_that_came_after_a_payment_out_never_paid_for_it() -> None:
    tracing = trace("lifo", [movement("late", 100, 8)], [movement("out", 30, 7)])
    assert (tracing.method, tracing.left, tracing.unfunded) == ("lifo", {"late": 100}, {"out": 30})


def test_at_the_same_instant_money_comes_before_it_goes() -> None:
    tracing = trace("fifo", [movement("in", 100, 7)], [movement("out", 30, 7)])
    assert (tracing.left, tracing.unfunded) == ({"in": 70}, {})


def test_a_payment_out_whose_order_the_instants_leave_open_is_named() -> None:
    came = [movement("a", 100, 0), movement("b", 100, 5, 9)]
    assert trace("fifo", came, [movement("out", 30, 7)]).uncertain == ("out",)
    assert trace("fifo", came, [movement("out", 30, 9)]).uncertain == ()
    assert trace("fifo", came, [movement("out", 30, 5)]).uncertain == ()
    assert trace("fifo", came, [movement("out", 30, 1, 4)]).uncertain == ()
    assert trace("fifo", came, [movement("out", 30, 4, 6)]).uncertain == ("out",)


@pytest.mark.parametrize(
    ("came", "went", "said"),
    [
        ([movement("x", -1, 0)], [], "an amount is negative"),
        ([movement("x", 1, 0)], [movement("x", 1, 1)], "two movements have the same id"),
        ([movement("x", 1, 3, 2)], [], "a movement ends before it begins"),
    ],
)
def test_movements_that_cannot_be_are_refused(came: list[Movement], went: list[Movement], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        trace("fifo", came, went)


@pytest.mark.parametrize("method", ["court", ""])
def test_there_is_no_other_method(method: Method) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is no method; there are fifo, lifo, pro_rata$"):
        trace(method, [], [])


# -- division between victims


def claims() -> st.SearchStrategy[list[Share]]:
    return st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=7).map(
        lambda drawn: [Share(id=f"c{n}", amount=amount, at=at(minute)) for n, (amount, minute) in enumerate(drawn)]
    )


@given(claims(), st.integers(0, 300), st.sampled_from([rule for rule in RULES if rule != "court"]))
def test_a_division_is_exact_and_gives_nobody_more_than_their_claim(
    shares: list[Share], available: int, rule: Rule
) -> None:
    proposal = propose_allocation(rule, shares, available)
    assert proposal is not None
    assert sum(proposal.shares.values()) + proposal.unallocated == available
    assert sum(proposal.shares.values()) == min(available, sum(share.amount for share in shares))
    assert all(0 <= proposal.shares[share.id] <= share.amount for share in shares)


@given(claims(), st.integers(0, 300), st.sampled_from(RULES), st.randoms())
def test_the_order_of_claims_decides_no_division(
    shares: list[Share], available: int, rule: Rule, chance: Random
) -> None:
    before = propose_allocation(rule, shares, available)
    shuffled = list(shares)
    chance.shuffle(shuffled)
    assert propose_allocation(rule, shuffled, available) == before


@given(claims(), st.integers(0, 300))
def test_pro_rata_is_the_exact_proportion_rounded_to_a_neighbour(shares: list[Share], available: int) -> None:
    proposal = propose_allocation("pro_rata", shares, available)
    assert proposal is not None
    whole = sum(share.amount for share in shares)
    for share in shares:
        exact = Fraction(min(available, whole) * share.amount, whole) if whole else Fraction(0)
        assert exact.__floor__() <= proposal.shares[share.id] <= exact.__ceil__()


@given(claims(), st.integers(0, 300))
def test_the_largest_remainders_have_the_units_and_the_earlier_payment_among_equals(
    shares: list[Share], available: int
) -> None:
    proposal = propose_allocation("pro_rata", shares, available)
    assert proposal is not None
    whole = sum(share.amount for share in shares) or 1
    given_out = min(available, sum(share.amount for share in shares))

    def rank(share: Share) -> tuple[Fraction, object, str]:
        exact = Fraction(given_out * share.amount, whole)
        return (-(exact - exact.__floor__()), share.at, share.id)

    got_one = [
        proposal.shares[share.id] > Fraction(given_out * share.amount, whole).__floor__()
        for share in sorted(shares, key=rank)
    ]
    assert all(first >= second for first, second in pairwise(got_one))


def test_of_equal_remainders_the_earlier_payment_has_the_unit_then_the_smaller_id() -> None:
    first = Share(id="z", amount=1, at=at(0))
    second, third = Share(id="b", amount=1, at=at(1)), Share(id="a", amount=1, at=at(1))
    proposal = propose_allocation("pro_rata", [second, third, first], 2)
    assert proposal is not None
    assert proposal.shares == {"z": 1, "a": 1, "b": 0}


def test_lifo_satisfies_the_last_payment_first_and_fifo_the_first() -> None:
    shares = [Share(id="old", amount=70, at=at(0)), Share(id="new", amount=50, at=at(9))]
    last = propose_allocation("lifo", shares, 60)
    first = propose_allocation("fifo", shares, 60)
    assert last is not None
    assert first is not None
    assert last.shares == {"old": 10, "new": 50}
    assert first.shares == {"old": 60, "new": 0}


def test_a_court_is_not_run_ahead_of() -> None:
    assert propose_allocation("court", [Share(id="a", amount=1, at=at(0))], 1) is None


def test_more_than_all_claims_leaves_the_rest_to_nobody() -> None:
    proposal = propose_allocation("pro_rata", [Share(id="a", amount=5, at=at(0))], 8)
    assert proposal == Allocation(rule="pro_rata", available=8, shares={"a": 5}, unallocated=3)


def test_the_largest_remainder_goes_before_the_largest_claim() -> None:
    # 3 * 5 / 7 is 2 and 1/7, 3 * 2 / 7 is 6/7
    shares = [Share(id="large", amount=5, at=at(0)), Share(id="small", amount=2, at=at(1))]
    assert in_proportion(3, shares) == {"large": 2, "small": 1}


@pytest.mark.parametrize("total", [-1, 3])
def test_a_sum_that_is_not_between_nought_and_all_claims_has_no_proportion(total: int) -> None:
    with pytest.raises(ValueError, match=f"^{total} cannot be divided between claims of 2 together$"):
        in_proportion(total, [Share(id="a", amount=2, at=at(0))])


@pytest.mark.parametrize("rule", ["equally", ""])
def test_there_is_no_other_rule(rule: Rule) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is no rule; there are fifo, lifo, pro_rata, court$"):
        propose_allocation(rule, [], 0)


def test_claims_and_sums_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^less than nothing cannot be divided$"):
        propose_allocation("fifo", [], -1)
    with pytest.raises(ValueError, match=r"^a claim is negative$"):
        propose_allocation("fifo", [Share(id="a", amount=-1, at=at(0))], 1)
    with pytest.raises(ValueError, match=r"^two claims have the same id$"):
        propose_allocation("fifo", [Share(id="a", amount=1, at=at(0))] * 2, 1)
