"""A mask never fails, and never shows more than half (of a mobile number: prefix and tail)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.vault.masks import NOTHING, mask_id_no, mask_name, mask_number, mask_phone, tail_of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("赵敏", "赵*"),
        ("赵小敏", "赵**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("李", "*"),
        ("张 敏", "张*"),
        ("云川某某贸易有限公司", "云**"),
        ("Zhao Xiaomin", "Zhao **"),
        ("Zhao Li", "Zhao **"),
        ("Christopher Li", "C** **"),
        ("Madonna", "M**"),
        ("\u202e赵小敏\u0000", "赵**"),
        ("", NOTHING),
        (None, NOTHING),
    ],
)
def test_a_name_shows_the_family_name_alone(name: str | None, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800005521", "138****5521"),
        ("+86 138-0000-5521", "138****5521"),
        ("057112345678", "********5678"),
        ("12", "*2"),
        (None, NOTHING),
    ],
)
def test_a_telephone_shows_prefix_and_tail(phone: str | None, shown: str) -> None:
    assert mask_phone(phone) == shown


def test_an_account_shows_how_it_begins_and_its_tail() -> None:
    assert mask_number("6217000000004471") == "6217 **** 4471"
    assert mask_number("6217 0000 0000 0004 471", gap="…") == "6217…4471"
    assert mask_number("12345678") == "**** 5678"
    assert mask_id_no("33010219800101123X") == "3301**********123X"
    assert tail_of("6217000000004471") == "4471"
    assert tail_of("1234") == "34"


@given(st.text(max_size=60))
def test_no_mask_fails_or_shows_more_than_half(text: str) -> None:
    given_length = len(_normal(text))
    for mask in (mask_id_no, mask_number, tail_of):
        assert len([ch for ch in mask(text) if ch.isalnum()]) <= given_length / 2
    telephone = mask_phone(text)
    assert telephone[3:7] == "****" or len([ch for ch in telephone if ch.isalnum()]) <= given_length / 2
    assert len(mask_name(text).replace("*", "").replace(NOTHING, "").strip()) <= (given_length + 1) / 2


def _normal(text: str) -> str:
    letters = (" " if ch.isspace() else ch for ch in unicodedata.normalize("NFKC", text))
    return " ".join("".join(ch for ch in letters if ch == " " or unicodedata.category(ch)[0] != "C").split())
