"""Whatever is sent, in whatever form, and whatever fails on our side: no report is lost, and no answer is a 5xx."""

import gc
import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.engine import make_url

from antifraud.intake.facts import ReportFacts
from antifraud.intake.profiles import PROFILES
from tests.factories import reports
from tests.factories.doorway import PATH, Doorway, problem
from tests.factories.wire import at_once

STATEMENTS_OF_A_REPORT = 8
"""Messages to the database for one accepted report of one transfer, its token's look-up and COMMIT not counted."""
MEGABYTE = 1_000_000


# -- failures of ours


@contextmanager
def without_a_definition(doorway: Doorway) -> Iterator[None]:
    """Leave the centre without a workflow definition in force, as a botched change of it would."""
    doorway.rows("UPDATE activations SET ended_at = :at", at=doorway.clock.now())
    yield
    doorway.rows("UPDATE activations SET ended_at = NULL")


def test_a_report_that_a_failure_of_ours_kept_from_being_understood_is_stored_and_gets_its_case_later(
    doorway: Doorway,
) -> None:
    door = reports.door(doorway.installation)
    with without_a_definition(doorway):
        stored = doorway.post(doorway.report(), key="k")
        assert (stored.status_code, json.loads(stored.data)["case"]) == (202, None)
        assert (doorway.count("reports", "state = 'stored'"), doorway.count("cases")) == (1, 0)
        with structlog.testing.capture_logs():
            assert door.understand_stored(doorway.centre) == 0
    assert door.understand_stored(doorway.centre) == 1
    assert door.understand_stored(doorway.centre) == 0
    assert (doorway.count("reports", "state = 'understood'"), doorway.count("outbox")) == (1, 1)
    assert [row.actor for row in doorway.rows("SELECT actor FROM entries WHERE kind = 'ReportAccepted'")] == [
        "loop:runs"
    ]
    again = doorway.post(doorway.report(), key="k")
    assert (again.status_code, again.data, again.headers["Idempotent-Replayed"]) == (202, stored.data, "true")
    assert doorway.accepted(doorway.report("110-2"))["case"]["joined"]


def test_two_workers_give_a_stored_report_one_case(doorway: Doorway) -> None:
    with without_a_definition(doorway):
        for n in range(4):
            doorway.post(doorway.report(f"{n}", transfers=[doorway.transfer(reference=f"T{n}")]))
    doors = [reports.door(doorway.installation) for _ in range(3)]
    done = at_once(lambda n: doors[n].understand_stored(doorway.centre), 3)
    assert sum(done) == 4
    assert (doorway.count("cases"), doorway.count("outbox")) == (4, 4)


def broken(document: object, *, now: datetime) -> ReportFacts:
    """Understand nothing, as a profile with a fault in it would."""
    raise RecursionError(repr(document))


