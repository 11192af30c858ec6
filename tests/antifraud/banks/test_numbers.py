"""One account number has one spelling, whoever typed it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.banks.numbers import institution_of_card, read_number

CARD = "6222021234567890128"
SEPARATORS = st.text(" -\u00a0\u3000\u2009\u2010\u2013\u2212\u200b\u202e\ufeff\t", max_size=2)


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)


@given(st.text("0123456789", min_size=5, max_size=30), st.lists(SEPARATORS, min_size=30, max_size=30), st.booleans())
def test_separators_and_full_width_digits_do_not_make_another_account(
    digits: str, between: list[str], is_wide: bool
) -> None:
    typed = "".join(digit + gap for digit, gap in zip(digits, between, strict=False))
    read = read_number(wide(typed) if is_wide else typed)
    assert read == read_number(digits)
    assert read.number == digits


@pytest.mark.parametrize(
    ("typed", "number", "scheme"),
    [
        (CARD, CARD, "card"),
        ("6222 0212 3456 7890 123", "6222021234567890123", "card"),
        ("4111111111111111", "4111111111111111", "card"),
        ("3100-1234-5678-9012", "3100123456789012", "account"),
        ("12345678", "12345678", "account"),
        ("13800138000", "13800138000", "phone"),
        ("gb82 west 1234 5698 7654 32", "GB82WEST12345698765432", "iban"),
        ("Name@Example.com", "name@example.com", "wallet"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tron"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "evm"),
        ("wx_shop.42", "wx_shop.42", "other"),
    ],
)
def test_the_number_alone_decides_its_scheme(typed: str, number: str, scheme: str) -> None:
    read = read_number(typed)
    assert (read.number, read.scheme, read.masked) == (number, scheme, None)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("6222****1234", "6222****1234"),
        ("６２２２＊＊＊＊１２３４", "6222****1234"),
        ("6222 **** **** 1234", "6222****1234"),
        ("622202xxxxxx0128", "622202****0128"),
        ("6222…0128", "6222****0128"),
        ("****1234", "****1234"),
        ("尾号1234", "****1234"),
        ("中国银行尾号为1234的卡", "****1234"),
        ("ending 1234", "****1234"),
        ("1234", "****1234"),
    ],
)
def test_a_number_of_which_only_part_is_shown_is_a_lead_and_no_number(typed: str, shown: str) -> None:
    read = read_number(typed)
    assert (read.number, read.masked) == (None, shown)
    assert read.doubts


@pytest.mark.parametrize(
    "typed", ["张三的卡", "622202а234567890128", "٦٢٢٢٠٢١٢٣٤٥٦٧٨٩٠", "<script>", "1" * 65, "'; drop"]
)
def test_letters_that_look_like_others_never_become_an_account(typed: str) -> None:
    read = read_number(typed)
    assert read.number is None
    assert read.masked == typed[:64]
    assert [code for code, _ in read.doubts] == ["account-number-unreadable"]


@pytest.mark.parametrize(
    "typed",
    [
        "GB82WEST12345698765433",
        "GB82WEST1234569876543",
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
        "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
def test_a_hard_checksum_that_fails_asks_for_a_person(typed: str) -> None:
    read = read_number(typed)
    assert read.hard
    assert read.number is not None


@pytest.mark.parametrize("typed", ["6222021234567890123", CARD, "GB82WEST12345698765432", "3100-1234-5678-9012"])
def test_a_soft_check_never_asks_for_a_person(typed: str) -> None:
    assert not read_number(typed).hard


def test_a_sub_account_is_told_apart_from_its_account() -> None:
    read = read_number("12345678901_007")
    assert (read.number, read.sub_ref) == ("12345678901", "007")


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_a_lead(text: str) -> None:
    read = read_number(text)
    assert (read.number is None) != (read.masked is None)
    if read.number is not None:
        assert read.number.isascii()
        assert read_number(read.number) == read_number(text) or read.scheme == "evm" or read.sub_ref is not None


def test_the_longest_card_prefix_names_the_institution() -> None:
    prefixes = {"6222": "ONE", "622202": "TWO"}
    assert institution_of_card("6222021234567890128", prefixes) == "TWO"
    assert institution_of_card("6222991234567890128", prefixes) == "ONE"
    assert institution_of_card("9999991234567890128", prefixes) is None
