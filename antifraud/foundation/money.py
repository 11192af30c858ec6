"""Money as whole minor units beside an asset code; assets are never added to each other.

Codes and exponents: ISO 4217 list one, published by SIX for ISO, through the amendments in force in 2026 (Bulgaria's
lev left it on 2026-01-01). Precious metals, baskets and test codes, which have no minor unit, are left out. Other
assets are named ``CODE@network`` with the exponent of their contract or protocol.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from antifraud.foundation.problems import InvalidValue
from antifraud.foundation.texts import narrow

Kind = Literal["currency", "token"]
MAX_MINOR: Final = 10**38 - 1
"""NUMERIC(38,0)."""
SAFE_INTEGER: Final = 2**53
"""Up to here every JSON reader keeps an integer exactly."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One kind of money; ``exponent`` is how many decimals its major unit has."""

    code: str
    exponent: int
    kind: Kind


_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_TOKENS: Final = (
    ("USDT@tron", 6),
    ("USDT@ethereum", 6),
    ("USDT@bsc", 18),
    ("USDC@ethereum", 6),
    ("USDC@solana", 6),
    ("BTC@bitcoin", 8),
    ("ETH@ethereum", 18),
    ("TRX@tron", 6),
    ("BNB@bsc", 18),
)
ASSETS: Final[dict[str, Asset]] = {
    **{code: Asset(code, exponent, "currency") for exponent, codes in _BY_EXPONENT.items() for code in codes.split()},
    **{code: Asset(code, exponent, "token") for code, exponent in _TOKENS},
}
_DIGITS = re.compile(r"[0-9]{1,39}")
_MAJOR = re.compile(r"(?P<whole>[0-9]{1,39}|[0-9]{1,3}(?:,[0-9]{3}){1,12})(?:\.(?P<part>[0-9]{1,18}))?")


def asset(code: object) -> Asset:
    """Return the asset of a code; capitals and full-width letters of a currency are put right.

    Raises:
        InvalidValue: No such code.
    """
    if isinstance(code, str):
        text = narrow(code)
        found = ASSETS.get(text) or ASSETS.get(text.upper())
        if found is not None:
            return found
    msg = 'an unknown currency: write an ISO 4217 code such as "CNY", or a token such as "USDT@tron"'
    raise InvalidValue(msg)


def parse_minor(value: object, *, positive: bool = True) -> int:
    """Return an amount in minor units as it stands in JSON: an integer up to 2^53, or a text of digits.

    ``589.0`` is taken as 589: some systems write every number with a point.

    Args:
        value: What the JSON holds.
        positive: A payment: zero is refused too.

    Raises:
        InvalidValue: A fraction, a negative amount, more than 38 digits, or not a number.
    """
    minor: int | None = None
    if isinstance(value, float) and value.is_integer() and abs(value) < SAFE_INTEGER:
        minor = int(value)
    elif isinstance(value, Decimal):
        minor = _whole(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        minor = value
    elif isinstance(value, str):
        text = narrow(value)
        minor = int(text) if _DIGITS.fullmatch(text) else None
    if minor is None:
        msg = "an amount is a whole number of minor units: 42050 for CNY 420.50, 589 for JPY 589"
        raise InvalidValue(msg)
    return _in_range(minor, positive=positive)


def _whole(value: Decimal) -> int | None:
    if not value.is_finite() or abs(value.adjusted()) > len(str(MAX_MINOR)):
        return None
    return int(value) if value == value.to_integral_value() else None


def from_major(text: object, code: str, *, positive: bool = True) -> int:
    """Return minor units of an amount as a person writes it, for example ``420.50`` or ``1,234.5`` of ``CNY``.

    Raises:
        InvalidValue: Not such an amount, a fraction of a minor unit, out of range, or an unknown currency.
    """
    what = asset(code)
    plain = narrow(text) if isinstance(text, str) else ""
    found = _MAJOR.fullmatch(plain)
    if found is None:
        msg = 'not an amount: write digits with a point before the decimals, for example "1234.50"'
        raise InvalidValue(msg)
    part = (found["part"] or "").rstrip("0")
    if len(part) > what.exponent:
        msg = f"{what.code} has {what.exponent} decimals: this amount has a fraction of its smallest unit"
        raise InvalidValue(msg)
    whole = found["whole"].replace(",", "")
    return _in_range(int(whole + part.ljust(what.exponent, "0")), positive=positive)


def to_major(minor: int, code: str) -> str:
    """Return the amount with the decimals of its asset, for people; ``from_major`` reads it back."""
    exponent = asset(code).exponent
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    return sign + (f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits)


def to_json(minor: int) -> int | str:
    """Return what stands in JSON: an integer while every reader keeps it exactly, a text of digits above."""
    return minor if abs(minor) <= SAFE_INTEGER else str(minor)


def _in_range(minor: int, *, positive: bool) -> int:
    if minor < 0 or (positive and minor == 0):
        msg = "an amount is greater than zero: leave the field out where it is not known"
        raise InvalidValue(msg)
    if minor > MAX_MINOR:
        msg = "an amount has at most 38 digits"
        raise InvalidValue(msg)
    return minor
