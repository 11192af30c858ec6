"""How a bank of a given temper treats an account that nobody wrote a script for.

All of it follows from the bank and the number, so a drill that is played again goes the same way.
"""

import hashlib
from dataclasses import replace
from typing import Final

from antifraud.channel.wire import BankRequest
from antifraud.simulator.accounts import SILENT, AccountScript, Move
from antifraud.simulator.setup import INVENTED, Bank

_DEFAULT_MINOR: Final = 100_000
_SLOW_PERCENT: Final = (30, 50, 70, 120)
"""Of the answer limit; every fourth account of the slow bank is answered late."""
_ONWARD: Final = ("SIM-PROMPT", "SIM-SLOW", "SIM-PART")
"""Banks that money moves on to: none of them moves it on again, so every trail ends."""


def invent(bank: Bank, request: BankRequest) -> AccountScript:
    """Return the script of an account at its first request."""
    number = request.account.number
    asked = _asked(request)
    script = AccountScript(
        institution=bank.code, number=number, balance_minor=0, asset=request.measure.asset, invented=True
    )
    chance = _chance(bank.code, number)
    match bank.temper:
        case "prompt":
            return replace(script, balance_minor=asked + chance[0] * 137)
        case "slow":
            percent = _SLOW_PERCENT[chance[0] % len(_SLOW_PERCENT)]
            return replace(script, balance_minor=asked, after_seconds=request.answer_limit_seconds * percent / 100)
        case "partial":
            return replace(script, balance_minor=asked // 2)
        case "moved_on":
            kept = asked // 4 if chance[0] % 3 == 0 else 0
            return replace(script, balance_minor=kept, moves=_moves(chance, asked - kept))
        case "silent":
            return replace(script, balance_minor=asked, answer=SILENT)
        case "refusing":
            return replace(script, balance_minor=asked, answer="refused")


def with_more(bank: Bank, script: AccountScript, request: BankRequest) -> AccountScript:
    """Return an invented account after a further payment came in, which a supplement is about."""
    asked = _asked(request)
    more = {"partial": asked // 2, "moved_on": 0}.get(bank.temper, asked)
    return replace(script, balance_minor=script.balance_minor + more)


def _asked(request: BankRequest) -> int:
    asked = request.measure.amount_minor
    asked = request.receipt.amount_minor if asked is None else asked
    return _DEFAULT_MINOR if asked is None else asked


def _moves(chance: bytes, amount: int) -> tuple[Move, ...]:
    if amount <= 0:
        return ()
    # At least one minor unit stays for the second account.
    first = amount if chance[1] % 2 or amount == 1 else max(1, amount * 2 // 3)
    shares = [first, amount - first] if first < amount else [first]
    return tuple(
        Move(institution=code, number=_number(code, chance, place), amount_minor=share)
        for place, share in enumerate(shares)
        for code in [_ONWARD[(chance[2] + place) % len(_ONWARD)]]
    )


def _number(code: str, chance: bytes, place: int) -> str:
    bank = next(bank for bank in INVENTED if bank.code == code)
    digits = f"{int.from_bytes(chance[4 + place : 10 + place]) % 10**9:09d}"
    return with_luhn(bank.bins[0] + digits)


def with_luhn(digits: str) -> str:
    """Return ``digits`` with the check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - two digits count as their sum
    return digits + str(-total % 10)


def _chance(code: str, number: str) -> bytes:
    return hashlib.sha256(f"{code}|{number}".encode()).digest()
