"""The one writer of case state: lock, advance, write state, rows, messages and log in one transaction."""

from collections.abc import Callable, Iterable
from uuid import UUID

from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.others import hold_back_releases
from antifraud.cases.rows import write
from antifraud.work import Work
from workflows import AnyEvent


def save(desk: Desk, mail: Mail, *, told: Callable[[], None] = lambda: None) -> None:
    """Write a desk; the caller commits, and nothing of it is seen before.

    Args:
        desk: The cases, with all that happened to them.
        mail: How the centre's messages look.
        told: Called when the cases stand as they will be written: what it gathers is written with them.
    """
    hold_back_releases(desk)
    desk.hand_over_the_unreachable()
    told()
    write(desk, mail)


def apply(work: Work, mail: Mail, case_id: UUID, procedure_id: UUID, events: Iterable[AnyEvent]) -> CaseFile:
    """Lock the case, fold the events in order, and write all that follows.

    Raises:
        CaseNotFound: The centre of the transaction has no such case.
        EventRefused: An event cannot happen now; the caller must roll back.
    """
    desk = Desk(work)
    file = desk.lock(case_id)
    for event in events:
        file.apply(procedure_id, event)
    save(desk, mail)
    return file
