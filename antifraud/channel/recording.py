"""Records what came of attempts: the attempt, the delivery, and the signed response as it came.

Attempts that end while a transaction is being written share the next one, so
that a commit each is paid only where there is but one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.channel.replies import Incoming, MessageIdReused, ReplayedNonce, keep
from antifraud.channel.signatures import Verified
from antifraud.foundation.db import Database, retrying
from antifraud.foundation.http import Received
from antifraud.outbox import service as outbox
from antifraud.work import Work
from workflows import derived_id
from workflows.events import RequestDelivered

MOST_AT_ONCE = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """One try: how it ended, and the response if a whole and believable one came.

    `is_ours`: nothing was tried, because we could not read our own message; it
    says nothing about the institution.
    """

    attempt: outbox.Attempt
    received: Received | None = None
    verified: Verified | None = None
    is_ours: bool = False


@dataclass(slots=True, eq=False)
class _Ended:
    """A call that is to be recorded; `is_recorded` once a shared transaction did it, `reply_id` what it kept."""

    tried: outbox.Tried
    call: Call
    is_recorded: bool = False
    reply_id: UUID | None = None


@dataclass
class Recorder:
    """The records of one centre. `work` gives the hands for a transaction."""

    database: Database
    work: Callable[[Connection], Work]
    centre_id: UUID
    mail: Mail
    _waiting: list[_Ended] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _turn: Lock = field(default_factory=Lock)

    def record(self, tried: outbox.Tried, call: Call) -> UUID | None:
        """Record one call, alone or with others that ended meanwhile; return the reply that is to be applied.

        What cannot be written together, because a case is busy or refuses its
        event, is written alone: it delays and spoils nobody else's record.
        """
        ended = _Ended(tried, call)
        with self._lock:
            self._waiting.append(ended)
        with self._turn:
            with self._lock:
                together = self._waiting[:MOST_AT_ONCE] if ended in self._waiting else []
                self._waiting = [one for one in self._waiting if one not in together]
            if together:
                self._together(together)
        if not ended.is_recorded:
            retrying(partial(self._write, [ended], wait=True))
        return ended.reply_id

    def _together(self, together: Sequence[_Ended]) -> None:
        try:
            retrying(partial(self._write, together, wait=False))
        except OperationalError:
            raise  # the database is away: the claims stay, and their leases end
        except Exception as error:  # noqa: BLE001 - each is tried alone next, and says itself what is wrong
            log.warning("records_not_written_together", count=len(together), error=type(error).__name__)

    def _write(self, together: Sequence[_Ended], *, wait: bool) -> None:
        """Write the records in one transaction; without ``wait``, leave out those whose case is busy."""
        done: dict[_Ended, UUID | None] = {}
        with self.database.begin(self.centre_id) as connection:
            work = self.work(connection)
            # The cases before the outbox rows: the order in which everybody else locks them.
            desk = Desk(work)
            wanted = sorted({one.tried.claim.case_id for one in together})
            if wait:
                desk.lock_all(wanted)
            else:
                desk.lock_idle(wanted, len(wanted))
            mine = [one for one in together if one.tried.claim.case_id in desk.files]
            outbox.record(work, [one.tried for one in mine])
            for one in mine:
                _enter(desk, desk.files[one.tried.claim.case_id], one)
            save(desk, self.mail)
            for one in mine:
                done[one] = _keep(work, one)
        for one, reply_id in done.items():
            one.is_recorded, one.reply_id = True, reply_id


def _enter(desk: Desk, file: CaseFile, ended: _Ended) -> None:
    """Let the case know of a delivery, and of one that another way has proved."""
    claim, attempt = ended.tried.claim, ended.call.attempt
    if attempt.result != "delivered" or ended.call.received is None:
        _stop_if_known(desk, file, claim, attempt)
    elif claim.kind != "reminder":
        event = RequestDelivered(
            id=derived_id(attempt.ended_at, claim.id, "delivered"),
            at=attempt.ended_at,
            request_id=claim.request_id,
            channel="push",
            sent_at=attempt.started_at,
            delivered_at=attempt.ended_at,
        )
        file.apply(file.procedure_of(claim.request_id).id, event)


def _keep(work: Work, ended: _Ended) -> UUID | None:
    """Keep the response of a delivery as it came; return the reply that has no effect yet."""
    claim, call = ended.tried.claim, ended.call
    if call.attempt.result != "delivered" or call.received is None or not call.received.body:
        return None
    incoming = Incoming(
        institution_id=claim.institution_id,
        request_id=claim.request_id,
        via="response",
        verified=call.verified,
        body=call.received.body,
    )
    try:
        with work.connection.begin_nested():
            kept = keep(work, incoming)
    except (ReplayedNonce, MessageIdReused) as problem:
        log.warning("response_not_kept", outbox_id=str(claim.id), reason=problem.type)
        return None
    return kept.reply_id if kept.state == "stored" else None


def _stop_if_known(desk: Desk, file: CaseFile, claim: outbox.Claim, attempt: outbox.Attempt) -> None:
    """Do not try again what the institution has: an answer on another way proved it, or ended the wish for it.

    The first attempt of which anything may have arrived is the one that did.
    """
    request = file.request(claim.request_id)
    if claim.kind == "reminder":
        if request.stage == "answered":
            outbox.give_up(desk.work, claim.id)
        return
    if request.delivered_at is None or request.channel is not None:
        return
    event = RequestDelivered(
        id=derived_id(attempt.ended_at, claim.id, "delivered"),
        at=attempt.ended_at,
        request_id=claim.request_id,
        channel="push",
        sent_at=outbox.first_sent_at(desk.work, claim.id) or attempt.started_at,
        delivered_at=request.delivered_at,
    )
    file.apply(file.procedure_of(claim.request_id).id, event)
    outbox.give_up(desk.work, claim.id)
