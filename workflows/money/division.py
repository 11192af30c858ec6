"""Dividing one sum between several, to the last minor unit.

Shares are whole numbers. The fractions that rounding down leaves go, one unit
each, to the largest remainders; of equal remainders the earlier payment has
it, then the smaller id. The order in which claims are given never matters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Rule = Literal["fifo", "lifo", "pro_rata", "court"]
RULES: Final[tuple[Rule, ...]] = ("fifo", "lifo", "pro_rata", "court")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One claim on a sum: `at` is when its payment arrived, the earlier one goes first among equals."""

    id: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A proposal, never an act: what each claim would have, and what nobody would.

    `available` is `sum(shares) + unallocated`, always; no share is above its claim.
    """

    rule: Rule
    available: int
    shares: Mapping[str, int]
    unallocated: int


def checked(shares: Iterable[Share]) -> list[Share]:
    """Return the claims, the earlier payment first, then the smaller id.

    Raises:
        ValueError: A claim is negative, or two have one id.
    """
    found = sorted(shares, key=lambda share: (share.at, share.id))
    if any(share.amount < 0 for share in found):
        msg = "a claim is negative"
        raise ValueError(msg)
    if len({share.id for share in found}) != len(found):
        msg = "two claims have the same id"
        raise ValueError(msg)
    return found


def in_proportion(total: int, shares: Sequence[Share]) -> dict[str, int]:
    """Divide ``total``, at most the sum of the claims, in proportion to them by the largest remainder.

    Args:
        total: Minor units, 0 or more.
        shares: As `checked` returns them: their order breaks ties.

    Raises:
        ValueError: The total is negative or above the sum of the claims.
    """
    whole = sum(share.amount for share in shares)
    if not 0 <= total <= whole:
        msg = f"{total} cannot be divided between claims of {whole} together"
        raise ValueError(msg)
    if not total:
        return {share.id: 0 for share in shares}
    divided = {share.id: total * share.amount // whole for share in shares}
    by_remainder = sorted(shares, key=lambda share: -(total * share.amount % whole))  # stable: ties stay in order
    for share in by_remainder[: total - sum(divided.values())]:
        divided[share.id] += 1
    return divided


def in_order(total: int, shares: Iterable[Share]) -> dict[str, int]:
    """Divide ``total`` by satisfying one claim wholly after the other, in the order given."""
    divided = {}
    for share in shares:
        divided[share.id] = min(total, share.amount)
        total -= divided[share.id]
    return divided


def propose_allocation(rule: Rule, claims: Iterable[Share], available: int) -> Allocation | None:
    """Propose how the money that is left on an account is divided between the claims on it.

    Args:
        rule: `lifo` satisfies the last payment first (Taiwan, regulations of 2024-11-29 on marked accounts, Art. 53),
            `fifo` the first; `pro_rata` gives each its proportion (Korea, Special Act on refunds, Art. 10; China,
            银监发〔2016〕41号, 第八条); `court` proposes nothing, for a court decides.
        claims: The victims' payments that are still to be made good.
        available: Minor units that can be given out.

    Returns:
        The proposal, or None where only a court may divide.

    Raises:
        ValueError: The sum or a claim is negative, two claims have one id, or there is no such rule.
    """
    if rule not in RULES:
        msg = f"{rule!r} is no rule; there are {', '.join(RULES)}"
        raise ValueError(msg)
    if available < 0:
        msg = "less than nothing cannot be divided"
        raise ValueError(msg)
    found = checked(claims)
    given = min(available, sum(claim.amount for claim in found))
    if rule == "court":
        return None
    if rule == "pro_rata":
        shares = in_proportion(given, found)
    else:
        shares = in_order(given, found if rule == "fifo" else reversed(found))
    return Allocation(rule=rule, available=available, shares=shares, unallocated=available - given)
