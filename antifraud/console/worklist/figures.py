"""The week so far, for the head of the list: the answer rate with its fraction, and the money stopped."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from antifraud.auth.service import Centre
from antifraud.console.frame.languages import language
from antifraud.installation import Installation
from antifraud.timeliness.service import live_figures
from antifraud.timeliness.weeks import Week

KEPT_FOR_SECONDS: Final = 20.0
"""The figures move slowly, and are computed from every fact of the week."""
_ACTOR: Final = "reader:weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Two figures of the running week; a rate is None where the definition withholds it."""

    week: str
    rate: str | None
    in_time: int
    counted: int
    definition: str
    asset: str | None
    held_minor: int
    claimed_minor: int
    cases: int


def read(installation: Installation, centre: Centre) -> Figures:
    """Return the figures of the week that runs, by the public definition in force."""
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, _ACTOR)
        week = Week.of(work.now(), centre.zone)
        found = live_figures(work, centre, week).document
    by_id: dict[str, dict[str, Any]] = {figure["id"]: figure for figure in found["figures"]}
    headline = next(figure for figure in found["figures"] if figure["headline"])
    value = by_id.get("hold_rate_by_value", {"assets": ()})
    own = next((one for one in value["assets"] if one["asset"] == centre.currency), None)
    return Figures(
        week=week.name,
        rate=headline["rate"],
        in_time=headline["numerator"],
        counted=headline["denominator"],
        definition=headline["definition"][language()],
        asset=own["asset"] if own else None,
        held_minor=int(Decimal(own["numerator_minor"])) if own else 0,
        claimed_minor=int(Decimal(own["denominator_minor"])) if own else 0,
        cases=own["cases"] if own else 0,
    )
