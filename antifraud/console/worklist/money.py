"""Where the money of a case is, tier by tier, as the preview of a row shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from antifraud.cases.beside import Hop
from antifraud.console.frame import words
from antifraud.console.frame.languages import language
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext

SHOWN_TIERS: Final = 3
_ENDINGS: Final = ("银行", "支付", " Bank", " Pay")
_IN_PURSUIT: Final = {"unconfirmed", "asked", "queued_behind", "in_question"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Where the money stands in one tier: in words, with the look of its state."""

    name: str
    look: str
    where: str
    what: str
    amount_minor: int | None
    took: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The money of a case in one asset; the parts add up to the loss, or `unclear_minor` says by how much not."""

    asset: str
    loss_minor: int
    held_minor: int
    pursued_minor: int
    rest_minor: int
    unclear_minor: int
    is_partly_unknown: bool
    tiers: tuple[Tier, ...]

    def share(self, minor: int) -> float:
        """Return a part in per cent of the whole bar."""
        whole = max(self.loss_minor, self.held_minor + self.pursued_minor) or 1
        return round(100 * minor / whole, 2)


def tier_word(tier: int) -> str:
    """Return how a tier is called; 0 are the victim's own accounts."""
    if language() == "zh":
        names = ("", "一级", "二级", "三级", "四级", "五级", "六级", "七级", "八级", "九级", "十级")
        return names[tier] if 0 < tier < len(names) else _("tier %(number)s", number=tier)
    return _("tier %(number)s", number=tier)


def money(found: Sequence[Hop], asset: str | None) -> Money | None:
    """Return where the money of a case is, in the asset of the row; None where no claim is known."""
    wanted = asset or (found[0].asset if found else None)
    hops = [hop for hop in found if hop.asset == wanted]
    if not hops or wanted is None:
        return None
    first = min(hop.tier for hop in hops)
    loss = sum(hop.traced_minor or 0 for hop in hops if hop.tier == first)
    held = sum(hop.held_minor for hop in hops)
    pursued = sum(max(0, (hop.traced_minor or 0) - hop.held_minor) for hop in hops if hop.state in _IN_PURSUIT)
    tiers = sorted({hop.tier for hop in hops})
    return Money(
        asset=wanted,
        loss_minor=loss,
        held_minor=held,
        pursued_minor=pursued,
        rest_minor=max(0, loss - held - pursued),
        unclear_minor=max(0, held + pursued - loss),
        is_partly_unknown=any(hop.traced_minor is None for hop in hops),
        tiers=tuple(_tier([hop for hop in hops if hop.tier == tier]) for tier in tiers[:SHOWN_TIERS]),
    )


def _tier(hops: Sequence[Hop]) -> Tier:
    """Return the one line of a tier: what is held there, else what is pursued, else how it ended."""
    number = sum(hop.number for hop in hops)
    first = max(hops, key=lambda hop: (hop.held_minor > 0, hop.state in _IN_PURSUIT, hop.traced_minor or 0))
    held = sum(hop.held_minor for hop in hops)
    pursued = [hop.traced_minor or 0 for hop in hops if hop.state in _IN_PURSUIT]
    amount: int | None
    if held:
        look, what, amount = "held", _("stopped"), held
    elif pursued:
        look, what, amount = "wait", _("in pursuit"), sum(pursued)
    else:
        look, what, amount = words.look("hold", first.state), str(words.word("hold", first.state)), first.traced_minor
    name = first.institution_zh if language() == "zh" else first.institution_en
    took = [hop.took_seconds for hop in hops if hop.took_seconds is not None and hop.took_seconds >= 0]
    return Tier(
        name=tier_word(first.tier),
        look=look,
        where=_short(name) if number == 1 and name else ngettext("%(num)d account", "%(num)d accounts", number),
        what=what,
        amount_minor=amount,
        took=timedelta(seconds=min(took)) if took else None,
    )


def _short(name: str) -> str:
    """Return a name without the word that all institutions share, where enough is left of it."""
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name
