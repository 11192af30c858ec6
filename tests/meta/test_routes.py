"""Every address asks who is calling, or stands here with the reason why it need not."""

import json
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule

from antifraud.app import create_app
from antifraud.installation import Installation

PUBLIC = {
    "/livez": "says that the process lives, and its version",
    "/healthz": "says whether an alarm stands; which one it says as /metrics does",
    "/readyz": "says whether reports may be sent here, and which check failed: no address, no name",
    "/metrics": "for this machine itself; from elsewhere, or handed on by a proxy, only by the token of the settings",
    "/weekly": "published figures of a week, without a case or a person in them",
    "/weekly/<week>": "published figures of a week, without a case or a person in them",
    "/.well-known/antifraud-keys.json": "public keys are for everybody",
    "/problems/<slug>": "says what to do about a type of problem",
    "/weekly/<week>.json": "published figures of a week, without a case or a person in them",
}
VALUES = {"request_id": UUID(int=1), "number": "20261124-0001", "week": "2026-W47", "slug": "key-reused"}
CREDENTIALS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer not-a-token"},
    {"Authorization": "Basic YTpi"},
    {"Signature": "sig1=:AAAA:", "Signature-Input": 'sig1=("@method");keyid="nobody";tag="stop-payment-v1-test"'},
)


@pytest.fixture
def app(installation: Installation) -> Flask:
    return create_app(installation)


def called(app: Flask, rule: Rule, method: str, headers: dict[str, str]) -> int:
    adapter = app.url_map.bind("127.0.0.1:8000")
    path = adapter.build(rule.endpoint, {name: VALUES[name] for name in rule.arguments})
    sent = {"Idempotency-Key": "k", "Content-Type": "application/json", **headers}
    return app.test_client().open(path, method=method, headers=sent, data=json.dumps({})).status_code


def test_every_address_refuses_a_caller_without_a_credential_or_is_public_for_a_reason(app: Flask) -> None:
    # The console's own addresses say in `__act__` what they need; their guards are tested with all roles beside them.
    closed = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule not in PUBLIC and not hasattr(app.view_functions[rule.endpoint], "__act__")
    ]
    assert {"/api/v1/reports"} < {rule.rule for rule in closed}
    for rule in closed:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            for headers in CREDENTIALS:
                assert called(app, rule, method, headers) == 401, (method, rule.rule, headers)


def test_what_is_public_only_reads_and_is_there(app: Flask) -> None:
    rules = {rule.rule: rule for rule in app.url_map.iter_rules()}
    assert set(PUBLIC) <= set(rules)
    for path, reason in PUBLIC.items():
        assert reason
        assert (rules[path].methods or set()) <= {"GET", "HEAD", "OPTIONS"}
        # In a test no worker lives, which is an alarm.
        assert called(app, rules[path], "GET", {}) == (503 if path == "/healthz" else 200)
