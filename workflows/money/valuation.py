"""One figure for money in several assets, by rates that were written down when the report was accepted.

Assets are never added to each other. Where one figure is asked for, each is
first valued at a stored rate, which names its source and its instant; without
a rate there is no figure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one minor unit of `asset` is worth: `numerator / denominator` minor units of `into`, by `source` at `at`."""

    asset: str
    into: str
    numerator: int
    denominator: int
    source: str
    at: datetime

    def __post_init__(self) -> None:
        if self.numerator < 0 or self.denominator <= 0:
            msg = f"{self.numerator}/{self.denominator} is no rate"
            raise ValueError(msg)
        if self.asset == self.into:
            msg = f"{self.asset} needs no rate into itself"
            raise ValueError(msg)
        if not self.source.strip():
            msg = "a rate names its source"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """One asset's amount, and its value; `rate` is None where it needed none."""

    asset: str
    amount: int
    value: int
    rate: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """Amounts of several assets in one; `total` is None while an amount has no rate, see `missing`.

    `rounding` says how fractions of a minor unit were treated.
    """

    into: str
    parts: tuple[Valued, ...]
    missing: tuple[str, ...]
    rounding: str = "half_up"

    @property
    def total(self) -> int | None:
        """Return the one figure, or None where there cannot be one."""
        return None if self.missing else sum(part.value for part in self.parts)


def valued(amount: int, rate: Rate) -> int:
    """Return the worth of ``amount`` minor units, to the nearest minor unit of the other asset, a half up.

    Raises:
        ValueError: The amount is negative.
    """
    if amount < 0:
        msg = "an amount is negative"
        raise ValueError(msg)
    return (2 * amount * rate.numerator + rate.denominator) // (2 * rate.denominator)


def value(amounts: Mapping[str, int], into: str, rates: Iterable[Rate]) -> Valuation:
    """Value each asset's sum, once: fractions are rounded where a sum becomes one, never payment by payment.

    Args:
        amounts: Minor units by asset.
        into: The asset of the figure.
        rates: At most one rate for each asset into it.

    Raises:
        ValueError: Two rates for one asset: which is meant is not ours to guess.
    """
    known: dict[str, Rate] = {}
    for rate in rates:
        if rate.into != into:
            continue
        if known.setdefault(rate.asset, rate) != rate:
            msg = f"there are two rates of {rate.asset} into {into}"
            raise ValueError(msg)
    parts = []
    missing = []
    for asset, amount in sorted(amounts.items()):
        if asset == into:
            parts.append(Valued(asset=asset, amount=amount, value=amount, rate=None))
        elif asset in known:
            parts.append(Valued(asset=asset, amount=amount, value=valued(amount, known[asset]), rate=known[asset]))
        elif amount:
            missing.append(asset)
    return Valuation(into=into, parts=tuple(parts), missing=tuple(missing))
