"""Weeks full of facts: rows as the cases write them, many at once, about one real case of the drill centre."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from antifraud.cases.models import facts
from antifraud.foundation.ids import new_id
from antifraud.timeliness.facts import Fact
from antifraud.timeliness.weeks import Week
from tests.antifraud.timeliness.driven import Drive
from tests.antifraud.timeliness.made import Book

ZONE = "Asia/Shanghai"
LATE = timedelta(minutes=40)
TIMELY = timedelta(minutes=12)


class Weeks:
    """A centre whose past weeks hold as many answered and late requests as told."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self._order = drive.report()
        with drive.work() as work:
            rows = work.connection.exec_driver_sql("SELECT code, id FROM institutions").all()
        self.institutions: dict[str, UUID] = {row.code: row.id for row in rows}

    def answers(self, week: Week, institution: str, *, in_time: int, late: int = 0, never: int = 0) -> None:
        """Write answer boxes of requests to an institution that ended in the week."""
        book, start = Book(at=week.start + timedelta(hours=3)), week.start + timedelta(hours=2)
        took = [TIMELY] * in_time + [LATE] * late
        for length in [*took, *([None] * never)]:
            book.box("answer", start=start, took=length, institution_id=self.institutions[institution])
        self.write(book.facts)

    def write(self, made: Iterable[Fact]) -> None:
        """Write facts with ids of their own, under the one case there is."""
        with self.drive.work() as work:
            work.connection.execute(
                insert(facts),
                [
                    {
                        **asdict(fact),
                        "id": new_id(self.drive.clock),
                        "subject_id": new_id(self.drive.clock),
                        "case_id": self._order.case_id,
                        "procedure_id": self._order.procedure_id,
                        "centre_id": work.centre_id,
                    }
                    for fact in made
                ],
            )


def week(name: str) -> Week:
    """Return a week of the drill centre's zone."""
    return Week.parse(name, ZONE)


def days_after(week: Week, days: float) -> datetime:
    """Return an instant so many days after a week's end."""
    return week.end + timedelta(days=days)
