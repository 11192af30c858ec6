"""Check digits against published vectors, and what every one of them promises."""

from datetime import date
from hashlib import sha3_256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antifraud.intake import rules

TODAY = date(2026, 11, 24)
DIGITS = st.text("0123456789", min_size=2, max_size=30)


def test_the_last_digit_of_a_card_number_is_checked() -> None:
    assert rules.luhn("6222021234567890128")
    assert not rules.luhn("6222021234567890123")
    assert rules.luhn("4111111111111111")


@given(DIGITS, st.integers(1, 9), st.data())
def test_luhn_finds_every_single_wrong_digit(digits: str, change: int, data: st.DataObject) -> None:
    number = digits + rules.luhn_digit(digits)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    assert rules.luhn(number)
    assert not rules.luhn(wrong)


def test_the_check_digit_of_a_line_number_is_mod_11_10() -> None:
    assert rules.cnaps_check("313651027012")
    assert not rules.cnaps_check("313651027013")
    assert not rules.cnaps_check("31365102701")


@pytest.mark.parametrize(
    "iban",
    [
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "BR1800360305000010009795493C1",
        "NO9386011117947",
    ],
)
def test_ibans_of_the_registry_are_right_and_one_changed_digit_is_wrong(iban: str) -> None:
    assert rules.iban_check(iban)
    changed = iban[:-1] + ("0" if iban[-1] != "0" else "1")
    assert not rules.iban_check(changed)
    assert not rules.iban_check(iban + "0")


def test_an_iban_of_the_wrong_length_is_wrong_even_with_right_check_digits() -> None:
    body = "WEST123456987654320"
    whole = int("".join(str(int(char, 36)) for char in body + "GB00"))
    iban = f"GB{98 - whole % 97:02d}{body}"
    assert int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
    assert not rules.iban_check(iban)


def test_a_tron_address_carries_its_checksum() -> None:
    # the contract of USDT on TRON
    assert rules.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
    assert not rules.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u")
    assert not rules.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj60")


def test_keccak_is_that_of_ethereum_and_not_sha3() -> None:
    assert rules.keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert rules.keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    transfer = rules.keccak256(b"Transfer(address,address,uint256)").hex()
    assert transfer == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


@given(st.binary(max_size=300))
def test_with_the_later_padding_the_same_sponge_is_sha3(message: bytes) -> None:
    assert rules._sponge(message, b"\x06") == sha3_256(message).digest()


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_the_vectors_of_eip_55_are_right_and_a_changed_capital_is_wrong(address: str) -> None:
    assert rules.eip55_check(address)
    assert rules.eip55_check(address.lower())
    assert not rules.eip55_check("0x" + address[2:].swapcase())


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


@given(st.text(max_size=40))
def test_a_normalised_reference_stays_as_it_is(text: str) -> None:
    assume(text.isprintable())
    once = rules.normalise_reference(text)
    assert rules.normalise_reference(once) == once
    assert " " not in once


def test_the_longest_card_prefix_names_the_institution() -> None:
    prefixes = {"6222": "ONE", "622202": "TWO"}
    assert rules.institution_of_card("6222021234567890128", prefixes) == "TWO"
    assert rules.institution_of_card("6222991234567890128", prefixes) == "ONE"
    assert rules.institution_of_card("9999991234567890128", prefixes) is None


@given(st.text(max_size=60))
def test_no_text_breaks_a_check(text: str) -> None:
    for check in (rules.luhn, rules.cnaps_check, rules.iban_check, rules.base58check, rules.has_bidi_controls):
        assert check(text) in {True, False}
    rules.phone_doubt(rules.normalise_phone(text))
    rules.resident_id_doubt(text, TODAY)
