"""Check digits and spellings that are decided from the value alone.

Each names where its arithmetic comes from. A check that fails is told, never a reason to refuse a report; only IBAN,
Base58Check and EIP-55 make an order wait for a person, since there a wrong digit cannot be a real account.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_HYPHENS = re.compile("[\\-\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u061c\u180e]")
_BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# Total length by country: SWIFT IBAN Registry.
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
        90: "IM",
    }.items()
    for country in countries.split()
}


def plain(text: str) -> str:
    """Return what a person typed as a number: NFKC, without spaces, hyphens and invisible characters."""
    wide = unicodedata.normalize("NFKC", _HYPHENS.sub("-", text))
    return _SPACES.sub("", _INVISIBLE.sub("", _HYPHENS.sub("", wide)))


def normalise_reference(text: str) -> str:
    """Return the spelling under which two references are the same payment: NFKC, upper case, no spaces, no hyphens."""
    return unicodedata.normalize("NFKC", plain(text).upper())


def has_bidi_controls(text: str) -> bool:
    """Return whether a text can be shown in another order than it is written."""
    return _BIDI.search(text) is not None


def luhn(digits: str) -> bool:
    """Return whether the last digit is the Luhn check digit (ISO/IEC 7812-1, annex B)."""
    if not _ascii_digits(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 -- the sum of its two digits
    return total % 10 == 0


def luhn_digit(digits: str) -> str:
    """Return the check digit that makes ``digits`` valid."""
    return next(digit for digit in "0123456789" if luhn(digits + digit))


def cnaps_check(number: str) -> bool:
    """Return whether a 12-digit line number satisfies ISO 7064 MOD 11,10.

    Not an official statement: it held for 34 of 35 published numbers, so it only warns.
    """
    if len(number) != 12 or not _ascii_digits(number):  # noqa: PLR2004 -- 3 bank, 4 city, 4 branch, 1 check
        return False
    product = 10
    for digit in number[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (product + int(number[-1])) % 10 == 1


def looks_like_iban(number: str) -> bool:
    """Return whether a plain upper-case number begins as an IBAN of a country in the registry does."""
    return re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}", number) is not None and number[:2] in _IBAN_LENGTHS


def iban_check(number: str) -> bool:
    """Return whether length and check digits are right (ISO 13616: ISO 7064 MOD 97-10)."""
    if not looks_like_iban(number) or len(number) != _IBAN_LENGTHS[number[:2]]:
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1


def base58check(address: str) -> bool:
    """Return whether the last four bytes are the doubled SHA-256 of the others (Base58Check, as TRON uses it)."""
    value = 0
    for char in address:
        place = _BASE58.find(char)
        if place < 0:
            return False
        value = value * 58 + place
    zeros = len(address) - len(address.lstrip("1"))
    body = bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")
    return len(body) > 4 and sha256(sha256(body[:-4]).digest()).digest()[:4] == body[-4:]  # noqa: PLR2004


def eip55_check(address: str) -> bool:
    """Return whether the capitals of an Ethereum address are its checksum (EIP-55); one case throughout has none."""
    body = address[2:]
    if body in {body.lower(), body.upper()}:
        return True
    digest = keccak256(body.lower().encode("ascii")).hex()
    return all(
        char == (char.upper() if int(nibble, 16) >= 8 else char.lower())  # noqa: PLR2004
        for char, nibble in zip(body, digest, strict=False)
    )


_LANES: Final = (1 << 64) - 1
_RATE: Final = 136


def _round_constants() -> tuple[int, ...]:
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << ((1 << power) - 1)
            register = (register << 1) ^ (0x171 * (register >> 7))
        constants.append(constant)
    return tuple(constants)


_ROUNDS: Final = _round_constants()


def _journeys() -> tuple[tuple[int, int, int, int], ...]:
    """Return where each lane goes and how far it turns: (to, from, left turn, its column); lane (x, y) is x + 5 y."""
    x, y, journeys = 1, 0, [(0, 0, 0, 0)]
    for step in range(24):
        to_x, to_y = y, (2 * x + 3 * y) % 5
        journeys.append((to_x + 5 * to_y, x + 5 * y, (step + 1) * (step + 2) // 2 % 64, x))
        x, y = to_x, to_y
    return tuple(journeys)


_JOURNEYS: Final = _journeys()


def _permute(state: list[int]) -> None:
    moved = [0] * 25
    for constant in _ROUNDS:
        a, b, c, d, e = (state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5))
        mix = (
            e ^ ((b << 1 | b >> 63) & _LANES),
            a ^ ((c << 1 | c >> 63) & _LANES),
            b ^ ((d << 1 | d >> 63) & _LANES),
            c ^ ((e << 1 | e >> 63) & _LANES),
            d ^ ((a << 1 | a >> 63) & _LANES),
        )
        for to, origin, turn, column in _JOURNEYS:
            lane = state[origin] ^ mix[column]
            moved[to] = (lane << turn | lane >> (64 - turn)) & _LANES
        for row in (0, 5, 10, 15, 20):
            a, b, c, d, e = moved[row : row + 5]
            state[row : row + 5] = (a ^ (~b & c), b ^ (~c & d), c ^ (~d & e), d ^ (~e & a), e ^ (~a & b))
        state[0] ^= constant


def keccak256(message: bytes) -> bytes:
    """Return Keccak-256 with the padding of the competition (0x01), as Ethereum uses it; not SHA3-256.

    Source: the Keccak reference, version 3.0, sections 1.2 and 2.1; ``hashlib`` has only the later SHA-3 padding.
    """
    return _sponge(message, b"\x01")


def _sponge(message: bytes, suffix: bytes) -> bytes:
    padded = bytearray(message + suffix + bytes(-(len(message) + 1) % _RATE))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id_doubt(number: str, today: date) -> str | None:
    """Return what is doubtful about a plain upper-case Chinese resident id number (GB 11643), or None.

    The area code is not looked at: codes are abolished over time.
    """
    if re.fullmatch(r"[0-9]{15}", number):
        return "the old form of 15 digits, which has no check digit"
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return "a resident id number has 17 digits and a check character"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "the date of birth in it does not exist"
    if born > today:
        return "the date of birth in it lies in the future"
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return None if "10X98765432"[total % 11] == number[17] else "its check character does not fit"


def normalise_phone(text: str) -> str:
    """Return a telephone number without spaces, hyphens, brackets and the Chinese country code."""
    return re.sub(r"^(?:\+|00)86(?=1[3-9][0-9]{9}$)", "", re.sub(r"[().]", "", plain(text)))


def phone_doubt(number: str) -> str | None:
    """Return what is doubtful about a normalised telephone number, or None."""
    if re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{2,3}[0-9]{7,8}|\+[1-9][0-9]{6,14}", number):
        return None
    return "neither a Chinese mobile or landline number nor an international one with +"


def institution_of_card(number: str, prefixes: Mapping[str, str]) -> str | None:
    """Return the institution of the longest prefix in ``prefixes`` (card prefix to code) that begins a card number."""
    return next((prefixes[number[:size]] for size in range(10, 3, -1) if number[:size] in prefixes), None)


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
