"""Identifiers: what each is made from, and what a person may mistype in it."""

import secrets
from typing import Final
from uuid import UUID

from antifraud.foundation.clock import Clock

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MOD_37_36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RECEIPT_CHARACTERS: Final = 16
_READ_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_id(clock: Clock) -> UUID:
    """Return a UUIDv7 whose time is the injected clock's, in milliseconds, and whose other 74 bits are random.

    The order of two ids means nothing: clocks of two processes differ, and a clock may be set.

    Source: RFC 9562, section 5.7.
    """
    at = clock.now()
    milliseconds = int(at.timestamp()) * 1_000 + at.microsecond // 1_000
    chance = int.from_bytes(secrets.token_bytes(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (chance >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | chance & (1 << 62) - 1
    return UUID(int=value)


def random_token() -> str:
    """Return a bearer secret of 256 random bits, safe in a URL, a header and a shell."""
    return secrets.token_urlsafe(32)


def receipt_code() -> str:
    """Return a random code of 80 bits that a person can read out: ``XXXX-XXXX-XXXX-XXXX``.

    It cannot be guessed and tells nothing about how many reports there are.

    Source: Crockford's base 32, which leaves out I, L, O and U.
    """
    chance = int.from_bytes(secrets.token_bytes(_RECEIPT_CHARACTERS * 5 // 8), "big")
    code = "".join(CROCKFORD[chance >> 5 * place & 31] for place in range(_RECEIPT_CHARACTERS))
    return "-".join(code[start : start + 4] for start in range(0, _RECEIPT_CHARACTERS, 4))


def normalise_receipt_code(text: str) -> str:
    """Return the one spelling of a typed receipt code: upper case, in fours, with O, I and L read as digits.

    Raises:
        ValueError: It is not such a code; the message says so without repeating what was typed.
    """
    code = text.upper().translate(_READ_ALIKE)
    if len(code) != _RECEIPT_CHARACTERS or not set(code) <= set(CROCKFORD):
        message = f"a receipt code has {_RECEIPT_CHARACTERS} letters and digits, without U"
        raise ValueError(message)
    return "-".join(code[start : start + 4] for start in range(0, _RECEIPT_CHARACTERS, 4))


def check_character(text: str) -> str:
    """Return the check character that, put behind ``text``, catches every single wrong character.

    It catches most swaps of neighbours, not all: behind each beginning one of
    the 630 pairs of characters gives the same in both orders, as the last two
    digits of 2026-000001-Z and 2026-000010-Z do. So a right check character
    does not prove that the number is the one that was meant. Separators
    (``-``, ``/``, space) are not counted.

    Raises:
        ValueError: ``text`` holds something else than letters A to Z, digits and separators, or nothing at all.

    Source: ISO 7064, MOD 37,36 (hybrid system).
    """
    product = 36
    for character in _counted(text):
        total = (product + _MOD_37_36.index(character)) % 36 or 36
        product = total * 2 % 37
    return _MOD_37_36[(37 - product) % 36]


def has_right_check_character(text: str) -> bool:
    """Return whether the last counted character of ``text`` is the check character of those before it."""
    try:
        counted = _counted(text)
        return len(counted) > 1 and check_character(counted[:-1]) == counted[-1]
    except ValueError:
        return False


def _counted(text: str) -> str:
    counted = "".join(character for character in text.upper() if character not in "-/ ")
    if not counted or not set(counted) <= set(_MOD_37_36):
        message = "a check character needs letters A to Z and digits only"
        raise ValueError(message)
    return counted
