"""How fast a report was taken: when each fact was had, beside a target. It measures; it neither blinks nor scolds."""

from dataclasses import dataclass
from datetime import datetime

from antifraud.console.reporting.phrases import translated as _
from antifraud.intake.drafts import Draft


@dataclass(frozen=True, slots=True)
class Step:
    """One step: when its fact was had, seconds after the call began; `state` is ok, now or nothing."""

    label: str
    seconds: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Race:
    """The call behind a draft, at an instant."""

    draft: Draft
    now: datetime

    @property
    def steps(self) -> list[Step]:
        """Return when each fact was had."""
        had: dict[str, str] = dict(self.draft.marks.get("had", {}))
        names = [("account", _("payee account")), ("amount", _("amount")), ("time", _("transfer time"))]
        steps = [Step(_("call"), 0, "ok")]
        for name, label in names:
            steps.append(self._step(label, self._seconds(had.get(name)), steps[-1]))
        sent = self._seconds(self.draft.marks.get("sent_at"))
        return [*steps, self._step(_("send") if sent is None else _("sent"), sent, steps[-1])]

    def _step(self, label: str, seconds: int | None, before: Step) -> Step:
        if seconds is not None:
            return Step(label, seconds, "ok")
        return Step(label, None, "now" if before.state == "ok" else "")

    def _seconds(self, at: str | None) -> int | None:
        if at is None:
            return None
        return max(0, int((datetime.fromisoformat(at) - self.draft.opened_at).total_seconds()))

    @property
    def elapsed(self) -> int:
        """Return how many seconds the call has lasted, or took until it was sent."""
        sent = self._seconds(self.draft.marks.get("sent_at"))
        return sent if sent is not None else max(0, int((self.now - self.draft.opened_at).total_seconds()))

    @property
    def digits(self) -> str:
        """Return the length of the call as digits."""
        minutes, seconds = divmod(self.elapsed, 60)
        return f"{minutes:02d}:{seconds:02d}"
