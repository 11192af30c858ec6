"""What time and circles say of a trail, notices of return, and values."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.trails import VICTIM, Trail, at, trails
from workflows.money import (
    Hop,
    Rate,
    ReturnNotice,
    Valued,
    after_order,
    again,
    circles,
    impossible,
    judge_return,
    value,
    valued,
)


def hop(key: str, source: str, target: str, minute: int | None, to: int | None = None) -> Hop:
    first = None if minute is None else at(minute)
    last = first if to is None else at(to)
    return Hop(id=key, source=source, target=target, earliest_at=first, latest_at=last)


# -- before its cause


@given(trails())
def test_money_that_never_left_before_it_came_is_never_called_impossible(trail: Trail) -> None:
    assert not impossible(trail.hops, [VICTIM])


def test_a_hop_before_its_cause_is_named_and_what_follows_it_is_not() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "a", "b", 9), hop("3", "b", "c", 9)]
    assert impossible(trail, [VICTIM]) == {"2"}


def test_at_the_instant_of_its_cause_is_possible() -> None:
    assert not impossible([hop("1", VICTIM, "a", 10), hop("2", "a", "b", 10)], [VICTIM])


def test_bounds_that_overlap_are_possible() -> None:
    assert not impossible([hop("1", VICTIM, "a", 8, 12), hop("2", "a", "b", 7, 8)], [VICTIM])
    assert impossible([hop("1", VICTIM, "a", 8, 12), hop("2", "a", "b", 6, 7)], [VICTIM]) == {"2"}


def test_the_clocks_of_two_banks_may_differ_by_the_tolerance_and_no_more() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "a", "b", 8)]
    assert not impossible(trail, [VICTIM], tolerance=timedelta(minutes=2))
    assert impossible(trail, [VICTIM], tolerance=timedelta(minutes=1)) == {"2"}


def test_the_quickest_way_in_is_the_cause() -> None:
    trail = [hop("1", VICTIM, "a", 1), hop("2", VICTIM, "b", 20), hop("3", "a", "b", 5), hop("4", "b", "c", 6)]
    assert not impossible(trail, [VICTIM])


def test_a_way_of_unknown_time_is_no_obstacle_but_what_came_before_it_is() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "a", "b", None), hop("3", "b", "c", 9)]
    assert impossible(trail, [VICTIM]) == {"3"}
    assert not impossible([hop("1", VICTIM, "a", None), hop("2", "a", "b", 1)], [VICTIM])


def test_a_circle_does_not_hide_a_hop_before_its_cause() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "a", "b", 11), hop("3", "b", "a", 12), hop("4", "a", "c", 9)]
    assert impossible(trail, [VICTIM]) == {"4"}


def test_money_that_turns_back_or_comes_twice_still_arrives_further_on() -> None:
    back = [hop("1", VICTIM, "a", 10), hop("2", "a", VICTIM, 11), hop("3", "a", "b", 12), hop("4", "b", "c", 5)]
    assert impossible(back, [VICTIM]) == {"4"}
    twice = [hop("1", VICTIM, "a", 10), hop("2", VICTIM, "a", 11), hop("3", "a", "b", 12), hop("4", "b", "c", 5)]
    assert impossible(twice, [VICTIM]) == {"4"}


def test_what_an_account_without_a_known_payer_sent_on_has_its_own_beginning() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "z", "b", 3), hop("3", "b", "c", 2), hop("4", "a", "b", 11)]
    assert impossible(trail, [VICTIM]) == {"3"}


def test_a_hop_that_may_just_follow_its_cause_takes_over_its_time() -> None:
    trail = [hop("1", VICTIM, "a", 10), hop("2", "a", "b", 5, 10), hop("3", "b", "c", 7)]
    assert impossible(trail, [VICTIM]) == {"3"}


def test_money_that_came_back_to_the_victim_is_no_cause_of_what_the_victim_paid() -> None:
    assert not impossible([hop("1", VICTIM, "a", 10), hop("2", "a", VICTIM, 12)], [VICTIM])


@given(trails(), st.randoms())
def test_the_order_of_telling_decides_nothing(trail: Trail, chance: Random) -> None:
    late = [
        Hop(id=one.id, source=one.source, target=one.target, earliest_at=at(20 - number), latest_at=at(20 - number))
        for number, one in enumerate(trail.hops)
    ]
    before = impossible(late, [VICTIM]), circles(late), again(late)
    chance.shuffle(late)
    assert (impossible(late, [VICTIM]), circles(late), again(late)) == before


# -- circles, second receipts, after the order


def test_a_circle_is_found_and_a_straight_way_is_none() -> None:
    straight = [hop("1", VICTIM, "a", 1), hop("2", "a", "b", 2), hop("3", "a", "c", 3)]
    assert circles(straight) == ()
    assert circles([*straight, hop("4", "b", "a", 4)]) == (frozenset({"a", "b"}),)
    assert circles([hop("1", "a", "a", 1)]) == (frozenset({"a"}),)


def test_the_largest_circle_is_told_first_and_of_equal_ones_the_smaller_name() -> None:
    pairs = ["xy", "yx", "ab", "ba", "mn", "no", "om", "ss"]
    found = circles([hop(pair, pair[0], pair[1], None) for pair in pairs])
    assert [sorted(group) for group in found] == [["m", "n", "o"], ["a", "b"], ["x", "y"], ["s"]]


def test_two_circles_through_one_account_are_one_group() -> None:
    ways = [hop("1", "a", "b", 1), hop("2", "b", "a", 2), hop("3", "a", "c", 3), hop("4", "c", "a", 4)]
    assert circles(ways) == (frozenset({"a", "b", "c"}),)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14))
def test_circles_are_the_accounts_that_reach_each_other(pairs: list[tuple[int, int]]) -> None:
    hops = [hop(str(n), str(source), str(target), n) for n, (source, target) in enumerate(pairs)]
    reach = {(one.source, one.target) for one in hops}
    for _ in range(7):
        reach |= {(a, d) for a, b in reach for c, d in reach if b == c}
    places = {place for pair in reach for place in pair}
    expected = {frozenset(b for b in places if (a, b) in reach and (b, a) in reach) for a in places if (a, a) in reach}
    assert set(circles(hops)) == expected


def test_a_circle_of_thousands_is_no_difficulty() -> None:
    assert len(circles([hop(str(n), str(n), str((n + 1) % 5000), None) for n in range(5000)])[0]) == 5000


def test_money_that_certainly_came_after_the_order_is_marked() -> None:
    trail = [hop("1", VICTIM, "a", 5), hop("2", VICTIM, "a", 6), hop("3", VICTIM, "a", 4, 9), hop("4", VICTIM, "b", 9)]
    assert after_order(trail, {"a": at(5)}) == {"2"}


def test_accounts_that_were_paid_again_are_named_in_the_order_of_time() -> None:
    trail = [hop("3", VICTIM, "a", None), hop("2", VICTIM, "a", 6), hop("1", VICTIM, "a", 7), hop("4", VICTIM, "b", 1)]
    assert again(trail) == {"a": ("2", "1", "3")}
    assert again(trail[:2]) == {"a": ("2", "3")}


# -- notices that money was given back


def notice(key: str, reference: str | None, amount: int, asset: str = "CNY") -> ReturnNotice:
    return ReturnNotice(id=key, reference=reference, amount=amount, asset=asset)


def test_a_notice_that_comes_again_is_recognised_by_its_id_or_its_reference() -> None:
    known = [notice("n1", "R-1", 40)]
    assert judge_return(notice("n1", None, 40), known, held=100, asset="CNY").verdict == "repeated"
    judged = judge_return(notice("n2", "R-1", 40), known, held=100, asset="CNY")
    assert (judged.verdict, judged.of) == ("repeated", "n1")
    assert judge_return(notice("n2", "R-2", 40), known, held=100, asset="CNY").verdict == "new"
    assert judge_return(notice("n2", None, 40), [notice("n1", None, 40)], held=100, asset="CNY").verdict == "new"


def test_the_same_notice_with_another_sum_is_for_a_person() -> None:
    known = [notice("n1", "R-1", 40)]
    assert judge_return(notice("n1", "R-1", 41), known, held=100, asset="CNY").verdict == "differs"
    assert judge_return(notice("n2", "R-1", 40, "EUR"), known, held=100, asset="CNY").verdict == "differs"
    assert judge_return(notice("n3", "R-3", 40, "EUR"), known, held=100, asset="CNY").verdict == "differs"


def test_nobody_gives_back_more_than_is_held() -> None:
    known = [notice("n1", "R-1", 40)]
    assert judge_return(notice("n2", "R-2", 60), known, held=100, asset="CNY").verdict == "new"
    judged = judge_return(notice("n2", "R-2", 61), known, held=100, asset="CNY")
    assert (judged.verdict, judged.excess) == ("above_held", 1)


def test_nothing_given_back_of_nothing_held_is_a_notice_like_any_other() -> None:
    assert judge_return(notice("n1", None, 0), [], held=0, asset="CNY").verdict == "new"
    assert judge_return(notice("n1", None, 1), [], held=0, asset="CNY").excess == 1


def test_a_negative_return_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        judge_return(notice("n1", None, -1), [], held=1, asset="CNY")
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        judge_return(notice("n1", None, 1), [], held=-1, asset="CNY")


# -- values


def rate(asset: str, numerator: int, denominator: int, into: str = "CNY", source: str = "PBOC") -> Rate:
    return Rate(asset=asset, into=into, numerator=numerator, denominator=denominator, source=source, at=at(0))


def test_assets_become_one_figure_only_by_their_rates() -> None:
    # 1 USDT (10^6) is CNY 7.12 (712): 712/10^6 per minor unit
    rates = [rate("USDT@tron", 712, 10**6), rate("EUR", 785, 100)]
    valuation = value({"CNY": 1000, "USDT@tron": 2_500_000, "EUR": 10}, "CNY", rates)
    assert valuation.total == 1000 + 1780 + 79  # 78.5 is rounded up
    assert valuation.parts == (
        Valued(asset="CNY", amount=1000, value=1000, rate=None),
        Valued(asset="EUR", amount=10, value=79, rate=rates[1]),
        Valued(asset="USDT@tron", amount=2_500_000, value=1780, rate=rates[0]),
    )
    assert (valuation.into, valuation.missing, valuation.rounding) == ("CNY", (), "half_up")


def test_a_rate_into_another_asset_does_not_hide_the_next() -> None:
    rates = [rate("EUR", 9, 1, into="USD"), rate("EUR", 7, 1)]
    assert value({"EUR": 2}, "CNY", rates).total == 14


def test_without_a_rate_there_is_no_figure_and_the_asset_is_named() -> None:
    valuation = value({"CNY": 1000, "EUR": 10}, "CNY", [rate("EUR", 1, 1, into="USD")])
    assert (valuation.total, valuation.missing) == (None, ("EUR",))
    assert value({"CNY": 5, "EUR": 0}, "CNY", []).total == 5


def test_two_rates_of_one_asset_are_not_chosen_between() -> None:
    with pytest.raises(ValueError, match=r"^there are two rates of EUR into CNY$"):
        value({"EUR": 1}, "CNY", [rate("EUR", 7, 1), rate("EUR", 8, 1)])
    assert value({"EUR": 1}, "CNY", [rate("EUR", 7, 1)] * 2).total == 7


@given(st.integers(0, 10**38), st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_value_is_the_nearest_whole_unit_a_half_up(amount: int, numerator: int, denominator: int) -> None:
    found = valued(amount, rate("EUR", numerator, denominator))
    twice = 2 * (found * denominator - amount * numerator)
    assert -denominator < twice <= denominator


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"numerator": -1}, "-1/1 is no rate"),
        ({"denominator": 0}, "1/0 is no rate"),
        ({"into": "EUR"}, "EUR needs no rate into itself"),
        ({"source": " "}, "a rate names its source"),
    ],
)
def test_what_is_no_rate_is_refused(wrong: dict[str, Any], said: str) -> None:
    fields: dict[str, Any] = {
        "asset": "EUR",
        "into": "CNY",
        "numerator": 1,
        "denominator": 1,
        "source": "x",
        "at": at(0),
        **wrong,
    }
    with pytest.raises(ValueError, match=f"^{said}$"):
        Rate(**fields)


def test_a_negative_amount_has_no_value() -> None:
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        valued(-1, rate("EUR", 1, 1))
