"""The auditor's process: looks, counts each minute, says what is wrong, and tells the outside while nothing is.

It shares nothing with the worker but the database: no loop, no lease, no
alarm clock, no connection.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from antifraud.auth.service import Centre
from antifraud.foundation.ids import new_id
from antifraud.installation import Installation
from antifraud.runs.service import ALIVE_FOR, Process, beat, gone, living
from antifraud.watching.alarms import AUDITOR, Alarm, alarms
from antifraud.watching.deadman import Switch
from antifraud.watching.liveness import Rounds
from antifraud.watching.reading import Memory
from antifraud.watching.service import MINUTE, look

LOOK_EVERY_SECONDS: Final = 2.0
"""Real seconds between two looks at most; the end of a minute of the clock is looked at when it comes."""
REST_SECONDS: Final = 0.5
"""Real seconds between two looks at least, however fast the clock runs."""

log = structlog.get_logger()


class Auditor:
    """One auditor process; any number of them count as one, and each tells the outside for itself.

    Args:
        installation: What it watches.
        elapsed: Seconds of the machine, from any beginning.
    """

    def __init__(self, installation: Installation, elapsed: Callable[[], float] = time.monotonic) -> None:
        clock = installation.clock
        self._installation = installation
        self._elapsed = elapsed
        self._stop = threading.Event()
        self._memory: dict[UUID, Memory] = {}
        self._rounds = Rounds()
        self._switch = Switch(installation.settings.deadman_url)
        self._process = Process(id=new_id(clock), name=AUDITOR, started_at=clock.now())
        self._looks = 0
        self._pinged_minute: datetime | None = None
        self._said: set[tuple[str, str | None]] = set()

    def run(self) -> None:
        """Look until `stop`."""
        log.info("auditor_started", deadman=self._installation.settings.deadman_url is not None)
        clock = self._installation.clock
        while not self._stop.is_set():
            self.once()
            if self._stop.wait(REST_SECONDS):
                break
            clock.wait(self._stop, _minute(clock.now()) + MINUTE, LOOK_EVERY_SECONDS - REST_SECONDS)
        self._leave()
        log.info("auditor_stopped")

    def stop(self, *_: object) -> None:
        """Ask the auditor to end."""
        self._stop.set()

    def once(self) -> bool:
        """Look at everything once; return whether all is well."""
        try:
            centres = self._installation.centres()
            # Each of them, whatever another one's came to.
            failed = [centre for centre in centres if not self._look(centre)]
            stuck = self._stuck()
            found = alarms(self._installation.database, self._installation.clock, centres)
            self._looks += 1
            self._say(found)
            is_well = not failed and not found and not stuck
            self._tell_outside(is_well=is_well)
            self._beat(stuck)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database_away", loop=AUDITOR, error=type(error).__name__)
            return False
        return is_well

    def _look(self, centre: Centre) -> bool:
        """Look at a centre until the end of its log; return False if that failed."""
        memory = self._memory.setdefault(centre.id, Memory())
        try:
            while not self._stop.is_set():
                with self._installation.database.begin(centre.id) as connection:
                    found = look(connection, centre.id, self._installation.clock.now(), memory)
                if found is None or not found.is_behind:
                    return True
        except (DBAPIError, PoolTimeout):
            del self._memory[centre.id]
            raise
        except Exception:
            # What was remembered may be ahead of the books.
            del self._memory[centre.id]
            log.exception("look_failed", centre=centre.code)
        return False

    def _stuck(self) -> list[str]:
        """Return the loops of other processes that hang."""
        clock = self._installation.clock
        with self._installation.database.begin(None) as connection:
            processes = living(connection, clock.now(), ALIVE_FOR * max(1.0, clock.rate()))
        return self._rounds.stuck((one for one in processes if one.name != AUDITOR), self._elapsed())

    def _beat(self, stuck: list[str]) -> None:
        """Leave a sign of life, with what only this process knows."""
        loops = {"looks": self._looks, "stuck": stuck, "deadman": self._switch.shown()}
        with self._installation.database.begin(None) as connection:
            beat(connection, self._process, self._installation.clock.now(), loops)

    def _say(self, found: list[Alarm]) -> None:
        """Log each alarm when it is raised and when it is over."""
        now = {(alarm.code, alarm.centre) for alarm in found}
        for alarm in found:
            if (alarm.code, alarm.centre) not in self._said:
                since = None if alarm.since is None else alarm.since.isoformat()
                log.warning("alarm_raised", alarm=alarm.code, centre=alarm.centre, count=alarm.count, since=since)
        for code, centre in sorted(self._said - now, key=str):
            log.info("alarm_over", alarm=code, centre=centre)
        self._said = now

    def _tell_outside(self, *, is_well: bool) -> None:
        """Ping once in each minute of the clock, at the first look of it at which all is well."""
        minute = _minute(self._installation.clock.now())
        if is_well and minute != self._pinged_minute:
            self._pinged_minute = minute
            self._switch.ping(minute)

    def _leave(self) -> None:
        try:
            with self._installation.database.begin(None) as connection:
                gone(connection, self._process)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database_away", loop=AUDITOR, error=type(error).__name__)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
