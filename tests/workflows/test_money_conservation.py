"""What came in is found again, and each unit counts once."""

from itertools import chain, combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.trails import VICTIM, Trail, trails
from workflows.money import (
    Difference,
    Hop,
    Parts,
    PartsDoNotAddUp,
    Resting,
    above_balance,
    at_rest,
    check_parts,
    difference_of,
)


def parts_of(trail: Trail, place: str, held: int) -> Parts:
    return Parts(
        asset="CNY",
        arrived=sum(hop.amount or 0 for hop in trail.hops if hop.target == place),
        held=held,
        onward=tuple(hop.amount for hop in trail.hops if hop.source == place),
        withdrawn=trail.withdrawn.get(place, 0),
        spent=trail.spent.get(place, 0),
        left=trail.rest[place] - held,
    )


@given(trails(), st.data())
def test_every_account_of_any_trail_adds_up_with_circles_and_splits(trail: Trail, data: st.DataObject) -> None:
    for place, rest in trail.rest.items():
        check_parts(parts_of(trail, place, data.draw(st.integers(0, rest))))


@given(trails(), st.sampled_from(["arrived", "held", "withdrawn", "spent", "left"]), st.integers(1, 5))
def test_one_part_that_is_told_wrong_is_named_with_exactly_its_difference(trail: Trail, which: str, by: int) -> None:
    place = next(iter(trail.rest))
    true = parts_of(trail, place, trail.rest[place])
    said = {name: getattr(true, name) for name in true.__slots__}
    said[which] += by
    found = difference_of(Parts(**said))
    assert found is not None
    assert (found.side, found.amount) == ("arrived" if which == "arrived" else "parts", by)
    with pytest.raises(
        PartsDoNotAddUp, match=f"{by} {'are missing' if which == 'arrived' else 'too much'}$"
    ) as refused:
        check_parts(Parts(**said))
    assert refused.value.difference == found


def test_a_part_that_nobody_mentioned_is_not_nought() -> None:
    assert difference_of(Parts(asset="CNY", arrived=100, held=40, onward=(50,))) is None
    assert (
        difference_of(Parts(asset="CNY", arrived=100, held=40, onward=(None, 50), withdrawn=0, spent=0, left=0)) is None
    )
    assert difference_of(Parts(asset="CNY", arrived=None, held=40, onward=(500,))) is None


def test_what_was_mentioned_may_say_too_much_whatever_else_there_is() -> None:
    found = difference_of(Parts(asset="CNY", arrived=100, held=60, onward=(50, None)))
    assert found == Difference(side="parts", amount=10, arrived=100, told=110, asset="CNY")


def test_nothing_is_missing_only_where_every_place_was_mentioned() -> None:
    found = difference_of(Parts(asset="CNY", arrived=100, held=60, onward=(30,), withdrawn=4, spent=3, left=2))
    assert found == Difference(side="arrived", amount=1, arrived=100, told=99, asset="CNY")
    assert found.sentence == "99 CNY minor units in parts, 100 arrived: 1 are missing"


@pytest.mark.parametrize("which", ["arrived", "held", "withdrawn", "spent", "left"])
def test_a_negative_part_is_refused(which: str) -> None:
    said: dict[str, Any] = {"asset": "CNY", "arrived": 1, which: -1}
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        difference_of(Parts(**said))


def test_a_negative_payment_onward_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        difference_of(Parts(asset="CNY", arrived=None, onward=(-1,)))


def test_holds_at_the_balance_are_no_doubt_and_one_unit_more_is() -> None:
    assert above_balance(100, [60, 40]) == 0
    assert above_balance(100, [60, 41]) == 1


# -- each unit once


@given(trails(), st.data())
def test_what_is_truly_held_counts_in_full(trail: Trail, data: st.DataObject) -> None:
    held = {place: data.draw(st.integers(0, rest)) for place, rest in trail.rest.items()}
    resting = at_rest("CNY", trail.hops, held, [VICTIM])
    assert resting.counted == held
    assert not any(resting.elsewhere.values())
    assert resting.total <= trail.loss


@given(trails(), st.dictionaries(st.sampled_from(["a0", "a1", "a2", "a3", "a4", "nowhere"]), st.integers(0, 12)))
def test_whatever_banks_report_nothing_counts_twice(trail: Trail, held: dict[str, int]) -> None:
    resting = at_rest("CNY", trail.hops, held, [VICTIM])
    assert resting.total == most_by_cuts(trail.hops, held)
    assert all(0 <= resting.counted[place] <= held[place] for place in held)
    assert all(resting.counted[place] + resting.elsewhere[place] == held[place] for place in held)


@given(trails(), st.dictionaries(st.sampled_from(["a0", "a1", "a2", "a3", "a4"]), st.integers(0, 12)), st.randoms())
def test_the_order_in_which_hops_are_told_decides_nothing(trail: Trail, held: dict[str, int], chance: Random) -> None:
    shuffled = list(trail.hops)
    chance.shuffle(shuffled)
    assert at_rest("CNY", shuffled, held, [VICTIM]) == at_rest("CNY", trail.hops, held, [VICTIM])


@given(trails(), st.dictionaries(st.sampled_from(["a0", "a1", "a2", "a3", "a4"]), st.integers(0, 12)))
def test_the_accounts_furthest_away_keep_theirs_before_the_nearer_ones(trail: Trail, held: dict[str, int]) -> None:
    depths = depths_of(trail.hops)
    counted = at_rest("CNY", trail.hops, held, [VICTIM]).counted
    for depth in set(depths.values()):
        far = {place: amount for place, amount in held.items() if depths.get(place, -1) >= depth}
        assert sum(counted[place] for place in far) == most_by_cuts(trail.hops, far)


