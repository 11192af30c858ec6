"""What is late or waits at this moment, looked up when a monitor asks: true whichever process died meanwhile."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from typing_extensions import override

from antifraud import __version__
from antifraud.auth.service import Centre
from antifraud.foundation.clock import ControlledClock
from antifraud.installation import Installation
from antifraud.runs.service import ALIVE_FOR, Living, living
from antifraud.watching.alarms import AUDITOR, CODES, OF_MACHINE, Alarm, books, of_centre, of_machine

_OVERDUE = "SELECT count(*) AS number, min(due_at) AS since FROM deadlines WHERE state = 'running' AND due_at < :now"
_TASKS = (
    "SELECT count(*) AS open, count(*) FILTER (WHERE due_at < :now) AS overdue, min(due_at) AS since"
    " FROM tasks WHERE state = 'open'"
)
# Only what waits: what was delivered long ago is neither late nor cheap to count.
_OUTBOX = (
    "SELECT state, count(*) AS number, min(created_at) AS since FROM outbox"
    " WHERE state IN (0, 1) AND channel <> 'manual' GROUP BY state"
)
_STORED = (
    "SELECT (SELECT count(*) FROM reports WHERE state = 'stored') AS reports,"
    " (SELECT count(*) FROM replies WHERE state = 'stored') AS replies"
)
_UNSEALED = (
    "SELECT count(*) AS number, min(recorded_at) AS since FROM entries WHERE centre_id = :centre AND xid >="
    " coalesce((SELECT through_xid FROM tree_heads WHERE centre_id = :centre ORDER BY size DESC LIMIT 1),"
    " CAST('0' AS xid8))"
)
_STATES = {0: "waiting", 1: "claimed"}

log = structlog.get_logger()


class Gauges(Collector):
    """The look, one transaction a centre. A database that cannot be reached gives ``antifraud_up 0``, and no guess."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @override
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("antifraud_up", "1 where the database answered this look.")
        build = GaugeMetricFamily("antifraud_build_info", "The version that answers.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        try:
            found = _Found()
            self._look(found)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("metrics_without_database", kind=type(error).__name__)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found.all()

    def _look(self, found: "_Found") -> None:
        installation = self._installation
        clock = installation.clock
        found.rate.add_metric([], clock.rate() if isinstance(clock, ControlledClock) else 1)
        with installation.database.begin(None) as connection:
            now = clock.now()
            processes = living(connection, now, within=now - datetime.min.replace(tzinfo=now.tzinfo))
        rate = max(1.0, clock.rate())
        found.see(processes, now)
        found.ring(None, of_machine([process for process in processes if process.seen_at >= now - ALIVE_FOR * rate]))
        for centre in installation.centres():
            with installation.database.begin(centre.id) as connection:
                found.add(centre, connection, clock.now())
                found.ring(centre, of_centre(connection, centre, clock.now(), rate))


class _Found:
    """The families, filled centre by centre."""

    def __init__(self) -> None:
        def of_centre(name: str, said: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"antifraud_{name}", said, labels=["centre", *labels])

        self.rate = GaugeMetricFamily("antifraud_clock_rate", "How fast the service's clock runs; 1 is real time.")
        self.heartbeats = GaugeMetricFamily(
            "antifraud_heartbeat_age_seconds",
            "Since when each worker and auditor of the last day was not seen; none at all where none ever ran.",
            labels=["process", "host", "pid"],
        )
        self.overdue = of_centre("deadlines_overdue", "Deadlines whose instant has passed and that did not fire yet.")
        self.oldest = of_centre("deadline_oldest_overdue_seconds", "How late the oldest of them is; 0 where none is.")
        self.messages = of_centre("outbox_messages", "Messages not delivered yet, by state.", "state")
        self.message_age = of_centre("outbox_oldest_seconds", "How long the oldest of them has waited.", "state")
        self.tasks = of_centre("tasks_open", "Tasks that people have not done yet.")
        self.tasks_late = of_centre("tasks_overdue", "Of them, those whose instant has passed.")
        self.task_age = of_centre("task_oldest_overdue_seconds", "How late the oldest of them is; 0 where none is.")
        self.stored = of_centre("stored_only", "Reports and replies stored and not understood yet.", "what")
        self.unsealed = of_centre("log_unsealed_entries", "Entries of the log without a place under a signed head.")
        self.seal_lag = of_centre("log_seal_lag_seconds", "How old the oldest of them is; 0 where none is.")
        self.audits = {
            name: CounterMetricFamily(f"antifraud_audit_{name}", said, labels=["centre"])
            for name, said in (
                ("should", "Deadlines that by the log should have fired, since the auditor's books were begun."),
                ("did", "Of them, those that by the log did, or were ended late by what came meanwhile."),
                ("late", "Of those that did, those more than a minute after their instant."),
            )
        }
        self.difference = of_centre("audit_difference", "Deadlines that should have fired and by the log did not.")
        self.missed_age = of_centre("audit_oldest_seconds", "How late the oldest of them is; 0 where none is.")
        self.looked = of_centre("audit_age_seconds", "How long ago the auditor read the log to its end; none: never.")
        self.alarm = of_centre("alarm", "1 where an alarm stands; no centre: of the whole installation.", "alarm")
        self.pings = GaugeMetricFamily(
            "antifraud_deadman_ping_age_seconds",
            "How long ago each auditor reached the dead-man's switch; none where none is set, or it never did.",
            labels=["host", "pid"],
        )

    def all(self) -> Iterator[Metric]:
        """Yield every family."""
        for family in vars(self).values():
            yield from family.values() if isinstance(family, dict) else (family,)

    def see(self, processes: Sequence[Living], now: datetime) -> None:
        """Take the signs of life."""
        for process in processes:
            place = [process.host, str(process.pid)]
            self.heartbeats.add_metric([process.name, *place], max(0.0, (now - process.seen_at).total_seconds()))
            ok_at = process.loops.get("deadman", {}).get("ok_at") if process.name == AUDITOR else None
            if ok_at is not None:
                self.pings.add_metric(place, max(0.0, (now - datetime.fromisoformat(ok_at)).total_seconds()))

    def ring(self, centre: Centre | None, alarms: Iterable[Alarm]) -> None:
        """Take the alarms that stand; those that do not are told as 0."""
        standing = {alarm.code for alarm in alarms}
        for code in CODES:
            if (code in OF_MACHINE) == (centre is None):
                self.alarm.add_metric([centre.code if centre else "", code], code in standing)

    def add(self, centre: Centre, connection: Connection, now: datetime) -> None:
        """Look at one centre."""
        code = centre.code

        def age(since: datetime | None) -> float:
            return 0.0 if since is None else max(0.0, (now - since).total_seconds())

        at_now = {"now": now}
        late = connection.execute(text(_OVERDUE), at_now).one()
        self.overdue.add_metric([code], late.number)
        self.oldest.add_metric([code], age(late.since))
        waiting = {row.state: row for row in connection.execute(text(_OUTBOX))}
        for state, name in _STATES.items():
            row = waiting.get(state)
            self.messages.add_metric([code, name], row.number if row else 0)
            self.message_age.add_metric([code, name], age(row.since) if row else 0)
        tasks = connection.execute(text(_TASKS), at_now).one()
        self.tasks.add_metric([code], tasks.open)
        self.tasks_late.add_metric([code], tasks.overdue)
        self.task_age.add_metric([code], age(tasks.since) if tasks.overdue else 0)
        stored = connection.execute(text(_STORED)).one()
        self.stored.add_metric([code, "reports"], stored.reports)
        self.stored.add_metric([code, "replies"], stored.replies)
        unsealed = connection.execute(text(_UNSEALED), {"centre": centre.id}).one()
        self.unsealed.add_metric([code], unsealed.number)
        self.seal_lag.add_metric([code], age(unsealed.since))
        found = books(connection, centre.id)
        if found is None:
            return
        for name, family in self.audits.items():
            family.add_metric([code], getattr(found, name))
        self.difference.add_metric([code], found.difference)
        self.missed_age.add_metric([code], age(found.oldest_due_at))
        if found.looked_at is not None:
            self.looked.add_metric([code], age(found.looked_at))
