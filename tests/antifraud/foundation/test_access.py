"""One line a request without anything of a person, and an id that holds the lines together."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask import Flask, Response
from flask.testing import FlaskClient

from antifraud.foundation import access
from antifraud.foundation.logs import configure
from antifraud.foundation.metrics import STREAMS
from antifraud.foundation.web import register_problem_handlers

PHONE = "13900731173"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root, written = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    configure("antifraud test")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def read(written: io.StringIO, event: str = "request") -> list[dict[str, Any]]:
    return [found for line in written.getvalue().splitlines() if (found := json.loads(line))["event"] == event]


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("access", static_folder=None)
    access.register_access(app)
    register_problem_handlers(app)

    @app.route("/cases/<no>", methods=["GET", "POST"])
    def case(no: str) -> str:
        access.of_centre("drill")
        structlog.get_logger().info("inside")
        logging.getLogger("some.library").warning("a library says %s", "something")
        return no[:0]

    @app.get("/fails")
    def fails() -> str:
        raise ValueError(PHONE)

    @app.get("/stream")
    def stream() -> Response:
        return Response((f"data: {number}\n\n" for number in range(3)), mimetype="text/event-stream")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app.test_client()


def test_a_line_names_the_template_and_neither_path_nor_query_nor_address_nor_agent(
    client: FlaskClient, lines: io.StringIO
) -> None:
    client.get(f"/cases/{PHONE}?name={PHONE}", headers={"User-Agent": PHONE, "Referer": PHONE, "Cookie": PHONE})
    (line,) = read(lines)
    assert (line["route"], line["method"], line["status"]) == ("/cases/<no>", "GET", 200)
    assert (line["centre"], line["process"], line["level"]) == ("drill", "antifraud test", "info")
    assert 0 <= line["duration_ms"] < 5000
    assert PHONE not in lines.getvalue()
    assert "127.0.0.1" not in lines.getvalue()


def test_every_line_of_a_request_has_its_id_and_so_has_the_answer(client: FlaskClient, lines: io.StringIO) -> None:
    first, second = client.get("/cases/1"), client.get("/cases/2")
    ids = [told.headers[access.HEADER] for told in (first, second)]
    assert ids[0] != ids[1]
    for event in ("request", "inside", "a library says something"):
        assert [line["request_id"] for line in read(lines, event)] == ids


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "0190163d-8694-739b-aea5-966c26f8ad91"])
def test_a_proxys_id_is_taken_over(client: FlaskClient, given: str) -> None:
    assert client.get("/healthz", headers={access.HEADER: given}).headers[access.HEADER] == given


@pytest.mark.parametrize("given", [PHONE, "110105194912310029", "王小明".encode().decode("latin-1"), "a" * 33, ""])
def test_an_id_that_could_say_something_is_not(client: FlaskClient, given: str) -> None:
    assert client.get("/healthz", headers={access.HEADER: given}).headers[access.HEADER] != given


def test_a_method_that_somebody_made_up_is_not_written_down(client: FlaskClient, lines: io.StringIO) -> None:
    client.open("/cases/1", method=f"CALL-{PHONE}")
    (line,) = read(lines)
    assert (line["method"], line["status"]) == ("OTHER", 405)
    assert PHONE not in lines.getvalue()


def test_a_fault_of_ours_is_one_line_more_under_the_same_id(client: FlaskClient, lines: io.StringIO) -> None:
    told = client.get("/fails")
    assert told.status_code == 500
    (line,) = read(lines)
    (fault,) = read(lines, "unexpected_error")
    assert line["status"] == 500
    assert fault["request_id"] == line["request_id"] == told.headers[access.HEADER]
    assert PHONE not in lines.getvalue()


def test_machines_that_ask_every_few_seconds_leave_no_line_unless_they_fail(
    client: FlaskClient, lines: io.StringIO
) -> None:
    client.get("/healthz")
    assert read(lines) == []
    client.post("/healthz")
    assert [line["status"] for line in read(lines)] == [405]


def test_a_stream_is_open_until_it_is_closed(client: FlaskClient) -> None:
    before = STREAMS._value.get()
    told = client.get("/stream")
    assert STREAMS._value.get() == before + 1
    told.close()
    assert STREAMS._value.get() == before
