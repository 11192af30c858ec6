"""Everything that a week's page shows, read in one transaction: the week itself, what it is compared with, editions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from antifraud.auth.service import Centre
from antifraud.banks.models import institutions
from antifraud.console.weekly.chart import Chart, Point, draw
from antifraud.console.weekly.figures import Figure, by_id, is_same_measure
from antifraud.foundation.problems import NotFound, Problem
from antifraud.timeliness.queries import Edition, editions_of, newest_week, standing_editions
from antifraud.timeliness.service import weekly_document
from antifraud.timeliness.weeks import Week
from antifraud.work import Work

WEEKS: Final = 13
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPage:
    """One week as its readers see it; `document` is exactly what the JSON says."""

    centre: Centre
    week: Week
    document: Mapping[str, Any]
    before: Mapping[str, Any] | None
    editions: list[Edition]
    chart: Chart
    names: Mapping[str, Mapping[str, str]]
    previous: str
    following: str | None

    @property
    def headline(self) -> Figure:
        """The figure that stands first."""
        found: Figure = next(figure for figure in self.document["figures"] if figure["headline"])
        return found

    @property
    def others(self) -> list[Figure]:
        """The other figures, in the order of the measures."""
        return [figure for figure in self.document["figures"] if not figure["headline"]]

    def earlier(self, figure: Figure) -> Figure | None:
        """Return last week's figure by the same definition."""
        found = by_id(self.before).get(figure["id"])
        return found if is_same_measure(figure, found) else None


def asked_week(work: Work, centre: Centre, name: str | None) -> Week:
    """Return the week of that name; without one the newest that was published, else the one that runs.

    Raises:
        NotFound: No week is written so, there is none, or it has not begun.
    """
    if name is None:
        published = newest_week(work)
        return Week.parse(published, centre.zone) if published else Week.of(work.now(), centre.zone)
    try:
        return Week.parse(name, centre.zone)
    except Problem as problem:
        raise NotFound(problem.detail) from problem


def read(work: Work, centre: Centre, week: Week, edition: int | None) -> WeekPage:
    """Read what the page of the week shows; with ``edition``, as that edition was published.

    Raises:
        NotFound: The week has not begun, or there is no such edition.
    """
    editions = editions_of(work, week.name)
    document: Mapping[str, Any] = weekly_document(work, centre, week)
    if edition is not None:
        chosen = next((one for one in editions if one.edition == edition), None)
        if chosen is None:
            raise NotFound(f"there is no such edition of {week.name}")
        document = chosen.whole()
    last = Week.of(week.start - _MOMENT, centre.zone)
    after = Week.of(week.end, centre.zone)
    codes = {
        row["institution"]
        for figure in document["figures"]
        for row in figure.get("institutions", ())
        if row["institution"] is not None
    }
    return WeekPage(
        centre=centre,
        week=week,
        document=document,
        before=weekly_document(work, centre, last),
        editions=editions,
        chart=draw(_points(work, centre, week, document)),
        names=names(work.connection, codes),
        previous=last.name,
        following=after.name if after.start <= work.now() else None,
    )


def _points(work: Work, centre: Centre, week: Week, document: Mapping[str, Any]) -> list[Point]:
    """Return the published weeks before this one, and this one; a week that nobody published is a gap."""
    weeks = [week]
    while len(weeks) < WEEKS:
        weeks.insert(0, Week.of(weeks[0].start - _MOMENT, centre.zone))
    published = standing_editions(work, [one.name for one in weeks[:-1]])
    begun = next((index for index, one in enumerate(weeks) if one.name in published), len(weeks) - 1)
    headline = next(figure for figure in document["figures"] if figure["headline"])
    points = []
    for one in weeks[begun:]:
        found = published.get(one.name)
        figure = by_id(found.document).get(headline["id"]) if found else None
        points.append(
            Point(
                week=one.name,
                number=int(one.name[-2:]),
                rate=figure["rate"] if figure is not None and is_same_measure(headline, figure) else None,
                edition=found.edition if found else None,
                is_live=False,
                is_shown=False,
            )
        )
    publication = document["publication"]
    points[-1] = Point(
        week=week.name,
        number=int(week.name[-2:]),
        rate=headline["rate"],
        edition=publication["edition"] if publication else None,
        is_live=publication is None,
        is_shown=True,
    )
    return points


def names(connection: Connection, codes: Collection[str]) -> dict[str, dict[str, str]]:
    """Return how the institutions are called now; the published figures name them by code, which never changes."""
    rows = connection.execute(
        select(institutions.c.code, institutions.c.name_zh, institutions.c.name_en).where(
            institutions.c.code.in_(sorted(codes))
        )
    )
    return {row.code: {"zh": row.name_zh, "en": row.name_en} for row in rows}
