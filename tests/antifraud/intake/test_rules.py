"""References, telephone numbers and id cards: one spelling each, doubted only for a reason."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.intake import rules

TODAY = date(2026, 11, 24)


def test_a_resident_id_number_is_doubted_only_for_a_reason() -> None:
    assert rules.resident_id_doubt("11010519491231002X", TODAY) is None
    assert rules.resident_id_doubt("110105194912310021", TODAY) == "its check character does not fit"
    assert "does not exist" in str(rules.resident_id_doubt("11010519490231002X", TODAY))
    assert "future" in str(rules.resident_id_doubt("11010520491231002X", TODAY))
    assert "old form" in str(rules.resident_id_doubt("110105491231002", TODAY))
    assert "17 digits" in str(rules.resident_id_doubt("ABC", TODAY))
    assert "17 digits" in str(rules.resident_id_doubt("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", TODAY))


@given(st.from_regex(r"\A[0-9]{6}\Z"), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_exactly_one_check_character_of_iso_7064_mod_11_2_fits_a_resident_id_number(
    area: str, born: date, order: int
) -> None:
    body = f"{area}{born:%Y%m%d}{order:03d}"
    fitting = [char for char in "0123456789X" if rules.resident_id_doubt(body + char, TODAY) is None]
    assert len(fitting) == 1
    values = [*(int(digit) for digit in body), 10 if fitting[0] == "X" else int(fitting[0])]
    assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+86 138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("(010) 8888-8888", "01088888888"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+8675512345678", "+8675512345678"),
    ],
)
def test_telephone_numbers_have_one_spelling(typed: str, number: str) -> None:
    assert rules.normalise_phone(typed) == number
    assert rules.phone_doubt(number) is None


@pytest.mark.parametrize("number", ["", "12345", "12800138000", "abc", "+0123456789"])
def test_an_odd_telephone_number_is_doubted(number: str) -> None:
    assert rules.phone_doubt(number) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ab-12 34", "AB1234"),
        ("ａｂ１２３４", "AB1234"),
        ("2026\u00a01124\u200b0001", "202611240001"),
        ("T\u2013100\u2212200", "T100200"),
    ],
)
def test_spellings_of_one_reference_are_the_same_payment(one: str, other: str) -> None:
    assert rules.normalise_reference(one) == other


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=40))
def test_a_normalised_reference_stays_as_it_is(text: str) -> None:
    once = rules.normalise_reference(text)
    assert rules.normalise_reference(once) == once
    assert " " not in once


@given(st.text(max_size=60))
def test_no_text_breaks_a_check(text: str) -> None:
    assert rules.has_bidi_controls(text) in {True, False}
    rules.phone_doubt(rules.normalise_phone(text))
    rules.resident_id_doubt(text, TODAY)
