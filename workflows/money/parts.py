"""What came in must be found again: held, sent on, withdrawn, spent, or still there.

An institution tells parts of the money that arrived on an account. A part
that it does not mention is unknown, never nought: it is at least nought, and
that alone can already show that the others say too much.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PLACES = ("held", "onward", "withdrawn", "spent", "left")
"""Where money that arrived can be, in the order in which it is told."""


class PartsDoNotAddUp(ValueError):
    """The parts of an account's money differ from what arrived; `difference` says by how much, and which side."""

    def __init__(self, difference: "Difference") -> None:
        super().__init__(difference.sentence)
        self.difference = difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is said of the money that arrived on one account, in minor units of one asset.

    None where nothing was said. `onward` has one amount for each payment that
    left; one in another asset is None here, for assets are never added.
    """

    asset: str
    arrived: int | None
    held: int | None = None
    onward: tuple[int | None, ...] = ()
    withdrawn: int | None = None
    spent: int | None = None
    left: int | None = None

    @property
    def known(self) -> int:
        """Return the sum of the parts that were said."""
        said = (self.held, *self.onward, self.withdrawn, self.spent, self.left)
        return sum(part for part in said if part is not None)

    @property
    def unsaid(self) -> tuple[str, ...]:
        """Return the places about which nothing, or not everything, was said."""
        onward = None if None in self.onward else 0
        said = {"held": self.held, "withdrawn": self.withdrawn, "spent": self.spent, "left": self.left}
        return tuple(place for place in PLACES if (onward if place == "onward" else said[place]) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two sides that should be one: what arrived, and the sum of its parts.

    `side` is the greater one: `arrived` (something is missing) or `parts` (too much is told).
    """

    side: str
    amount: int
    arrived: int
    told: int
    asset: str

    @property
    def sentence(self) -> str:
        """Return the difference in words."""
        much = f"{self.told} {self.asset} minor units in parts, {self.arrived} arrived"
        return f"{much}: {self.amount} {'are missing' if self.side == 'arrived' else 'too much'}"


def difference_of(parts: Parts) -> Difference | None:
    """Return by how much the parts differ from what arrived; None where they agree, or where it cannot be told.

    Nothing is missing as long as one place is unsaid, for the rest may be
    there. Too much is too much whatever the unsaid places hold.

    Raises:
        ValueError: An amount is negative.
    """
    said = (parts.arrived, parts.held, *parts.onward, parts.withdrawn, parts.spent, parts.left)
    if any(amount is not None and amount < 0 for amount in said):
        msg = "an amount is negative"
        raise ValueError(msg)
    if parts.arrived is None:
        return None
    too_much = parts.known - parts.arrived
    if too_much > 0:
        return Difference(side="parts", amount=too_much, arrived=parts.arrived, told=parts.known, asset=parts.asset)
    if too_much < 0 and not parts.unsaid:
        return Difference(side="arrived", amount=-too_much, arrived=parts.arrived, told=parts.known, asset=parts.asset)
    return None


def check_parts(parts: Parts) -> None:
    """Refuse parts that do not add up to what arrived.

    Raises:
        PartsDoNotAddUp: See `difference_of`; nothing may be made of such parts.
    """
    found = difference_of(parts)
    if found is not None:
        raise PartsDoNotAddUp(found)


def above_balance(balance: int, held: Iterable[int]) -> int:
    """Return by how much the holds on one account, over all cases, exceed what the institution says lies there."""
    return max(0, sum(held) - balance)
