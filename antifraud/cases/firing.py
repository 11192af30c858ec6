"""Fire what is due: each wait once, by any number of workers, its lateness recorded."""

from collections.abc import Container
from typing import Final
from uuid import UUID

import structlog

from antifraud.cases.casefile import Desk
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.deadlines import service as waits
from antifraud.foundation.seams import seam
from antifraud.work import Work
from workflows import derived_id
from workflows.events import ClockReached

LOOKED_AT: Final = 4
"""So many times the cases of a batch are looked at: so many can be at work on one backlog side by side."""

log = structlog.get_logger()


def fire_due(work: Work, mail: Mail, limit: int, *, only: UUID | None = None, without: Container[UUID] = ()) -> int:
    """Fire the due waits of up to ``limit`` cases, oldest first; return how many waits that were.

    1. Find cases with a due wait, and lock those that nobody else works on.
    2. Read again, under the lock, which of their waits are due.
    3. Advance each case by its waits in the order of their due instants.
    4. Write everything; the caller commits.

    With ``only`` it looks at that one case, ``without`` leaves some aside: how the
    others go on when one cannot be fired.

    A case that is busy is left to the next round: whoever holds it may be
    ending the very wait.
    """
    now = work.now()
    found = [only] if only else waits.cases_with_due(work, now, limit * LOOKED_AT)
    candidates = [case_id for case_id in found if case_id not in without]
    if not candidates:
        return 0
    desk = Desk(work)
    files = {file.id: file for file in desk.lock_idle(candidates, limit)}
    fired, stray = 0, []
    for due in waits.due_of(work, list(files), now) if files else ():
        event = ClockReached(id=derived_id(now, due.id, "reached"), at=now, clock_id=due.id)
        if files[due.case_id].apply(due.procedure_id, event):
            fired += 1
        elif due.id not in files[due.case_id].procedures[due.procedure_id].state.clocks:
            # A running row without its clock would be found due for ever.
            log.error("stray_deadline", deadline_id=str(due.id))
            stray.append(waits.Ended(due.id, "void", now))
    save(desk, mail)
    waits.end(work, stray)
    seam("deadlines.written")
    return fired
