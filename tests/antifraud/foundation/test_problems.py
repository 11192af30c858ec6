"""Every error is a problem document that says what to mend, and a fault of ours tells nothing."""

from pathlib import Path

import flask
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from antifraud.foundation import problems
from antifraud.foundation.problems import (
    InvalidReport,
    KeyInProgress,
    NotAuthenticated,
    Problem,
    Unavailable,
    fault,
    pointer,
)
from antifraud.foundation.web import register_problem_handlers

KINDS = [kind for kind in vars(problems).values() if isinstance(kind, type) and issubclass(kind, Problem)]
PAGES = Path(__file__).parents[3] / "docs" / "problems"
SECRET = "6222021234567890128"


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    register_problem_handlers(app)

    @app.get("/report")
    def report() -> str:
        raise InvalidReport("two places to mend", errors=[fault("/loss/amount", "a whole number of minor units")])

    @app.get("/busy")
    def busy() -> str:
        raise KeyInProgress(retry_after_seconds=7)

    @app.get("/who")
    def who() -> str:
        raise NotAuthenticated("send a bearer token")

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError(SECRET)

    @app.get("/short")
    def short() -> str:
        flask.abort(418)

    @app.get("/slash/")
    def slash() -> str:
        return "here"

    return app.test_client()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_every_kind_of_problem_has_a_page_that_says_what_to_do(kind: type[Problem]) -> None:
    page = (PAGES / f"{kind.type}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {kind.title()}\n")
    assert f"`{kind.status}`" in page
    assert "## What to do" in page


def test_no_two_kinds_share_a_type() -> None:
    assert len({kind.type for kind in KINDS}) == len(KINDS)


def test_a_problem_is_answered_with_its_pointers(client: FlaskClient) -> None:
    answer = client.get("/report")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.get_json() == {
        "type": "/problems/invalid-report",
        "title": "The report cannot be accepted as it is written",
        "status": 422,
        "detail": "two places to mend",
        "errors": [{"pointer": "/loss/amount", "detail": "a whole number of minor units"}],
    }


def test_an_answer_that_may_be_asked_for_again_says_when(client: FlaskClient) -> None:
    assert client.get("/busy").headers["Retry-After"] == "7"
    assert Unavailable().headers == {"Retry-After": "5"}


def test_an_unknown_caller_is_told_how_to_say_who_they_are(client: FlaskClient) -> None:
    answer = client.get("/who")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_errors_of_the_framework_are_problem_documents_too_and_keep_their_headers(client: FlaskClient) -> None:
    missing, method, other = client.get("/nothing"), client.post("/report"), client.get("/short")
    assert missing.get_json()["type"] == "/problems/not-found"
    assert method.get_json()["type"] == "/problems/method-not-allowed"
    assert "GET" in method.headers["Allow"]
    assert (other.status_code, other.get_json()["type"]) == (418, "about:blank")
    assert {one.content_type for one in (missing, method, other)} == {"application/problem+json"}


def test_a_redirect_stays_a_redirect(client: FlaskClient) -> None:
    answer = client.get("/slash")
    assert (answer.status_code, answer.headers["Location"].endswith("/slash/")) == (308, True)


def test_a_fault_of_ours_tells_an_id_and_nothing_else(client: FlaskClient) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = client.get("/broken")
    document = answer.get_json()
    assert (answer.status_code, document["type"]) == (500, "/problems/internal-error")
    assert len(logged) == 1
    assert logged[0]["error_id"] in document["detail"]
    assert logged[0]["kind"] == "RuntimeError"
    assert any("test_problems.py" in frame for frame in logged[0]["frames"])
    assert SECRET not in answer.text + str(logged)


@pytest.mark.parametrize("path", ["/slash/", "/nothing", "/broken"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_pointers_escape_slash_and_tilde() -> None:
    assert pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
