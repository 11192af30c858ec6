"""What a monitor sees: counts of this process, and what is late, looked up when it asks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import Database
from antifraud.foundation.ids import new_id
from antifraud.foundation.lifetime import Lifetime
from antifraud.installation import Installation
from antifraud.runs import service as runs
from tests.antifraud.verification.test_readiness import client_of
from tests.factories.doorway import Doorway
from tests.factories.reports import report, transfer

TOKEN = "a-token-of-a-monitor"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def client(installation: Installation) -> FlaskClient:
    return client_of(installation, Lifetime())


def read(client: FlaskClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    body = client.get("/metrics").get_data(as_text=True)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def value(found: Mapping[tuple[str, tuple[tuple[str, str], ...]], float], name: str, **labels: str) -> float:
    return found[f"antifraud_{name}", tuple(sorted(labels.items()))]


def test_what_is_late_is_looked_up_at_the_instant_of_the_question(
    installation: Installation, client: FlaskClient, drill: Centre, clock: FrozenClock
) -> None:
    before = read(client)
    assert value(before, "up") == 1
    assert value(before, "deadlines_overdue", centre="drill") == 0
    assert value(before, "deadline_oldest_overdue_seconds", centre="drill") == 0
    Doorway(installation, drill, clock).accepted(report(clock.now()))
    clock.advance(timedelta(days=3))
    found = read(client)
    assert value(found, "deadlines_overdue", centre="drill") >= 1
    assert value(found, "deadline_oldest_overdue_seconds", centre="drill") > 86_400
    assert value(found, "outbox_messages", centre="drill", state="waiting") == 1
    assert value(found, "outbox_oldest_seconds", centre="drill", state="waiting") == 3 * 86_400
    assert value(found, "log_seal_lag_seconds", centre="drill") == 3 * 86_400
    assert value(found, "log_unsealed_entries", centre="drill") > 0
    assert value(found, "deadlines_overdue", centre="centre") == 0


def test_the_sign_of_life_of_a_worker_ages(installation: Installation, client: FlaskClient, clock: FrozenClock) -> None:
    process = runs.Process(id=new_id(clock), name="worker", started_at=clock.now(), host="here", pid=7)
    with installation.database.begin(None) as connection:
        runs.beat(connection, process, clock.now())
    clock.advance(timedelta(minutes=2))
    assert value(read(client), "heartbeat_age_seconds", process="worker", host="here", pid="7") == 120


def test_reports_are_counted_by_what_became_of_them(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    client = create_app(installation).test_client()
    doorway = Doorway(installation, drill, clock)

    def counts() -> dict[str, float]:
        found = read(client)
        return {
            name: found.get(("antifraud_reports_total", (("outcome", name),)), 0)
            for name in ("opened", "joined", "replayed", "refused", "stored")
        }

    before = counts()
    first = report(clock.now(), source_ref="m-1", transfers=[transfer(clock.now(), reference="SAME")])
    doorway.post(first, key="m-1")
    doorway.post(first, key="m-1")
    doorway.post(report(clock.now(), source_ref="m-2", transfers=[transfer(clock.now(), reference="SAME")]), key="m-2")
    doorway.post(b"{", key="m-3")
    after = counts()
    assert {name: after[name] - before[name] for name in after} == {
        "opened": 1, "joined": 1, "replayed": 1, "refused": 1, "stored": 0,
    }  # fmt: skip


def test_requests_are_counted_by_the_template_of_their_route(client: FlaskClient) -> None:
    client.get("/livez")
    client.get("/nobody/13900731173?name=secret")
    found = read(client)
    assert value(found, "http_requests_total", route="/livez", method="GET", status="200") >= 1
    assert value(found, "http_requests_total", route="(no such address)", method="GET", status="404") >= 1
    assert value(found, "http_request_seconds_count", route="/livez", method="GET") >= 1
    assert "13900731173" not in client.get("/metrics").text


def test_metrics_are_for_this_machine_or_for_the_token(installation: Installation, client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::ffff:127.0.0.1"}).status_code == 200
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == 401
    # A proxy on this machine hands on what comes from elsewhere.
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    assert client.get("/metrics", environ_base=ELSEWHERE, headers={"Authorization": "Bearer "}).status_code == 401
    settings = replace(installation.settings, metrics_token=TOKEN)
    guarded = client_of(replace(installation, settings=settings), Lifetime())
    for header, status in ((f"Bearer {TOKEN}", 200), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401)):
        told = guarded.get("/metrics", environ_base=ELSEWHERE, headers={"Authorization": header})
        assert told.status_code == status, header


def test_without_a_database_the_counts_still_come_and_say_so(installation: Installation) -> None:
    away = replace(installation, database=Database("postgresql+psycopg://a:b@127.0.0.1:1/nowhere"))
    found = read(client_of(away, Lifetime()))
    assert value(found, "up") == 0
    assert ("antifraud_deadlines_overdue", (("centre", "drill"),)) not in found


def test_no_label_is_anything_but_a_code(installation: Installation, client: FlaskClient, drill: Centre) -> None:
    body = client.get("/metrics").text
    assert drill.name not in body
    assert drill.code in body
