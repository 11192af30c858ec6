"""Identifiers: what they are made from, and which typing errors they catch."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.ids import (
    CROCKFORD,
    check_character,
    has_right_check_character,
    new_id,
    normalise_receipt_code,
    random_token,
    receipt_code,
)

COUNTED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_an_id_is_a_version_7_uuid_with_the_injected_clocks_milliseconds() -> None:
    at = datetime(2026, 11, 24, 12, 0, 0, 123_999, tzinfo=UTC)
    made = new_id(FrozenClock(at))
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(at.replace(microsecond=0).timestamp()) * 1000 + 123


def test_ids_of_one_instant_differ() -> None:
    clock = FrozenClock(datetime(2026, 11, 24, tzinfo=UTC))
    assert len({new_id(clock) for _ in range(1000)}) == 1000


def test_ids_of_later_milliseconds_sort_behind() -> None:
    clock = FrozenClock(datetime(2026, 11, 24, tzinfo=UTC))
    first = new_id(clock)
    clock.advance(timedelta(milliseconds=1))
    assert first < new_id(clock)


def test_a_receipt_code_has_80_random_bits_in_fours() -> None:
    codes = {receipt_code() for _ in range(500)}
    assert len(codes) == 500
    for code in codes:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4]
        assert set(code.replace("-", "")) <= set(CROCKFORD)


def test_a_receipt_code_may_be_typed_as_it_was_heard() -> None:
    assert normalise_receipt_code("oil0 abcd-EFGH 1234") == "0110-ABCD-EFGH-1234"


@pytest.mark.parametrize("text", ["", "0110", "0110-ABCD-EFGH-123U", "0110-ABCD-EFGH-12345", "零110-ABCD-EFGH-1234"])
def test_what_is_no_receipt_code_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="16 letters and digits") as refused:
        normalise_receipt_code(text)
    assert not text or text not in str(refused.value)


def test_tokens_are_long_and_differ() -> None:
    assert len(random_token()) >= 43
    assert random_token() != random_token()


def test_the_check_character_is_the_standards() -> None:
    # ISO 7064 MOD 37,36, as printed for the Global Release Identifier: A1-2425G-ABC1234002-M.
    assert check_character("A12425GABC1234002") == "M"
    assert has_right_check_character("A1-2425G-ABC1234002-M")


@given(st.text(COUNTED, min_size=1, max_size=20), st.data())
def test_one_wrong_character_is_always_caught(text: str, data: st.DataObject) -> None:
    whole = text + check_character(text)
    position = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from(COUNTED.replace(whole[position], "")))
    assert has_right_check_character(whole)
    assert not has_right_check_character(whole[:position] + other + whole[position + 1 :])


@given(st.text(COUNTED, max_size=12))
def test_one_pair_of_neighbours_in_630_may_be_swapped_unseen(beginning: str) -> None:
    unseen = [
        pair
        for pair in combinations(COUNTED, 2)
        if check_character(beginning + "".join(pair)) == check_character(beginning + "".join(reversed(pair)))
    ]
    assert len(unseen) == 1


def test_two_case_numbers_of_one_year_differ_by_a_swap_that_is_not_seen() -> None:
    assert has_right_check_character("2026-000001-Z")
    assert has_right_check_character("2026-000010-Z")


@pytest.mark.parametrize("text", ["", "-", "Ä1", "止付"])
def test_what_has_no_check_character_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="letters A to Z"):
        check_character(text)
    assert not has_right_check_character(text)
