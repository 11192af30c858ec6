"""Check digits against published vectors, and what every one of them promises."""

from hashlib import sha3_256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.banks import checksums

DIGITS = st.text("0123456789", min_size=2, max_size=30)


def test_the_last_digit_of_a_card_number_is_checked() -> None:
    assert checksums.luhn("6222021234567890128")
    assert not checksums.luhn("6222021234567890123")
    assert checksums.luhn("4111111111111111")


@given(DIGITS, st.integers(1, 9), st.data())
def test_luhn_finds_every_single_wrong_digit(digits: str, change: int, data: st.DataObject) -> None:
    number = digits + checksums.luhn_digit(digits)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    assert checksums.luhn(number)
    assert not checksums.luhn(wrong)


def test_the_check_digit_of_a_line_number_is_mod_11_10() -> None:
    assert checksums.cnaps_check("313651027012")
    assert not checksums.cnaps_check("313651027013")
    assert not checksums.cnaps_check("31365102701")


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
    assert checksums.iban_check(iban)
    changed = iban[:-1] + ("0" if iban[-1] != "0" else "1")
    assert not checksums.iban_check(changed)
    assert not checksums.iban_check(iban + "0")


def test_an_iban_of_the_wrong_length_is_wrong_even_with_right_check_digits() -> None:
    body = "WEST123456987654320"
    whole = int("".join(str(int(char, 36)) for char in body + "GB00"))
    iban = f"GB{98 - whole % 97:02d}{body}"
    assert int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
    assert not checksums.iban_check(iban)


def test_a_tron_address_carries_its_checksum() -> None:
    # the contract of USDT on TRON
    assert checksums.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
    assert not checksums.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u")
    assert not checksums.base58check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj60")


def test_keccak_is_that_of_ethereum_and_not_sha3() -> None:
    assert checksums.keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert checksums.keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    transfer = checksums.keccak256(b"Transfer(address,address,uint256)").hex()
    assert transfer == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


@given(st.binary(max_size=300))
def test_with_the_later_padding_the_same_sponge_is_sha3(message: bytes) -> None:
    assert checksums._sponge(message, b"\x06") == sha3_256(message).digest()


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
    assert checksums.eip55_check(address)
    assert checksums.eip55_check(address.lower())
    assert not checksums.eip55_check("0x" + address[2:].swapcase())


@given(st.text(max_size=60))
def test_no_text_breaks_a_check(text: str) -> None:
    for check in (checksums.luhn, checksums.cnaps_check, checksums.iban_check, checksums.base58check):
        assert check(text) in {True, False}
