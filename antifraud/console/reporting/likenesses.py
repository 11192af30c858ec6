"""What a likeness means, in words: what is the same, since when, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime

from antifraud.auth.service import Centre
from antifraud.cases.likeness import Likeness, Weight
from antifraud.console.frame.shown import money as written
from antifraud.console.reporting import phrases
from antifraud.console.reporting.phrases import counted as ngettext
from antifraud.console.reporting.phrases import translated as _
from antifraud.foundation.times import zone


@dataclass(frozen=True, slots=True)
class Likenesses:
    """The sentences, for a payment of ``amount_minor`` that is being typed now."""

    centre: Centre
    now: datetime
    amount_minor: int | None

    def head_of(self, match: Likeness) -> str:
        """Return what is the same, and since when."""
        return str(phrases.HEADS[match.consequence])

    def look_of(self, match: Likeness) -> str:
        """Return the look of a likeness."""
        return phrases.LOOKS[match.consequence]

    def consequence_of(self, match: Likeness) -> str:
        """Return what follows from a likeness, in one sentence."""
        at = self._clock(match.at) if match.at else ""
        amount = written(self.amount_minor, self.centre.currency)
        match match.consequence:
            case "stopped_money_likely_there":
                text = _(
                    "Since %(at)s money may come in and none may leave: this payment is very likely still there."
                    " Merging sends no second stop; it adds %(amount)s to the one in force.",
                    at=at,
                    amount=amount,
                )
            case "stopped":
                text = _(
                    "Stopped at %(at)s. Merging sends no second stop; it adds %(amount)s to the one in force.",
                    at=at,
                    amount=amount,
                )
            case "frozen":
                text = _("Frozen since %(at)s. Merging adds this payment to that case.", at=at)
            case "asked":
                text = _("Asked for at %(at)s, not answered yet. Merging adds this payment to that case.", at=at)
            case "known":
                text = _("Nothing is in force there now: this report sends a stop of its own.")
            case "same_money":
                text = _(
                    "%(amount)s at %(at)s: perhaps the same payment, told twice.",
                    at=at,
                    amount=written(match.amount_minor, match.asset or self.centre.currency),
                )
            case _:
                text = _("Reported at %(at)s. It can be linked as the history of this case.", at=at)
        return text

    def weight(self, weight: Weight) -> str:
        """Return how often the account was reported, in one sentence."""
        sums = ", ".join(written(total, asset) for asset, total in weight.sums)
        count = ngettext("%(num)d report so far", "%(num)d reports so far", weight.cases)
        since = self._clock(weight.since)
        if not sums:
            return _("This account: %(count)s, first on %(since)s.", count=count, since=since)
        return _("This account: %(count)s, %(sums)s in all, first on %(since)s.", count=count, sums=sums, since=since)

    def _clock(self, at: datetime) -> str:
        local, today = at.astimezone(zone(self.centre.zone)), self.now.astimezone(zone(self.centre.zone))
        return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%m-%d %H:%M}"
