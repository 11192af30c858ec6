"""The worker: three loops over rows. APScheduler is their alarm clock, never their memory.

Each loop is one interval job (the floor: a lost wake-up costs a second at
most) and one thread of its own, which runs it at once when a NOTIFY comes or
the next due instant of the injected clock is reached. Whoever comes while the
loop runs leaves word, and it goes on.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as JobPool
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import DBAPIError, OperationalError
from typing_extensions import override

from antifraud.auth.service import Centre
from antifraud.cases.firing import fire_due
from antifraud.cases.messages import Mail
from antifraud.channel.dispatch import Dispatcher
from antifraud.channel.signatures import Signer
from antifraud.deadlines.service import cases_with_due, next_due_at
from antifraud.foundation.clock import Clock, SystemClock
from antifraud.foundation.db import retrying
from antifraud.foundation.ids import new_id
from antifraud.foundation.seams import seam
from antifraud.housekeeping import Housekeeping
from antifraud.installation import Installation
from antifraud.intake.door import Door
from antifraud.runs.service import Process

FLOOR_SECONDS = 1.0
CASES_AT_ONCE = 250
BATCHES_AT_ONCE = 2
"""Batches of a backlog that are fired side by side: while one computes, the other waits for the database."""
BATCHES_A_ROUND = 8
"""Batches of a backlog before the next centre has its turn."""
AGAIN_AFTER = timedelta(seconds=30)
ROUNDS_BEFORE_REST = 200

log = structlog.get_logger()


@dataclass
class Loop:
    """One loop: `body` returns how much it did; while it does something, or was woken, it goes on."""

    name: str
    clock: Clock
    body: Callable[[], int]
    next_at: Callable[[], datetime | None] = lambda: None
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    dirty: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    rounds: int = 0
    _until: datetime | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Work until nothing is left; where it runs already, that run looks once more."""
        self.dirty.set()
        while self.dirty.is_set() and not self.stopping.is_set() and self._busy.acquire(blocking=False):
            try:
                self._work()
            finally:
                self._busy.release()

    def _work(self) -> None:
        """Do rounds until one finds nothing; a failure is logged and counted, and the rows stay for the next round."""
        for _ in range(ROUNDS_BEFORE_REST):
            if self.stopping.is_set():
                return
            self.dirty.clear()
            try:
                done = self.body()
                self._until = self.next_at()
                self.rounds += 1
            except OperationalError as error:
                # The database is away: the rows are where they were, and the next look finds them.
                self.failures += 1
                log.warning("database_away", loop=self.name, error=type(error.orig).__name__)
                return
            except Exception:
                self.failures += 1
                log.exception("loop_failed", loop=self.name)
                return
            if not done and not self.dirty.is_set():
                return

    def wait(self) -> None:
        """Run whenever there is reason to look, until the loop stops; the floor is the interval job's."""
        while not self.stopping.is_set():
            until = self._until
            self.clock.wait(self.wake, until, FLOOR_SECONDS)
            if self.wake.is_set() or (until is not None and self.clock.now() >= until):
                self.wake.clear()
                self._until = None
                self.run()

    def stop(self) -> None:
        """Ask the loop to end after the row it is at."""
        self.stopping.set()
        self.wake.set()


