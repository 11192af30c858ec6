"""State of the machinery, for the header of every page: who lives, what fires late or not, what waits to be sent.

The web process reads it by itself, so that the page says that no worker lives
exactly when none does; what the auditor counts from the log stands beside it.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from antifraud.console.frame.shown import duration
from antifraud.console.frame.texts import gettext as _
from antifraud.deadlines import service as deadlines
from antifraud.installation import Installation
from antifraud.outbox import queries as outbox
from antifraud.runs.service import ALIVE_FOR, living
from antifraud.watching.alarms import TOLERANCE, books

ACTOR: Final = "loop:console"
WORKER: Final = "worker"
FIRES_LATE: Final = timedelta(seconds=5)
"""A deadline that has not fired so long after its instant is worth a word."""
SENDS_LATE: Final = timedelta(seconds=60)
_KEPT_FOR: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the machinery of one centre looks like at one instant of the clock.

    `missed` are the deadlines that by the log should have fired long ago and did not.
    """

    at: datetime
    worker_alive: bool
    overdue_since: datetime | None
    waiting: int
    waiting_since: datetime | None
    auditor_alive: bool = True
    missed: int = 0
    missed_since: datetime | None = None


def read(installation: Installation, centre_id: UUID) -> Machine:
    """Return the state of the machinery as the database tells it."""
    now = installation.clock.now()
    # A process beats in real seconds; a clock that runs faster sees it more seldom.
    rate = max(1.0, installation.clock.rate())
    within, late = ALIVE_FOR * rate, now - TOLERANCE * rate
    with installation.database.begin(centre_id) as connection:
        work = installation.work(connection, centre_id, ACTOR)
        processes = living(connection, now, within)
        due_at = deadlines.next_due_at(work)
        backlog = outbox.backlog(work)
        counted = books(connection, centre_id)
    has_missed = counted is not None and counted.oldest_due_at is not None and counted.oldest_due_at < late
    return Machine(
        at=now,
        worker_alive=any(WORKER in process.name for process in processes),
        overdue_since=due_at if due_at is not None and due_at < now - FIRES_LATE else None,
        waiting=backlog.count,
        waiting_since=backlog.oldest_at,
        auditor_alive=counted is not None and counted.looked_at is not None and counted.looked_at >= late,
        missed=counted.difference if counted is not None and has_missed else 0,
        missed_since=counted.oldest_due_at if counted is not None and has_missed else None,
    )


class Watch:
    """The state of every centre's machinery, read at most every two seconds however many pages ask."""

    def __init__(self, installation: Installation) -> None:
        """Read nothing yet."""
        self._installation = installation
        self._lock = threading.Lock()
        self._read: dict[UUID, tuple[float, Machine]] = {}

    def of(self, centre_id: UUID) -> Machine | None:
        """Return the state, at most two seconds old; nothing where the database does not answer."""
        with self._lock:
            before = self._read.get(centre_id)
            if before is not None and time.monotonic() - before[0] < _KEPT_FOR:
                return before[1]
            try:
                found = read(self._installation, centre_id)
            except SQLAlchemyError:
                return None
            self._read[centre_id] = (time.monotonic(), found)
            return found


def spoken(machine: Machine | None) -> dict[str, Any]:
    """Return what the header says: a look, a few words, and one line for each thing that was looked at."""
    if machine is None:
        return {"look": "late", "word": _("Database unreachable"), "lines": [_("The database does not answer.")]}
    lines = [
        _("A worker is running.")
        if machine.worker_alive
        else _("No worker is running: no deadline fires, nothing is sent.")
    ]
    if machine.overdue_since is None:
        lines.append(_("Deadlines fire on time."))
    else:
        late = duration(machine.at - machine.overdue_since)
        lines.append(_("The oldest unfired deadline was due %(length)s ago.", length=late))
    lines += _counted(machine)
    if machine.waiting_since is None:
        lines.append(_("Nothing waits to be sent."))
    else:
        age = duration(machine.at - machine.waiting_since)
        lines.append(_("%(count)s to be sent, the oldest for %(length)s.", count=machine.waiting, length=age))
    look, word = "done", _("Machinery runs")
    if machine.waiting_since is not None and machine.at - machine.waiting_since > SENDS_LATE:
        look, word = "soon", _("Sending is behind")
    if not machine.auditor_alive:
        look, word = "soon", _("No auditor is running")
    if machine.overdue_since is not None:
        look, word = "late", _("Deadlines fire late")
    if machine.missed_since is not None:
        look, word = "late", _("Deadlines do not fire")
    if not machine.worker_alive:
        look, word = "late", _("No worker is running")
    return {"look": look, "word": word, "lines": lines}


def _counted(machine: Machine) -> list[str]:
    """Return what the auditor's books say, and that nobody keeps them."""
    lines = []
    if machine.missed_since is not None:
        late = duration(machine.at - machine.missed_since)
        lines.append(
            _(
                "By the log %(count)s deadlines should have fired and did not, the oldest %(length)s ago.",
                count=machine.missed,
                length=late,
            )
        )
    elif machine.auditor_alive:
        lines.append(_("By the log every deadline fired that should have."))
    if not machine.auditor_alive:
        lines.append(_("No auditor is running: nobody counts what should have fired against what did."))
    return lines
