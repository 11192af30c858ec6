"""An error of the framework says what to mend, in our words, and keeps the headers that matter."""

import json

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient

from antifraud.foundation.web import register_problem_handlers


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 10
    register_problem_handlers(app)

    @app.post("/body")
    def body() -> str:
        return flask.request.get_data(as_text=True)

    @app.get("/own")
    def own() -> str:
        flask.abort(flask.make_response("own words", 409))

    @app.get("/framed")
    def framed() -> flask.Response:
        return flask.Response("x", headers={"Cache-Control": "max-age=60"})

    return app.test_client()


def test_not_found_not_allowed_and_too_large_say_what_to_mend(client: FlaskClient) -> None:
    for answer, status, words in (
        (client.get("/nowhere"), 404, "check the path"),
        (client.get("/body"), 405, "Allow"),
        (client.post("/body", data=b"x" * 11), 413, "longer"),
    ):
        told = json.loads(answer.data)
        assert (answer.status_code, told["status"]) == (status, status)
        assert words in told["detail"]
        assert "<" not in answer.text


def test_an_answer_that_a_view_made_itself_stays_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/own")
    assert (answer.status_code, answer.text) == (409, "own words")


def test_a_header_that_a_view_set_is_not_overwritten(client: FlaskClient) -> None:
    assert client.get("/framed").headers["Cache-Control"] == "max-age=60"
