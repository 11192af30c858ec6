"""What became of a case's money in several assets, as one figure where the stored rates allow it. Pure."""

from collections.abc import Iterable, Sequence

from antifraud.cases.flow import Money
from workflows.money import Rate, value


def one_figure(moneys: Sequence[Money], rates: Iterable[Rate], into: str) -> Money | None:
    """Return the money of all assets in one, each sum valued and rounded once; None while a rate is missing.

    What rounding moves lies in `gone`, so that the parts are still the loss
    and nothing looks unclear that is not.
    """
    known = list(rates)

    def total(amounts: dict[str, int]) -> int | None:
        return value(amounts, into, known).total

    sums = {
        name: total({money.asset: getattr(money, name) for money in moneys})
        for name in ("loss", "stopped", "pursuit", "elsewhere")
    }
    more = total({money.asset: max(money.unclear, 0) for money in moneys})
    less = total({money.asset: max(-money.unclear, 0) for money in moneys})
    loss, stopped, pursuit, elsewhere = sums.values()
    if loss is None or stopped is None or pursuit is None or elsewhere is None or more is None or less is None:
        return None
    unclear = more - less
    return Money(
        asset=into,
        loss=loss,
        stopped=stopped,
        pursuit=pursuit,
        gone=loss - stopped - pursuit - unclear,
        unclear=unclear,
        unknown=sum(money.unknown for money in moneys),
        elsewhere=elsewhere,
    )