class _Runs(threading.Event):
    """For a listener: what it hears it does itself, which is one thread fewer between a commit and the wire."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    @override
    def set(self) -> None:
        self._loop.run()


class Worker:
    """One worker process; any number of them share the rows."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stop = threading.Event()
        # The alarm clock goes by the machine; what is due goes by the installation's clock.
        self._machine = SystemClock()
        self._set_aside: dict[UUID, datetime] = {}
        self._firing = ThreadPoolExecutor(BATCHES_AT_ONCE, thread_name_prefix="fire")
        centres = installation.centres()
        self._mails: list[tuple[Centre, Mail]] = [(centre, installation.mail(centre)) for centre in centres]
        self._senders = list(self._mails)
        keys = installation.vault.keys
        self.outbox = Loop("outbox", installation.clock, self._send)
        self._dispatcher = Dispatcher(
            database=installation.database,
            clock=installation.clock,
            vault=installation.vault,
            signer=Signer(keys.signing_key_id, keys.signing, installation.settings.environment),
            environment=installation.settings.environment,
            wake=self.outbox.wake,
        )
        self.deadlines = Loop("deadlines", installation.clock, self._fire, self._next_due)
        process = Process(id=new_id(installation.clock), name="worker", started_at=installation.clock.now())
        self._housekeeping = Housekeeping(installation, self._mails, Door.of(installation), process)
        self.runs = Loop("runs", installation.clock, self._housekeeping.run_once, self._housekeeping.next_at)
        self.loops = (self.deadlines, self.outbox, self.runs)

    def run(self) -> None:
        """Work until `stop`; returns when the calls under way have ended."""
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": JobPool(len(self.loops))},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for loop in self.loops:
            scheduler.add_job(
                loop.run, "interval", seconds=FLOOR_SECONDS, id=loop.name, next_run_time=self._machine.now()
            )
        database = self._installation.database
        listeners = [
            # The thread that waits for the next due instant must hear of an earlier one.
            database.listen(self.deadlines.name, self.deadlines.wake, self._stop),
            database.listen(self.outbox.name, _Runs(self.outbox), self._stop),
        ]
        scheduler.start()
        wakers = [threading.Thread(target=loop.wait, name=f"wake-{loop.name}", daemon=True) for loop in self.loops]
        for waker in wakers:
            waker.start()
        log.info("worker_started", centres=[centre.code for centre, _ in self._mails])
        while not self._stop.wait(FLOOR_SECONDS):
            self._beat()
        for loop in self.loops:
            loop.stop()
        for thread in wakers:
            thread.join()
        scheduler.shutdown(wait=True)
        self._firing.shutdown(wait=True)
        self._dispatcher.stop()
        for thread in listeners:
            thread.join()
        self._housekeeping.leave()
        log.info("worker_stopped")

    def stop(self, *_: object) -> None:
        """Ask the worker to end."""
        self._stop.set()

    def _beat(self) -> None:
        try:
            self._housekeeping.beat(
                {loop.name: {"rounds": loop.rounds, "failures": loop.failures} for loop in self.loops}
            )
        except DBAPIError as error:
            # A database that is away for a moment must not end the worker; its absence shows in the list.
            log.warning("no_sign_of_life", error=type(error).__name__)

    def _send(self) -> int:
        """Send for every centre, first for the one that had something to send last: most wake-ups are its own."""
        claimed = [(self._dispatcher.run_once(centre, mail), centre, mail) for centre, mail in self._senders]
        self._senders = [(centre, mail) for _, centre, mail in sorted(claimed, key=lambda one: -one[0])]
        return sum(count for count, _, _ in claimed)

    def _fire(self) -> int:
        return sum(self._fire_centre(centre, mail) for centre, mail in self._mails)

    def _fire_centre(self, centre: Centre, mail: Mail) -> int:
        """Fire a batch, and while they are full some more, side by side."""
        now = self._machine.now()
        self._set_aside = {case_id: until for case_id, until in self._set_aside.items() if until > now}
        fired = self._fire_batch(centre, mail)
        if fired < CASES_AT_ONCE:
            return fired
        more = [self._firing.submit(self._fire_batch, centre, mail) for _ in range(BATCHES_A_ROUND)]
        return fired + sum(batch.result() for batch in more)

    def _fire_batch(self, centre: Centre, mail: Mail) -> int:
        """Fire a batch; if it fails, each of its cases alone, so that one that cannot be fired stops no other.

        A case that failed is looked at again after a pause; `antifraud status` shows its wait as overdue.
        """
        if self.deadlines.stopping.is_set():
            return 0
        try:
            return retrying(partial(self._fire_cases, centre, mail, None))
        except OperationalError:
            raise  # the database is away: no case is at fault
        except Exception:
            log.exception("batch_not_fired", centre=centre.code)
        return sum(self._fire_one(centre, mail, case_id) for case_id in self._due_cases(centre))

    def _fire_one(self, centre: Centre, mail: Mail, case_id: UUID) -> int:
        try:
            return retrying(partial(self._fire_cases, centre, mail, case_id))
        except OperationalError:
            raise
        except Exception:
            log.exception("case_not_fired", case_id=str(case_id))
            self._set_aside[case_id] = self._machine.now() + AGAIN_AFTER
            return 0

    def _due_cases(self, centre: Centre) -> list[UUID]:
        with self._installation.database.begin(centre.id) as connection:
            work = self._installation.work(connection, centre.id, "loop:deadlines")
            return cases_with_due(work, work.now(), CASES_AT_ONCE)

    def _fire_cases(self, centre: Centre, mail: Mail, only: UUID | None) -> int:
        with self._installation.database.begin(centre.id) as connection:
            work = self._installation.work(connection, centre.id, "loop:deadlines")
            fired = fire_due(work, mail, CASES_AT_ONCE, only=only, without=self._set_aside)
        if fired:
            seam("deadlines.committed")
        return fired

    def _next_due(self) -> datetime | None:
        found = []
        for centre, _ in self._mails:
            with self._installation.database.begin(centre.id) as connection:
                found.append(next_due_at(self._installation.work(connection, centre.id, "loop:deadlines")))
        return min((at for at in found if at is not None), default=None)
