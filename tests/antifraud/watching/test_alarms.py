"""What is wrong is seen by whoever asks, and told outside by silence."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, text
from typing_extensions import override

from antifraud.auditor import Auditor
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import Database, bind
from antifraud.foundation.ids import new_id
from antifraud.foundation.lifetime import Lifetime
from antifraud.installation import Installation
from antifraud.runs.service import Living, Process, beat
from antifraud.watching.alarms import alarms
from antifraud.watching.deadman import Switch
from antifraud.watching.liveness import STUCK_AFTER_SECONDS, Rounds
from antifraud.worker import Worker
from tests.antifraud.verification.test_metrics import read, value
from tests.antifraud.verification.test_readiness import client_of
from tests.conftest import NOW
from tests.factories.cases import Story, seal_all

A_MINUTE: Final = timedelta(minutes=1)


class Outside:
    """A little server that stands for the dead-man's switch."""

    def __init__(self) -> None:
        self.pings: list[str] = []
        self.answers = HTTPStatus.OK
        outside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.pings.append(self.path)
                self.send_response(outside.answers)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping/secret-name"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    yield server
    server.close()


@pytest.fixture
def watched(installation: Installation, outside: Outside) -> Installation:
    """An installation in which a worker has just been seen, with the address of the dead-man's switch."""
    worker_beats(installation)
    return replace(installation, settings=replace(installation.settings, deadman_url=outside.url))


def worker_beats(installation: Installation, **loops: Any) -> None:  # noqa: ANN401 - what a process says of its loops
    clock = installation.clock
    with installation.database.begin(None) as connection:
        process = Process(id=new_id(clock), name="worker", started_at=NOW, host="here", pid=7)
        beat(connection, process, clock.now(), loops)


def fire(installation: Installation) -> None:
    worker = Worker(installation)
    while worker.deadlines.body():
        pass


def codes(installation: Installation) -> set[tuple[str, str | None]]:
    found = alarms(installation.database, installation.clock, installation.centres())
    return {(alarm.code, alarm.centre) for alarm in found}


def test_while_all_is_well_the_outside_is_told_once_a_minute(
    watched: Installation, outside: Outside, clock: FrozenClock
) -> None:
    auditor = Auditor(watched)
    for _ in range(6):
        worker_beats(watched)
        assert auditor.once()
        clock.advance(timedelta(seconds=30))
    assert outside.pings == ["/ping/secret-name"] * 3
    assert codes(watched) == {("no_worker", None)}, "the worker was seen half a minute ago"


