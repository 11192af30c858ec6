"""Money is whole minor units; nothing changes an amount silently."""

import json
import math
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.foundation.money import ASSETS, MAX_MINOR, asset, from_major, parse_minor, to_json, to_major
from antifraud.foundation.problems import InvalidValue, Problem

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=50)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
MAJOR_TEXTS = st.from_regex(r"\A[0-9]{1,20}(\.[0-9]{0,6})?\Z")


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (1, 1),
        (2**31, 2**31),
        (2**53, 2**53),
        (2**63, 2**63),
        (MAX_MINOR, MAX_MINOR),
        ("9007199254740993", 9007199254740993),
        ("００４２", 42),
        (Decimal("589.0"), 589),
        (Decimal("9007199254740993.0"), 9007199254740993),
        (Decimal("1E+5"), 100_000),
        (589.0, 589),
    ],
)
def test_whole_minor_units_are_taken_exactly(value: object, minor: int) -> None:
    assert parse_minor(value) == minor


@pytest.mark.parametrize(
    "value",
    [
        0, -1, MAX_MINOR + 1, True, None, 1.5, Decimal("0.1"), Decimal("NaN"), Decimal("1e300"), float(2**53), 1e308,
        math.inf, math.nan, "", "-1", "1.0", "1,000", "1e3", "٣", "०", "²", "9" * 39, "1 000", [], {},
    ],
)  # fmt: skip
def test_what_is_not_a_payment_in_minor_units_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue):
        parse_minor(value)


def test_zero_is_taken_where_it_is_no_payment() -> None:
    assert parse_minor(0, positive=False) == 0


@given(ANYTHING)
def test_no_value_gives_anything_but_an_amount_or_a_problem(value: object) -> None:
    for read in (parse_minor, asset, lambda one: from_major(one, "CNY")):
        with suppress(Problem):
            read(value)


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("420.50", "CNY", 42050),
        ("420.5", "CNY", 42050),
        ("4２０．５０", "cny", 42050),
        ("1,234,567.00", "USD", 123456700),
        ("589", "JPY", 589),
        ("589.00", "JPY", 589),
        ("1.234", "KWD", 1234),
        ("0.000001", "USDT@tron", 1),
    ],
)
def test_an_amount_is_read_as_a_person_writes_it(text: str, code: str, minor: int) -> None:
    assert from_major(text, code) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("589.5", "JPY"),
        ("1.001", "CNY"),
        ("0", "CNY"),
        ("-1", "CNY"),
        ("12,34.00", "CNY"),
        ("1.234,50", "EUR"),
        ("1e3", "CNY"),
        ("٣", "CNY"),
    ],
)
def test_a_fraction_of_the_smallest_unit_and_guesswork_are_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidValue):
        from_major(text, code)


def test_the_refusal_names_the_decimals_of_the_currency() -> None:
    with pytest.raises(InvalidValue, match="JPY has 0 decimals"):
        from_major("589.5", "JPY")


@given(st.integers(1, 10**30), st.sampled_from(sorted(ASSETS)))
def test_what_is_written_for_people_is_read_back(minor: int, code: str) -> None:
    assert from_major(to_major(minor, code), code) == minor


@given(st.integers(1, MAX_MINOR))
def test_json_keeps_every_amount_even_for_readers_with_floats(minor: int) -> None:
    sent = json.loads(json.dumps(to_json(minor)))
    assert parse_minor(sent) == minor
    assert isinstance(sent, str) or float(sent) == sent


def test_an_amount_above_2_to_the_53_is_a_text_of_digits() -> None:
    assert to_json(2**53) == 9007199254740992
    assert to_json(2**53 + 1) == "9007199254740993"


@pytest.mark.parametrize(("code", "exponent"), [("JPY", 0), ("CNY", 2), ("TWD", 2), ("KWD", 3), ("CLF", 4), ("VND", 0)])
def test_exponents_are_those_of_iso_4217(code: str, exponent: int) -> None:
    assert asset(code).exponent == exponent


@pytest.mark.parametrize("code", ["", "RMB", "XXX", "usdt", "BGN", None, 156, "CNY "[:2]])
def test_an_unknown_currency_is_refused(code: object) -> None:
    with pytest.raises(InvalidValue):
        asset(code)
