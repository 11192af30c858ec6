"""Account numbers as people type them: one spelling, a scheme, and what is doubtful.

The scheme is decided by the number alone, so that two reports of one account agree whatever else they say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from antifraud.banks.checksums import base58check, eip55_check, iban_check, looks_like_iban, luhn

if TYPE_CHECKING:
    from collections.abc import Mapping

Scheme = Literal["card", "account", "iban", "wallet", "phone", "tron", "evm", "other"]

_HYPHENS = re.compile("[\\-\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u061c\u180e]")
_SPACES = re.compile(r"\s+")
_MASK = re.compile(
    r"[*#?\u2022\u25cf\u00b7\u2026\u25a1\u00d7]+|_{2,}|\.{2,}|(?<=[0-9])[xX]{2,}(?=[0-9])|^[xX]{2,}(?=[0-9])"
)
_TAIL = re.compile(r"(?<![0-9A-Za-z])(?:尾号|尾號|ending(?:in)?|last4?|tail)[:为為是]?([0-9]{3,6})", re.IGNORECASE)
_SUB_ACCOUNT = re.compile(r"([0-9]{8,32})_([0-9A-Za-z]{1,16})")
_TRON = re.compile(r"T[1-9A-HJ-NP-Za-km-z]{33}")
_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}")
_WALLET = re.compile(r"[0-9A-Za-z.+_\-]{1,64}@[0-9A-Za-z.\-]{1,190}")
_NAMED = re.compile(r"[0-9A-Za-z]+(?:[._/:][0-9A-Za-z]+)*")
_SHORTEST: Final = 5
_LONGEST: Final = 64
MAX_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class NumberReading:
    """What a typed account number means; ``doubts`` are (code, sentence), ``hard`` that a hard checksum fails."""

    number: str | None
    masked: str | None
    scheme: Scheme
    sub_ref: str | None = None
    doubts: tuple[tuple[str, str], ...] = ()
    hard: bool = False


def plain(text: str) -> str:
    """Return what a person typed as a number: NFKC, without spaces, hyphens and invisible characters."""
    wide = unicodedata.normalize("NFKC", _HYPHENS.sub("-", text))
    return _SPACES.sub("", _INVISIBLE.sub("", _HYPHENS.sub("", wide)))


def read_number(text: str) -> NumberReading:
    """Return the one spelling of an account number, or what was shown where it is only part of one.

    Full-width characters become ASCII (NFKC), spaces, hyphens and invisible characters go; letters outside ASCII never
    become digits or letters of a number: such a text stays a lead, kept as it was shown.
    """
    visible = unicodedata.normalize("NFKC", text).strip()
    tidy = plain(visible)
    sub_account = _SUB_ACCOUNT.fullmatch(tidy)
    if sub_account is not None:
        return replace(_digits(sub_account[1]), sub_ref=sub_account[2])
    return _wallet_or_chain(visible, tidy) or _whole_or_part(visible, tidy)


def _wallet_or_chain(visible: str, tidy: str) -> NumberReading | None:
    wallet = re.sub(r"\s", "", visible)
    if _WALLET.fullmatch(wallet):
        return NumberReading(wallet.lower(), None, "wallet")
    if _EVM.fullmatch(tidy):
        return _chain("evm", "0x" + tidy[2:].lower(), eip55_check(tidy))
    if _TRON.fullmatch(tidy):
        return _chain("tron", tidy, base58check(tidy))
    return None


def _whole_or_part(visible: str, tidy: str) -> NumberReading:
    tail = _TAIL.search(tidy)
    if tail is not None:
        return _part("****" + tail[1], "account-number-tail-only")
    if _NAMED.fullmatch(tidy) and not _MASK.search(tidy):
        return _whole(tidy)
    if _MASK.search(tidy) and re.search(r"[0-9A-Za-z]", _MASK.sub("", tidy)):
        return _part(_MASK.sub("****", tidy)[:MAX_SHOWN], "account-number-masked")
    return _part(visible[:MAX_SHOWN], "account-number-unreadable")


def _whole(tidy: str) -> NumberReading:
    if len(tidy) < _SHORTEST:
        return _part("****" + tidy, "account-number-tail-only")
    if len(tidy) > _LONGEST:
        return _part(tidy[:MAX_SHOWN], "account-number-unreadable")
    if tidy.isdigit():
        return _digits(tidy)
    if looks_like_iban(tidy.upper()):
        number = tidy.upper()
        if iban_check(number):
            return NumberReading(number, None, "iban")
        doubt = ("iban-checksum", "length or check digits of this IBAN are wrong: a person must confirm it")
        return NumberReading(number, None, "iban", doubts=(doubt,), hard=True)
    return NumberReading(tidy, None, "other")


def _digits(number: str) -> NumberReading:
    if re.fullmatch(r"1[3-9][0-9]{9}", number):
        doubt = ("account-number-is-phone", "looks like a telephone number: the wallet's own id is needed")
        return NumberReading(number, None, "phone", doubts=(doubt,))
    if re.fullmatch(r"[0-9]{13,19}", number) and luhn(number):
        return NumberReading(number, None, "card")
    if re.fullmatch(r"62[0-9]{14,17}", number):
        doubt = ("card-checksum", "the last digit of this card number does not fit: compare it with the voucher")
        return NumberReading(number, None, "card", doubts=(doubt,))
    return NumberReading(number, None, "account")


def _chain(scheme: Scheme, number: str, fits: bool) -> NumberReading:  # noqa: FBT001 -- private, named at the call
    if fits:
        return NumberReading(number, None, scheme)
    doubt = (f"{scheme}-checksum", "the checksum of this address does not fit: a person must confirm it")
    return NumberReading(number, None, scheme, doubts=(doubt,), hard=True)


_PART_DETAILS: Final = {
    "account-number-tail-only": "only the last digits are known",
    "account-number-masked": "only part of the number is shown",
    "account-number-unreadable": "not an account number: kept as it was written",
}


def _part(shown: str, code: str) -> NumberReading:
    return NumberReading(None, shown, "other", doubts=((code, _PART_DETAILS[code]),))


def institution_of_card(number: str, prefixes: Mapping[str, str]) -> str | None:
    """Return the institution of the longest prefix in ``prefixes`` (card prefix to code) that begins a card number."""
    return next((prefixes[number[:size]] for size in range(10, 3, -1) if number[:size] in prefixes), None)