def test_a_missed_deadline_is_an_alarm_everywhere_and_the_outside_hears_nothing_until_it_fired(
    watched: Installation, outside: Outside, drill: Centre, clock: FrozenClock
) -> None:
    client = client_of(watched, Lifetime())
    auditor = Auditor(watched)
    assert auditor.once()
    assert client.get("/healthz").get_json()["status"] == "ok"
    Story(watched, drill, clock)
    seal_all(watched, drill)
    clock.advance(timedelta(minutes=4))
    worker_beats(watched)
    assert not auditor.once()
    assert len(outside.pings) == 1
    told = client.get("/healthz")
    assert told.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    said = {alarm["alarm"]: alarm for alarm in told.get_json()["alarms"]}
    assert {"missed", "overdue"} <= said.keys()
    # A stranger is told that something is wrong, and no more.
    strange = client.get("/healthz", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert (strange.status_code, set(strange.get_json())) == (503, {"status", "version"})
    assert said["missed"]["centre"] == "drill"
    assert said["missed"]["count"] >= 1
    assert client.get("/livez").status_code == HTTPStatus.OK
    found = read(client)
    assert value(found, "audit_difference", centre="drill") == said["missed"]["count"]
    assert value(found, "audit_oldest_seconds", centre="drill") > 60
    assert value(found, "alarm", centre="drill", alarm="missed") == 1
    assert value(found, "alarm", centre="centre", alarm="missed") == 0

    fire(watched)
    with watched.database.begin(drill.id) as connection:
        connection.execute(text("UPDATE outbox SET state = 3"))
    worker_beats(watched)
    assert auditor.once()
    assert len(outside.pings) == 2
    assert client.get("/healthz").status_code == HTTPStatus.OK
    found = read(client)
    assert value(found, "audit_difference", centre="drill") == 0
    assert value(found, "audit_should_total", centre="drill") == value(found, "audit_did_total", centre="drill") > 0
    assert value(found, "audit_late_total", centre="drill") > 0
    assert value(found, "alarm", centre="drill", alarm="missed") == 0
    assert value(found, "deadman_ping_age_seconds", **place_of(auditor)) == 0


def place_of(auditor: Auditor) -> dict[str, str]:
    process = auditor._process
    return {"host": process.host, "pid": str(process.pid)}


def test_the_web_process_sees_by_itself_that_nobody_works_and_nobody_counts(
    watched: Installation, clock: FrozenClock
) -> None:
    Auditor(watched).once()
    clock.advance(timedelta(seconds=61))
    assert codes(watched) == {("no_worker", None), ("no_auditor", "centre"), ("no_auditor", "drill")}
    found = client_of(watched, Lifetime()).get("/healthz").get_json()["alarms"]
    assert [alarm["alarm"] for alarm in found] == ["no_worker", "no_auditor", "no_auditor"]
    assert found[1]["since"] == "2026-11-24T14:00:00.000000Z"


def test_what_is_not_late_by_more_than_the_tolerance_is_no_alarm(
    watched: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(watched, drill, clock)
    first = story.value("SELECT min(due_at) FROM deadlines WHERE case_id = :case")
    clock.set(first + timedelta(seconds=60))
    worker_beats(watched)
    auditor = Auditor(watched)
    with watched.database.begin(drill.id) as connection:
        connection.execute(text("UPDATE outbox SET state = 3"))
    assert auditor.once()
    clock.advance(timedelta(microseconds=1))
    assert not auditor.once()


def test_a_message_that_nobody_takes_a_log_that_nobody_seals_and_a_run_that_nobody_does_are_alarms(
    watched: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(watched, drill, clock)
    with watched.database.begin(drill.id) as connection:
        connection.execute(
            text("INSERT INTO planned_runs VALUES (:centre, 'publish_week', :at, 'waiting')"),
            {"centre": drill.id, "at": NOW},
        )
    clock.advance(timedelta(seconds=301))
    assert {("sending", "drill"), ("sealing", "drill"), ("planned_runs", "drill")} <= codes(watched)
    seal_all(watched, drill)
    with watched.database.begin(drill.id) as connection:
        connection.execute(text("UPDATE planned_runs SET state = 'done', done_at = :now"), {"now": clock.now()})
        # One under way: the others wait for the institution.
        connection.execute(
            text("UPDATE outbox SET state = 1, lease_until = :until"), {"until": clock.now() + timedelta(seconds=60)}
        )
    assert not {("sending", "drill"), ("sealing", "drill"), ("planned_runs", "drill")} & codes(watched)


def test_a_case_whose_log_cannot_be_followed_is_an_alarm(
    watched: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(watched, drill, clock)
    owner = create_engine(watched.settings.database_url or "")
    with owner.begin() as connection:
        bind(connection, drill.id)
        connection.execute(text("UPDATE entries SET payload = payload - 'claim' WHERE kind = 'ClaimAdded'"))
    owner.dispose()
    Auditor(watched).once()
    assert ("not_readable", "drill") in codes(watched)


def living(rounds: int, pid: int = 7) -> Living:
    loops = {"outbox": {"rounds": rounds}}
    return Living(name="worker", host="here", pid=pid, version="0", started_at=NOW, seen_at=NOW, loops=loops)


def test_a_loop_that_does_not_go_round_is_found_though_its_process_beats() -> None:
    rounds = Rounds()
    assert rounds.stuck([living(5)], 0) == []
    assert rounds.stuck([living(5)], STUCK_AFTER_SECONDS) == []
    assert rounds.stuck([living(5)], STUCK_AFTER_SECONDS + 1) == ["outbox of worker 7 on here"]
    assert rounds.stuck([living(6)], STUCK_AFTER_SECONDS + 2) == []
    assert rounds.stuck([living(6), living(1, pid=8)], 2 * STUCK_AFTER_SECONDS + 1) == []
    assert len(rounds.stuck([living(6), living(1, pid=8)], 2 * STUCK_AFTER_SECONDS + 3)) == 1


def test_a_stuck_loop_that_an_auditor_saw_is_an_alarm_for_everybody(
    watched: Installation,
) -> None:
    elapsed = iter([0.0, 100.0])
    worker_beats(watched, outbox={"rounds": 9, "failures": 0})
    auditor = Auditor(watched, lambda: next(elapsed))
    assert auditor.once()
    assert not auditor.once()
    assert ("loop_stuck", None) in codes(watched)


@pytest.mark.parametrize(
    ("answers", "said"), [(HTTPStatus.NOT_FOUND, "http_404"), (HTTPStatus.FOUND, "http_302"), (HTTPStatus.OK, "ok")]
)
def test_what_the_switch_answered_is_kept(outside: Outside, answers: HTTPStatus, said: str) -> None:
    outside.answers = answers
    switch = Switch(outside.url)
    assert switch.ping(NOW) == (said == "ok")
    assert (switch.shown()["last"], switch.failures) == (said, int(said != "ok"))
    assert "secret-name" not in repr(switch) + str(switch.shown())


def test_a_switch_that_cannot_be_reached_is_no_alarm_but_is_seen(watched: Installation, outside: Outside) -> None:
    outside.close()
    assert Auditor(watched).once()
    with watched.database.begin(None) as connection:
        shown = connection.scalar(text("SELECT loops->'deadman' FROM heartbeats WHERE process = 'auditor'"))
    assert shown == {"is_set": True, "last": "ConnectionError", "failures": 1, "ok_at": None}


def test_without_a_database_the_auditor_says_so_and_tells_the_outside_nothing(
    watched: Installation, outside: Outside
) -> None:
    away = replace(watched, database=Database("postgresql+psycopg://a:b@127.0.0.1:1/nowhere"))
    assert not Auditor(away).once()
    assert outside.pings == []
