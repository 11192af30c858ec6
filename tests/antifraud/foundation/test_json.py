"""JSON has one meaning, and one spelling."""

import json
import math
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.foundation.json import canonical, loads
from antifraud.foundation.problems import BodyTooLarge, MalformedJson, Problem

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def refused_at(raw: bytes) -> list[str]:
    with pytest.raises(MalformedJson) as caught:
        loads(raw, max_bytes=10**6)
    return [one["pointer"] for one in caught.value.errors]


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (b'{"a": 1, "b": {"c/d": 1, "c/d": 1}}', ["/b/c~1d"]),
        (b'{"a": [0, NaN]}', ["/a/1"]),
        (b"[Infinity, -Infinity]", ["/0", "/1"]),
        (b'{"a": 1e400}', ["/a"]),
        (b'{"a": 1e-999999999999}', ["/a"]),
        (b'{"a": ' + b"9" * 5000 + b"}", ["/a"]),
        (b'{"a": "x\\u0000"}', ["/a"]),
        (b'{"a": ["\\ud800"]}', ["/a/0"]),
        (b'{"a": {"\\udc00": 1}}', ["/a"]),
        (b"\xff", [""]),
        ("﻿{}".encode(), [""]),
        (b"{", [""]),
        (b"", [""]),
        (b"1 2", [""]),
        (b"{'a': 1}", [""]),
    ],
)
def test_what_two_readers_could_read_differently_is_refused_with_its_pointer(raw: bytes, pointers: list[str]) -> None:
    assert refused_at(raw) == pointers


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 33 + b"]" * 33])
def test_deep_nesting_is_refused_before_it_is_parsed(raw: bytes) -> None:
    assert refused_at(raw) == [""]


def test_brackets_inside_texts_are_not_nesting() -> None:
    text = "[" * 1000 + '\\"' + "{" * 1000
    assert loads(json.dumps([text]).encode(), max_bytes=10**6, max_depth=1) == [text]


def test_all_faults_come_at_once() -> None:
    assert refused_at(b'{"a": NaN, "a": "\\u0000", "b": 1e999}') == ["/a", "/a", "/b"]


def test_a_long_body_is_refused_by_its_size() -> None:
    with pytest.raises(BodyTooLarge):
        loads(b"[1]", max_bytes=2)


def test_a_number_with_a_point_stays_exact() -> None:
    assert loads(b"[9007199254740993.0, 589.0, 0.1]", max_bytes=100) == [
        Decimal("9007199254740993.0"),
        Decimal(589),
        Decimal("0.1"),
    ]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_give_anything_but_a_value_or_a_problem(raw: bytes) -> None:
    with suppress(Problem):
        loads(raw, max_bytes=150)


@given(PLAIN)
def test_canonical_json_is_read_back_to_the_same_value(value: object) -> None:
    once = canonical(value)
    assert json.loads(once) == value
    assert canonical(json.loads(once)) == once


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert (
        canonical({"b": 1, "a": [True, None]}) == canonical({"a": [True, None], "b": 1}) == b'{"a":[true,null],"b":1}'
    )


def test_keys_stand_in_the_order_of_rfc_8785() -> None:
    # RFC 8785, 3.2.3: sorted by UTF-16 code units, so a surrogate pair stands before U+FB33.
    keys = ["€", "\r", "\ufb33", "1", "😀", "\u0080", "ö"]
    order = list(json.loads(canonical(dict.fromkeys(keys, 0))))
    assert order == ["\r", "1", "\u0080", "ö", "€", "😀", "\ufb33"]


def test_instants_are_microseconds_of_utc_and_ids_are_texts() -> None:
    at = datetime(2026, 11, 24, 22, 41, 7, tzinfo=timezone(timedelta(hours=8)))
    value = {"at": at, "id": UUID(int=1), "on": date(2026, 11, 24)}
    assert canonical(value) == (
        b'{"at":"2026-11-24T14:41:07.000000Z","id":"00000000-0000-0000-0000-000000000001","on":"2026-11-24"}'
    )


@pytest.mark.parametrize("value", [1.0, math.nan, Decimal(1), b"x", {1: 2}, {1, 2}, datetime(2026, 1, 1)])  # noqa: DTZ001 -- naive on purpose
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical([value])


def test_an_aware_midnight_keeps_its_microseconds() -> None:
    assert canonical(datetime(2026, 1, 1, tzinfo=UTC)) == b'"2026-01-01T00:00:00.000000Z"'


@given(PLAIN)
def test_a_sound_body_is_read_to_what_it_says(value: object) -> None:
    for raw in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode()):
        if b"\\u0000" not in raw:
            assert loads(raw, max_bytes=10**6, max_depth=100) == value


def test_forty_digits_are_read_and_one_more_is_refused() -> None:
    assert loads(b"[" + b"9" * 40 + b"]", max_bytes=100) == [10**40 - 1]
    assert refused_at(b"[1, " + b"9" * 41 + b"]") == ["/1"]


def test_a_long_row_of_digits_in_a_text_is_a_text() -> None:
    assert loads(b'"' + b"9" * 5000 + b'"', max_bytes=6000) == "9" * 5000


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"', max_bytes=100) == "😀"
