"""Open waits under newer calendars or zone data: which would move, and moving them by a recorded event.

Elapsed times never move, nor does a wait that is over. Each case is a
transaction of its own, so that a centre goes on while its waits are counted.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from antifraud.cases.casefile import Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import cases
from antifraud.cases.service import save
from antifraud.deadlines.models import deadlines
from antifraud.work import Work
from workflows.clocks import supersedes
from workflows.codec import derivation_from_json
from workflows.events import ClockSuperseded
from workflows.state import Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One open wait, how it was counted, and how the present data count it."""

    deadline_id: UUID
    case_id: UUID
    case_no: str
    kind: str
    was: Derivation
    now: Derivation


def outdated(connection: Connection) -> list[Moved]:
    """Return the open waits of the centre that the present data would move, by case; nothing is changed."""
    rows = connection.execute(
        select(deadlines.c.id, deadlines.c.case_id, cases.c.no, deadlines.c.kind, deadlines.c.derivation)
        .join(cases, cases.c.id == deadlines.c.case_id)
        .where(deadlines.c.state == "running", deadlines.c.derivation["calendar"].astext != "absolute")
        .order_by(cases.c.no, deadlines.c.due_at, deadlines.c.id)
    )
    found = []
    for row in rows:
        was = derivation_from_json(row.derivation)
        now = supersedes(was)
        if now is not None:
            found.append(
                Moved(deadline_id=row.id, case_id=row.case_id, case_no=row.no, kind=row.kind, was=was, now=now)
            )
    return found


def recount(work: Work, mail: Mail, case_id: UUID) -> list[Moved]:
    """Count the open waits of one case again under lock, and let those run to their new instants that differ.

    Raises:
        CaseNotFound: The centre has no such case.
    """
    desk = Desk(work)
    file = desk.lock(case_id)
    moved = []
    for procedure in list(file.procedures.values()):
        for clock in list(procedure.state.clocks.values()):
            now = supersedes(clock.derivation)
            if now is None:
                continue
            event = ClockSuperseded(id=work.new_id(), at=work.now(), clock_id=clock.id, was=clock.derivation, now=now)
            if file.apply(procedure.id, event):
                moved.append(
                    Moved(
                        deadline_id=clock.id,
                        case_id=case_id,
                        case_no=file.no,
                        kind=clock.kind,
                        was=clock.derivation,
                        now=now,
                    )
                )
    save(desk, mail)
    return moved
