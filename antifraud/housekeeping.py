"""What the worker does beside firing and sending: late effects, sealing the log, spent nonces, planned runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete

from antifraud.audit.service import seal
from antifraud.auth.service import Centre
from antifraud.banks.models import nonces
from antifraud.cases.messages import Mail
from antifraud.channel.replies import apply_reply, waiting
from antifraud.foundation.db import retrying
from antifraud.installation import Installation

REPLIES_AT_ONCE = 100
SEAL_EVERY = timedelta(seconds=5)
NONCES_KEPT = timedelta(minutes=15)
SWEEP_EVERY = timedelta(minutes=1)
ACTOR = "loop:runs"

log = structlog.get_logger()


@dataclass
class Housekeeping:
    """The third loop's body, for every centre of the installation."""

    installation: Installation
    mails: Sequence[tuple[Centre, Mail]]
    _next: dict[tuple[UUID, str], datetime] = field(default_factory=dict)

    def run_once(self) -> int:
        """Do what is there to do; return how many replies found their effect late."""
        return sum(self._in_centre(centre, mail) for centre, mail in self.mails)

    def _in_centre(self, centre: Centre, mail: Mail) -> int:
        applied = self._late_replies(centre, mail)
        if self._is_time(centre, "seal", SEAL_EVERY):
            with self.installation.database.begin(centre.id) as connection:
                seal(self.installation.work(connection, centre.id, ACTOR), origin=f"antifraud/{centre.id}")
        if self._is_time(centre, "sweep", SWEEP_EVERY):
            with self.installation.database.begin(centre.id) as connection:
                connection.execute(delete(nonces).where(nonces.c.seen_at < self.installation.clock.now() - NONCES_KEPT))
        return applied

    def _late_replies(self, centre: Centre, mail: Mail) -> int:
        with self.installation.database.begin(centre.id) as connection:
            found = waiting(self.installation.work(connection, centre.id, ACTOR), REPLIES_AT_ONCE)
        done = 0
        for reply_id in found:
            try:
                retrying(partial(self._apply, centre, mail, reply_id))
                done += 1
            except Exception:
                # One reply that cannot be applied must not keep the others waiting.
                log.exception("reply_not_applied", reply_id=str(reply_id))
        return done

    def _apply(self, centre: Centre, mail: Mail, reply_id: UUID) -> None:
        with self.installation.database.begin(centre.id) as connection:
            apply_reply(self.installation.work(connection, centre.id, ACTOR), mail, reply_id)

    def _is_time(self, centre: Centre, what: str, every: timedelta) -> bool:
        now = self.installation.clock.now()
        if now < self._next.get((centre.id, what), now):
            return False
        self._next[centre.id, what] = now + every
        return True

    def beat(self, worker_id: UUID, loops: Mapping[str, Any]) -> None:
        """Leave a sign of life."""

    def leave(self, worker_id: UUID) -> None:
        """Take the sign of life away: this worker ended on purpose."""
