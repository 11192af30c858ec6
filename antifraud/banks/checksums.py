"""Check digits of account and line numbers, decided from the value alone.

Each names where its arithmetic comes from. A check that fails is told, never a reason to refuse anything; only IBAN,
Base58Check and EIP-55 make an order wait for a person, since there a wrong digit cannot be a real account.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

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
    return len(body) > 4 and sha256(sha256(body[:-4]).digest()).digest()[:4] == body[-4:]  # noqa: PLR2004 -- its checksum


def eip55_check(address: str) -> bool:
    """Return whether the capitals of an Ethereum address are its checksum (EIP-55); one case throughout has none."""
    body = address[2:]
    if body in {body.lower(), body.upper()}:
        return True
    digest = keccak256(body.lower().encode("ascii")).hex()
    return all(
        char == (char.upper() if int(nibble, 16) >= 8 else char.lower())  # noqa: PLR2004 -- EIP-55
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


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
