"""Every error of an address for machines is a problem document (RFC 9457); people get a page with the same headers."""

import json

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from antifraud.app import create_app
from antifraud.installation import Installation

MEMBERS = {"type", "title", "status", "detail", "errors"}
NO_SUCH = (
    "/api",
    "/api/v1",
    "/api/v1/reports/",
    "/api/v1/reports/../x",
    "/api/%00",
    "/api/%ff",
    "/api/\u202e",
    "/api/" + "x" * 4000,
    "/nope.json",
)
NO_PAGE = ("/nope", "/%00", "/%ff", "/\u202e", "/" + "x" * 4000, "/cases/../x", "/weekly/x/y")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "NONSENSE")


@pytest.fixture
def app(installation: Installation) -> Flask:
    return create_app(installation)


def is_guarded(answer: TestResponse) -> bool:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return True


def is_problem(answer: TestResponse, *, has_body: bool = True) -> bool:
    assert answer.content_type == "application/problem+json", (answer.status, answer.content_type)
    assert is_guarded(answer)
    if not has_body:
        return bool(answer.data == b"")
    told = json.loads(answer.data)
    assert set(told) <= MEMBERS
    assert {"type", "title", "status", "detail"} <= set(told), told
    assert told["status"] == answer.status_code
    assert told["type"].startswith("/problems/")
    return True


def test_what_is_nowhere_is_not_found(app: Flask) -> None:
    client = app.test_client()
    for path in NO_SUCH:
        for method in METHODS:
            answer = client.open(path, method=method)
            assert answer.status_code == 404, (method, path)
            assert is_problem(answer, has_body=method != "HEAD")


def test_a_page_that_is_nowhere_is_not_found(app: Flask) -> None:
    client = app.test_client()
    for path in NO_PAGE:
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), path
        assert is_guarded(answer)


def test_every_address_refuses_the_methods_that_it_does_not_take_and_names_those_it_does(app: Flask) -> None:
    client = app.test_client()
    fixed = [
        rule
        for rule in app.url_map.iter_rules()
        if not rule.arguments and not hasattr(app.view_functions[rule.endpoint], "__act__")
    ]
    assert {rule.rule for rule in fixed} >= {"/api/v1/reports", "/livez", "/.well-known/antifraud-keys.json"}
    for rule in fixed:
        for method in set(METHODS) - (rule.methods or set()):
            answer = client.open(rule.rule, method=method)
            assert answer.status_code == 405, (method, rule.rule)
            assert is_problem(answer, has_body=method != "HEAD")
            assert {one.strip() for one in answer.headers["Allow"].split(",")} == rule.methods


def test_no_address_follows_or_repeats_what_a_header_says_about_its_caller(app: Flask) -> None:
    """A forwarded host, a forged status of a proxy, an overlong header: nothing of it comes back."""
    client = app.test_client()
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/livez",
        "Cookie": "a=b",
    }
    answer = client.post("/api/v1/reports", headers=headers, data=b"{}")
    assert answer.status_code == 401
    assert is_problem(answer)
    assert "evil" not in answer.text + str(answer.headers)
    assert "Set-Cookie" not in answer.headers


def test_a_healthy_service_says_so_with_the_same_headers(app: Flask) -> None:
    answer = app.test_client().get("/livez")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")
    assert answer.headers["Cache-Control"] == "no-store"
