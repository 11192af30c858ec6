"""Notices that money was given back: a repeated one counts once, and nobody gives back more than is held."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["new", "repeated", "differs", "above_held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnNotice:
    """One notice about one hold; `reference` is the institution's own for the return, where it gives one."""

    id: str
    reference: str | None
    amount: int
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a notice is; `excess` is by how much it goes above what is held, `of` the notice that it repeats."""

    verdict: Verdict
    excess: int = 0
    of: str | None = None


def judge_return(notice: ReturnNotice, before: Iterable[ReturnNotice], *, held: int, asset: str) -> Judged:
    """Say whether a notice of return is a new one, and whether it can be true.

    Args:
        notice: What the institution says now.
        before: The notices that counted so far, in any order.
        held: What was held before any of them, in minor units.
        asset: The asset of the hold.

    Returns:
        `repeated`: the same id or the same reference, and the same sum. `differs`: the same id or reference with
        another sum, or another asset than the hold's: a person must ask. `above_held`: together with those before
        it, it would give back more than was held. Otherwise `new`.

    Raises:
        ValueError: An amount is negative.
    """
    counted = list(before)
    if notice.amount < 0 or held < 0:
        msg = "an amount is negative"
        raise ValueError(msg)
    for known in counted:
        is_same = known.id == notice.id or (known.reference is not None and known.reference == notice.reference)
        if is_same:
            same_sum = (known.amount, known.asset) == (notice.amount, notice.asset)
            return Judged(verdict="repeated" if same_sum else "differs", of=known.id)
    if notice.asset != asset:
        return Judged(verdict="differs")
    excess = sum(known.amount for known in counted) + notice.amount - held
    return Judged(verdict="above_held", excess=excess) if excess > 0 else Judged(verdict="new")