def depths_of(hops: list[Hop]) -> dict[str, int]:
    depths = {VICTIM: 0}
    for _ in hops:
        for hop in hops:
            if hop.source in depths:
                depths[hop.target] = min(depths.get(hop.target, 99), depths[hop.source] + 1)
    return depths


def most_by_cuts(hops: list[Hop], held: dict[str, int]) -> int:
    """Return the maximum flow as the smallest cut, by looking at every one: another way to the same number."""
    places = sorted({place for hop in hops for place in (hop.source, hop.target)} - {VICTIM})
    sides = chain.from_iterable(combinations(places, size) for size in range(len(places) + 1))
    return min(
        sum(hop.amount or 0 for hop in hops if hop.source in {VICTIM, *side} and hop.target not in {VICTIM, *side})
        + sum(held.get(place, 0) for place in side)
        for side in sides
    )


def hop(key: str, source: str, target: str, amount: int | None, asset: str | None = "CNY") -> Hop:
    return Hop(id=key, source=source, target=target, amount=amount, asset=asset)


def test_money_that_both_banks_report_rests_where_it_went_last() -> None:
    resting = at_rest("CNY", [hop("1", VICTIM, "a", 100), hop("2", "a", "b", 100)], {"a": 100, "b": 100}, [VICTIM])
    assert (resting.counted, resting.elsewhere) == ({"a": 0, "b": 100}, {"a": 100, "b": 0})


def test_money_that_went_in_a_circle_counts_once() -> None:
    trail = [hop("1", VICTIM, "a", 100), hop("2", "a", "b", 100), hop("3", "b", "a", 100)]
    assert at_rest("CNY", trail, {"a": 200}, [VICTIM]).counted == {"a": 100}


def test_a_second_receipt_counts_beside_the_first() -> None:
    trail = [hop("1", VICTIM, "a", 60), hop("2", VICTIM, "a", 40)]
    assert at_rest("CNY", trail, {"a": 100}, [VICTIM]).counted == {"a": 100}
    assert at_rest("CNY", trail, {"a": 101}, [VICTIM]).elsewhere == {"a": 1}


def test_a_hop_of_unknown_amount_carries_what_there_is() -> None:
    trail = [hop("1", VICTIM, "a", 100), hop("2", "a", "b", None)]
    assert at_rest("CNY", trail, {"b": 130}, [VICTIM]).counted == {"b": 100}


def test_assets_carry_nothing_of_each_other() -> None:
    trail = [hop("1", VICTIM, "a", 100), hop("2", "a", "b", 900, "USDT@tron")]
    assert at_rest("CNY", trail, {"a": 100, "b": 900}, [VICTIM]).counted == {"a": 100, "b": 0}


def test_money_that_came_back_to_the_victim_rests_there_and_feeds_nothing() -> None:
    trail = [hop("1", VICTIM, "a", 100), hop("2", "a", VICTIM, 30)]
    assert at_rest("CNY", trail, {"a": 100, VICTIM: 30}, [VICTIM]).counted == {"a": 70, VICTIM: 30}


def test_a_payment_to_oneself_moves_nothing() -> None:
    trail = [hop("1", VICTIM, VICTIM, 50), hop("2", VICTIM, "a", 5), hop("3", "a", "a", 5)]
    assert at_rest("CNY", trail, {VICTIM: 50, "a": 10}, [VICTIM]).counted == {VICTIM: 0, "a": 5}


def test_a_circle_that_nothing_feeds_holds_nothing_of_the_loss() -> None:
    trail = [hop("1", VICTIM, "a", 5), hop("2", "b", "c", 50), hop("3", "c", "b", 50)]
    assert at_rest("CNY", trail, {"b": 10}, [VICTIM]).counted == {"b": 0}


def test_what_nothing_of_the_loss_reaches_holds_nothing_of_it() -> None:
    assert at_rest("CNY", [hop("1", "a", "b", 10)], {"b": 10}, [VICTIM]).counted == {"b": 0}
    assert at_rest("CNY", [hop("1", VICTIM, "a", 10)], {"z": 5}, [VICTIM]).counted == {"z": 0}


def test_an_account_that_sent_on_more_than_came_feeds_no_more_than_came() -> None:
    onward = [hop("1", "a", "b", 6), hop("2", VICTIM, "a", 5)]
    assert at_rest("CNY", onward, {"b": 6}, [VICTIM]) == Resting(asset="CNY", counted={"b": 5}, elsewhere={"b": 1})
    split = [hop("1", "a", "b", 4), hop("2", "a", "c", 4), hop("3", VICTIM, "a", 5)]
    assert at_rest("CNY", split, {"b": 4, "c": 4}, [VICTIM]).total == 5


def test_a_trail_of_one_hop_of_unknown_amount_carries_what_is_held() -> None:
    assert at_rest("CNY", [hop("1", VICTIM, "a", None)], {"a": 5}, [VICTIM]).counted == {"a": 5}


def test_a_long_trail_is_no_difficulty() -> None:
    trail = [hop("0", VICTIM, "a0", 7)] + [hop(str(n + 1), f"a{n}", f"a{n + 1}", 7) for n in range(3000)]
    assert at_rest("CNY", trail, {"a0": 7, "a3000": 7}, [VICTIM]).counted == {"a0": 0, "a3000": 7}


def test_negative_money_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        at_rest("CNY", [hop("1", VICTIM, "a", 1)], {"a": -1}, [VICTIM])
    with pytest.raises(ValueError, match=r"^an amount is negative$"):
        at_rest("CNY", [hop("1", VICTIM, "a", -1)], {"a": 1}, [VICTIM])
