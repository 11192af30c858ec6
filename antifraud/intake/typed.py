"""What an operator types into a report, field by field: accounts, names; amounts and times stand in their own modules.

Nothing is looked up here and nothing is guessed: what can mean two things is `Unclear`, with a code for which the page
has a sentence and an example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from antifraud.banks.checksums import luhn
from antifraud.banks.numbers import read_number
from antifraud.foundation.texts import narrow, unusable_text
from antifraud.intake.amounts import amount, in_capitals, in_wan, spoken
from antifraud.intake.moments import Moment, moment, shown
from antifraud.intake.rules import has_bidi_controls
from antifraud.intake.unclear import Unclear

if TYPE_CHECKING:
    from antifraud.banks.numbers import Scheme

__all__ = [
    "Moment",
    "TypedAccount",
    "Unclear",
    "account",
    "amount",
    "grouped",
    "in_capitals",
    "in_wan",
    "moment",
    "name",
    "shown",
    "spoken",
]

_LONGEST_NAME: Final = 200
_LONGEST_NUMBER: Final = 200
_SHORTEST_CARD: Final = 13
_TAIL: Final = 4


@dataclass(frozen=True, slots=True)
class TypedAccount:
    """An account as typed: `number` is whole, or None where `masked` is all that is known.

    `check` is what the check digit says: ``right``, ``wrong``, or None where the scheme has none.
    """

    number: str | None
    masked: str | None
    scheme: Scheme
    check: str | None
    shown: str

    @property
    def tail(self) -> str:
        """Return the last four characters that are known."""
        return (self.number or self.masked or "")[-_TAIL:]


def account(text: str) -> TypedAccount:
    """Return an account as typed; spaces, hyphens and full-width digits are put right.

    Raises:
        Unclear: Nothing typed, or no account number at all.
    """
    if not text.strip():
        raise Unclear("account-empty")
    if len(text) > _LONGEST_NUMBER or unusable_text(text):
        raise Unclear("account-unreadable")
    read = read_number(text)
    codes = {code for code, _ in read.doubts}
    if read.number is None:
        if "account-number-unreadable" in codes:
            raise Unclear("account-unreadable")
        return TypedAccount(None, read.masked, read.scheme, None, read.masked or "")
    check: str | None = None
    if read.hard or "card-checksum" in codes:
        check = "wrong"
    elif read.scheme in {"iban", "tron", "evm"} or (read.scheme == "card" and luhn(read.number)):
        check = "right"
    if read.scheme == "account" and read.number.startswith("62") and len(read.number) in range(_SHORTEST_CARD, 16):
        raise Unclear("account-too-short")
    return TypedAccount(read.number, None, read.scheme, check, grouped(read.number))


def grouped(number: str) -> str:
    """Return a number of digits in fours; anything else as it is."""
    if not number.isdecimal() or not number.isascii():
        return number
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def name(text: str) -> str | None:
    """Return a name as typed, full-width letters and spaces put right; None where nothing was typed.

    Raises:
        Unclear: Too long, or with marks that change the order of what is shown.
    """
    tidy = re.sub(r"\s+", " ", narrow(text)).strip()
    if not tidy:
        return None
    if len(tidy) > _LONGEST_NAME or unusable_text(tidy):
        raise Unclear("name-too-long")
    if has_bidi_controls(tidy):
        raise Unclear("name-order-marks")
    return tidy
