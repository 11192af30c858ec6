"""What the worker does beside firing and sending: late effects, sealing the log, spent nonces, planned runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete

from antifraud.audit.rules import origin_of
from antifraud.audit.service import seal
from antifraud.auth.service import Centre, founded_at
from antifraud.banks.models import nonces
from antifraud.cases.messages import Mail
from antifraud.channel.replies import apply_reply, waiting
from antifraud.channel.signatures import NONCES_KEPT
from antifraud.foundation.db import retrying
from antifraud.installation import Installation
from antifraud.intake.door import Door
from antifraud.runs import service as runs
from antifraud.timeliness.service import NotPublishable, publish
from antifraud.timeliness.weeks import Week

REPLIES_AT_ONCE = 100
SEAL_EVERY = timedelta(seconds=5)
SWEEP_EVERY = timedelta(minutes=1)
PLANNED_BACK = timedelta(weeks=60)
"""How long no worker may have run, and every week of it is still published."""
WEEKLY = "publish_week"
ACTOR = "loop:runs"

log = structlog.get_logger()


@dataclass
class Housekeeping:
    """The third loop's body, for every centre of the installation."""

    installation: Installation
    mails: Sequence[tuple[Centre, Mail]]
    door: Door
    process: runs.Process
    _next: dict[tuple[UUID, str], datetime] = field(default_factory=dict)

    def run_once(self) -> int:
        """Do what is there to do; return how many late effects and planned runs that were."""
        return sum(self._in_centre(centre, mail) for centre, mail in self.mails)

    def next_at(self) -> datetime | None:
        """Return when the next planned run is due."""
        found = []
        for centre, _ in self.mails:
            with self.installation.database.begin(centre.id) as connection:
                found.append(runs.next_run_at(self.installation.work(connection, centre.id, ACTOR)))
        return min((at for at in found if at is not None), default=None)

    def beat(self, loops: Mapping[str, Any]) -> None:
        """Leave a sign of life."""
        with self.installation.database.begin(None) as connection:
            runs.beat(connection, self.process, self.installation.clock.now(), loops)

    def leave(self) -> None:
        """Take the sign of life away: this worker ends on purpose."""
        with self.installation.database.begin(None) as connection:
            runs.gone(connection, self.process)

    def _in_centre(self, centre: Centre, mail: Mail) -> int:
        done = self._late_replies(centre, mail) + self.door.understand_stored(centre)
        done += self._planned(centre)
        if self._is_time(centre, "seal", SEAL_EVERY):
            with self.installation.database.begin(centre.id) as connection:
                seal(self.installation.work(connection, centre.id, ACTOR), origin_of(centre.id))
        if self._is_time(centre, "sweep", SWEEP_EVERY):
            with self.installation.database.begin(centre.id) as connection:
                connection.execute(delete(nonces).where(nonces.c.seen_at < self.installation.clock.now() - NONCES_KEPT))
        return done

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

    def _planned(self, centre: Centre) -> int:
        """Plan the weeks up to this one, and do what is due: the mark and the effect commit together."""
        now = self.installation.clock.now()
        self._plan_weeks(centre, now)
        done = 0
        while self._one_run(centre, now):
            done += 1
        return done

    def _plan_weeks(self, centre: Centre, now: datetime) -> None:
        """Plan every week since the centre was founded, once a process and week: perhaps nobody ran in some of them."""
        this_week = Week.of(now, centre.zone)
        if (centre.id, this_week.name) in self._next:
            return
        with self.installation.database.begin(centre.id) as connection:
            work = self.installation.work(connection, centre.id, ACTOR)
            week = Week.of(max(founded_at(connection, centre.id), now - PLANNED_BACK), centre.zone)
            while week.start <= now:
                runs.plan(work, WEEKLY, week.publish_at)
                week = Week.of(week.end, centre.zone)
        self._next[centre.id, this_week.name] = now

    def _one_run(self, centre: Centre, now: datetime) -> bool:
        try:
            with self.installation.database.begin(centre.id) as connection:
                work = self.installation.work(connection, centre.id, ACTOR)
                run = runs.claim_due(work, WEEKLY, now)
                if run is None:
                    return False
                week = Week.to_publish_at(run.due_at, centre.zone)
                published = publish(work, centre, week)
        except NotPublishable as reason:
            # A wait that ended in the week is still to be recorded: the next look will find it done.
            log.warning("week_not_published_yet", centre=centre.code, reason=str(reason))
            return False
        log.info("week_published", centre=centre.code, week=week.name, is_new=published.is_new)
        return True

    def _is_time(self, centre: Centre, what: str, every: timedelta) -> bool:
        now = self.installation.clock.now()
        if now < self._next.get((centre.id, what), now):
            return False
        self._next[centre.id, what] = now + every
        return True