def test_a_fault_in_understanding_itself_loses_nothing_and_tells_nothing(
    doorway: Doorway, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = PROFILES["native"]
    monkeypatch.setitem(PROFILES, "native", broken)
    with structlog.testing.capture_logs() as logged:
        assert doorway.post(doorway.report()).status_code == 202
    assert [one["event"] for one in logged if one["event"] != "request"] == ["report_not_understood"]
    monkeypatch.setitem(PROFILES, "native", native)
    assert reports.door(doorway.installation).understand_stored(doorway.centre) == 1
    assert doorway.count("outbox") == 1


def test_reports_that_still_cannot_be_understood_do_not_keep_later_ones_waiting(
    doorway: Doorway, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = PROFILES["native"]

    def choosy(document: object, *, now: datetime) -> ReportFacts:
        if isinstance(document, dict) and str(document["source_ref"]).startswith("bad"):
            raise ArithmeticError
        return native(document, now=now)

    monkeypatch.setattr("antifraud.intake.door.STORED_AT_ONCE", 2)
    with without_a_definition(doorway):
        for ref in ("bad-1", "bad-2", "bad-3", "good"):
            assert doorway.post(doorway.report(ref)).status_code == 202
            doorway.clock.advance(timedelta(seconds=1))
    monkeypatch.setitem(PROFILES, "native", choosy)
    with structlog.testing.capture_logs():
        assert reports.door(doorway.installation).understand_stored(doorway.centre) == 1
    assert doorway.count("reports", "state = 'stored'") == 3


def test_without_its_database_the_service_says_that_nothing_was_received(doorway: Doorway) -> None:
    headers = doorway.headers()
    name = doorway.rows("SELECT current_database() AS name")[0].name
    owner = make_url(doorway.installation.settings.database_url or "").set(drivername="postgresql")
    doorway.installation.database.close()
    with psycopg.connect(owner.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0'.encode())
    answer = doorway.app.test_client().post(PATH, data=json.dumps(doorway.report()), headers=headers)
    told = problem(answer, 503, "unavailable")
    assert "nothing was received" in told["detail"]
    assert int(answer.headers["Retry-After"]) > 0


# -- whatever is sent


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
END = st.fixed_dictionaries(
    {},
    optional={
        "institution": st.sampled_from(["SIM-PROMPT", "ICBC", "工商银行", "?"]) | VALUES,
        "number": st.sampled_from(["9991010000000018", "尾号0018", "DE89370400440532013001"]) | VALUES,
        "holder": VALUES,
        "kind": st.sampled_from(["pooled", "wallet"]) | VALUES,
        "sub_ref": VALUES,
    },
)
LINE = st.fixed_dictionaries(
    {},
    optional={
        "from": END | VALUES,
        "to": END | VALUES,
        "amount": st.integers(1, 10**38) | VALUES,
        "currency": st.sampled_from(["CNY", "JPY", "USDT@tron"]) | VALUES,
        "at": st.sampled_from(["2026-11-24T21:00:00+08:00", {"local": "2026-11", "zone": "Asia/Shanghai"}]) | VALUES,
        "reference": st.sampled_from(["R1", "R2"]) | VALUES,
        "hop": st.integers(0, 3) | VALUES,
    },
)
REPORT = st.fixed_dictionaries(
    {"source_ref": st.text(max_size=8)},
    optional={
        "transfers": st.lists(LINE, max_size=4),
        "victim": VALUES,
        "reporter": st.fixed_dictionaries({}, optional={"name": VALUES, "phone": VALUES, "relation": VALUES}),
        "authority": st.fixed_dictionaries({}, optional={"officer": VALUES, "documents": VALUES}),
        "fraud_type": VALUES,
        "channel": VALUES,
        "zone": VALUES,
        "loss": VALUES,
    },
)
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@FUZZ
@given(document=REPORT)
def test_no_report_of_whatever_content_ends_in_a_failure_of_ours(doorway: Doorway, document: dict[str, Any]) -> None:
    kept = doorway.count("reports")
    with structlog.testing.capture_logs() as logged:
        answer = doorway.post(document)
    assert answer.status_code in {201, 400, 409, 422}, (document, logged)
    replayed = "Idempotent-Replayed" in answer.headers
    assert doorway.count("reports") == kept + (not replayed)


@FUZZ
@given(body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_end_in_a_failure_of_ours(doorway: Doorway, body: bytes) -> None:
    kept = doorway.count("reports")
    answer = doorway.post(body)
    assert answer.status_code in {400, 422}
    assert answer.content_type == "application/problem+json"
    assert doorway.count("reports") == kept + 1


# -- on a real port


def _headers(doorway: Doorway, **more: str) -> dict[str, str]:
    return {**doorway.headers(), **more}


def _send(port: int, headers: dict[str, str], chunks: Callable[[], Iterator[bytes]]) -> tuple[int, str, int]:
    """Send a body chunk by chunk until the server has answered; return status, media type and bytes taken."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("POST", PATH)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    sent = 0
    try:
        for chunk in chunks():
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk) if "Transfer-Encoding" in headers else chunk)
            sent += len(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass
    answer = connection.getresponse()
    told = answer.status, answer.headers["Content-Type"], sent
    connection.close()
    return told


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def test_a_giant_body_is_refused_without_reading_it_and_memory_stays_flat(doorway: Doorway) -> None:
    with doorway.on_a_port() as port:
        gc.collect()
        before = _resident()
        declared = _headers(doorway, **{"Content-Length": str(1000 * MEGABYTE)})
        assert _send(port, declared, lambda: iter(())) == (413, "application/problem+json", 0)
        chunked = _headers(doorway, **{"Transfer-Encoding": "chunked"})
        status, media_type, sent = _send(port, chunked, lambda: iter([b" " * 100_000] * 12))
        assert (status, media_type) == (413, "application/problem+json")
        assert sent <= 1_200_000
        assert _resident() - before < 20 * MEGABYTE
    assert doorway.count("reports") == 0


def test_a_chunked_report_is_taken(doorway: Doorway) -> None:
    raw = json.dumps(doorway.report()).encode()
    chunked = _headers(doorway, **{"Transfer-Encoding": "chunked"})
    with doorway.on_a_port() as port:
        chunks = [raw[:10], raw[10:], b""]
        assert _send(port, chunked, lambda: iter(chunks))[0] == 201


WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def test_a_key_whose_first_request_is_still_open_is_told_to_come_back_and_then_gets_its_answer(
    doorway: Doorway,
) -> None:
    """The first request waits at the lock of its payment, which an older transaction holds."""
    doorway.accepted(doorway.report("0"))
    first: list[Any] = []
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        connection.execute(text("SELECT id FROM payments FOR UPDATE"))
        thread = threading.Thread(target=lambda: first.append(doorway.post(doorway.report("1"), key="k")))
        thread.start()
        ends = time.monotonic() + 5
        while not doorway.rows(WAITING):
            assert time.monotonic() < ends, "the first request does not wait"
            time.sleep(0.02)
        busy = doorway.post(doorway.report("1"), key="k")
        problem(busy, 409, "key-in-progress")
        assert busy.headers["Retry-After"] == "1"
    thread.join()
    again = doorway.post(doorway.report("1"), key="k")
    assert (first[0].status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, first[0].data, "true")
    assert doorway.count("reports") == 2


# -- what it costs


def test_a_report_costs_no_more_statements_than_it_needs(doorway: Doorway, monkeypatch: pytest.MonkeyPatch) -> None:
    doorway.accepted(doorway.report("warm", transfers=[doorway.transfer(reference="W")]))
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def count(cursor: Any, query: str, *given: Any, **settings: Any) -> Any:  # noqa: ANN401 - the driver's own signature
        statements.append(query)
        return execute(cursor, query, *given, **settings)

    door, source = reports.door(doorway.installation), reports.source(doorway.installation, doorway.centre)
    assert door.centres[source.centre_id] == doorway.centre
    # Where every statement passes, SQLAlchemy's and those that go by the driver alone.
    monkeypatch.setattr(psycopg.Cursor, "execute", count)
    reports.submit(doorway.installation, doorway.centre, doorway.report())
    begins = max(place for place, sql in enumerate(statements) if "antifraud.centre" in sql)
    assert len(statements) - begins <= STATEMENTS_OF_A_REPORT, "\n".join(statements[begins:])
