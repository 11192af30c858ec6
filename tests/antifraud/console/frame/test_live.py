"""Hints to open pages over a real server: at once, to the right centre, and not for longer than they may."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from antifraud.app import create_app
from antifraud.auth import sessions as session_rows
from antifraud.auth.service import Centre
from antifraud.changes import tell
from antifraud.console.frame import live as stream
from antifraud.console.frame.sessions import cookie_name
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.people import opened, person

SECONDS = 10


class Stream:
    """One open page, as a browser holds it."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self.connection.request("GET", "/live", headers={"Cookie": cookie, "Accept": "text/event-stream"})
        self.response: HTTPResponse = self.connection.getresponse()

    def next(self, *kinds: str) -> tuple[str, dict[str, Any]]:
        """Return the next event of one of these kinds, or ``("", {})`` where the stream ended."""
        kind = ""
        while line := self.response.readline():
            text = line.decode().strip()
            if text.startswith("event: "):
                kind = text.removeprefix("event: ")
            elif text.startswith("data: ") and kind in kinds:
                return kind, json.loads(text.removeprefix("data: "))
        return "", {}

    def close(self) -> None:
        self.connection.close()


@contextmanager
def serving(app: Flask) -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of the threading mix-in
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        app.extensions[stream.EXTENSION].stop()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def web(app: Flask) -> Iterator[BaseWSGIServer]:
    with serving(app) as running:
        yield running


def cookie(installation: Installation, centre: Centre, name: str | None = None) -> str:
    token = opened(installation, centre, person(installation, centre, ("operator",), name=name)).token
    return f"{cookie_name(installation.settings.public_url)}={token}"


def change(installation: Installation, centre: Centre, kind: str, ident: uuid.UUID) -> None:
    with installation.database.begin(centre.id) as connection:
        tell(installation.work(connection, centre.id, "cli:test"), kind, [ident])


def test_a_committed_change_is_heard_in_under_a_second(
    web: BaseWSGIServer, installation: Installation, drill: Centre
) -> None:
    page = Stream(web.server_port, cookie(installation, drill))
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.response.headers["X-Accel-Buffering"] == "no"
    assert page.next("reload")[0] == "reload"  # the listener stands
    for kind in ("case", "draft"):
        ident = uuid.uuid4()
        began = time.monotonic()
        change(installation, drill, kind, ident)
        assert page.next("case", "draft") == (kind, {"id": str(ident)})
        assert time.monotonic() - began < 1
    page.close()


def test_the_first_beat_tells_the_time_and_that_no_worker_lives(
    web: BaseWSGIServer, installation: Installation, drill: Centre
) -> None:
    page = Stream(web.server_port, cookie(installation, drill))
    _, beat = page.next("beat")
    assert beat["now"] == "2026-11-24T14:00:00.000Z"
    assert beat["rate"] == 1.0
    assert beat["machine"]["look"] == "late"
    assert beat["machine"]["word"] == "后台没有运行"
    page.close()


def test_a_change_of_another_centre_is_not_heard(
    web: BaseWSGIServer, installation: Installation, drill: Centre, live: Centre
) -> None:
    page = Stream(web.server_port, cookie(installation, drill))
    page.next("reload")
    mine = uuid.uuid4()
    change(installation, live, "case", uuid.uuid4())
    change(installation, drill, "case", mine)
    assert page.next("case") == ("case", {"id": str(mine)})
    page.close()


def test_streams_end_when_the_server_stops(web: BaseWSGIServer, installation: Installation, drill: Centre) -> None:
    page = Stream(web.server_port, cookie(installation, drill))
    page.next("reload")
    began = time.monotonic()
    stream.stop()
    assert page.next("never") == ("", {})
    assert time.monotonic() - began < 2
    refused = Stream(web.server_port, cookie(installation, drill))
    assert refused.response.status == 503


def test_streams_end_with_their_session(
    app: Flask, web: BaseWSGIServer, installation: Installation, drill: Centre
) -> None:
    app.extensions[stream.EXTENSION].check_seconds = 0.3
    who = person(installation, drill)
    session = opened(installation, drill, who)
    page = Stream(web.server_port, f"{cookie_name(installation.settings.public_url)}={session.token}")
    page.next("reload")
    with installation.database.begin(drill.id) as connection:
        session_rows.end_all(installation.work(connection, drill.id, who.actor), who.id)
    assert page.next("signed-out") == ("signed-out", {})
    assert page.next("beat") == ("", {})


def test_a_stream_too_many_is_refused_and_the_page_asks_instead(
    built: None, installation: Installation, drill: Centre
) -> None:
    few = replace(installation, settings=replace(installation.settings, web_threads=33))
    with serving(create_app(few)) as web:
        mine = cookie(installation, drill)
        first = Stream(web.server_port, mine)
        first.next("reload")
        second = Stream(web.server_port, mine)
        assert (second.response.status, second.response.headers["Retry-After"]) == (503, "5")
        asking = HTTPConnection("127.0.0.1", web.server_port, timeout=SECONDS)
        asking.request("GET", "/pulse", headers={"Cookie": mine, "X-Requested-With": "fetch"})
        answer = asking.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["now"] == "2026-11-24T14:00:00.000Z"
        first.close()


def test_a_page_that_was_away_is_told_how_much_changed(
    app: Flask, web: BaseWSGIServer, installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    mine = cookie(installation, drill)
    page = Stream(web.server_port, mine)
    page.next("reload")
    before = installation.clock.now().isoformat()
    one, other = uuid.uuid4(), uuid.uuid4()
    clock.advance(timedelta(seconds=30))
    for ident in (one, other, one):
        change(installation, drill, "case", ident)
        page.next("case")
    hub: stream.Hub = app.extensions[stream.EXTENSION]
    client = app.test_client()
    client.set_cookie(*mine.split("=", 1), domain="localhost")
    answer = client.get("/pulse", query_string={"since": before}).get_json()
    assert answer["changed"] == 2
    answer = client.get("/pulse", query_string={"since": "2020-01-01T00:00:00Z"}).get_json()
    assert answer["changed"] is None  # it did not listen then
    assert hub.streams() == 1
    page.close()


def test_nobody_hears_anything_without_a_session(web: BaseWSGIServer) -> None:
    assert Stream(web.server_port, "antifraud=made-up").response.status == 401
