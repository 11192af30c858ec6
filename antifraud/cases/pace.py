"""How fast an institution has been of late: so that "normal" and "slow" are facts while somebody waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Interval, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from antifraud.banks.models import institutions
from antifraud.cases.models import requests

LOOKED_BACK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pace:
    """Medians over the institution's stop requests since an instant; None where none was measured."""

    answers: int
    receipt: timedelta | None
    answer: timedelta | None


def pace(connection: Connection, institution_code: str, now: datetime) -> Pace:
    """Return how long receipt and answer took in the middle case of the last 30 days.

    Both begin with the request: that is when whoever waits begins to wait.
    """

    def median(end: ColumnElement[datetime]) -> ColumnElement[timedelta]:
        took = cast(end - requests.c.created_at, Interval)
        return func.percentile_disc(0.5).within_group(took).filter(end.is_not(None))

    row = connection.execute(
        select(
            func.count(requests.c.answered_at),
            median(requests.c.acknowledged_at),
            median(requests.c.answered_at),
        )
        .join(institutions, institutions.c.id == requests.c.institution_id)
        .where(
            institutions.c.code == institution_code,
            requests.c.role == "stop",
            requests.c.created_at > now - LOOKED_BACK,
            requests.c.created_at <= now,
        )
    ).one()
    return Pace(answers=row[0], receipt=row[1], answer=row[2])
