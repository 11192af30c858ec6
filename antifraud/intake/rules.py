"""References, telephone numbers and id cards: one spelling each, and what is doubtful, decided from the value alone.

A check that fails is told, never a reason to refuse a report. Account numbers are in `antifraud.banks.numbers`, where
what banks answer needs them too.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from antifraud.banks.numbers import plain

_BIDI = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def normalise_reference(text: str) -> str:
    """Return the spelling under which two references are the same payment: NFKC, upper case, no spaces, no hyphens."""
    return unicodedata.normalize("NFKC", plain(text).upper())


def has_bidi_controls(text: str) -> bool:
    """Return whether a text can be shown in another order than it is written."""
    return _BIDI.search(text) is not None


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
