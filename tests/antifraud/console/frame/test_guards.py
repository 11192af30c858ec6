"""Every address of the console, asked by every role and by nobody: who may not see it finds nothing there."""

import uuid
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from antifraud.auth.rules import PERMISSIONS, ROLES
from antifraud.auth.service import Centre
from antifraud.installation import Installation
from tests.factories.people import signed_in

MACHINES = {"reports", "bank_channel", "weekly", "health", "assets"}
"""Blueprints for machines, which have credentials of their own, and the built files."""
OPEN = {"signing.sign_in", "signing.sign_in_post", "signing.sign_out", "weekly_pages.newest", "weekly_pages.week"}
"""Sign-in and sign-out, and the published week, whose figures are as open as their JSON."""
SAMPLES: dict[str, Any] = {"integer": 1, "uuid": uuid.UUID(int=7), "unicode": "x", "path": "x"}
STREAMS = {"/live"}
MISSING, SEE_OTHER, UNAUTHORISED, FAULT = 404, {302, 303}, 401, 500


def rules(app: Flask) -> list[Rule]:
    """Every address that people use."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] not in MACHINES and "." in rule.endpoint
    ]


def address(app: Flask, rule: Rule) -> str:
    values = {name: SAMPLES.get(type(rule._converters[name]).__name__.removesuffix("Converter").lower(), "x")
              for name in rule.arguments}  # fmt: skip
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


def test_every_route_says_which_act_it_needs(app: Flask) -> None:
    silent = [rule.endpoint for rule in rules(app) if not hasattr(app.view_functions[rule.endpoint], "__act__")]
    assert silent == []
    acts = {rule.endpoint: app.view_functions[rule.endpoint].__dict__["__act__"] for rule in rules(app)}
    assert {endpoint for endpoint, act in acts.items() if act is None} == OPEN
    assert {act for act in acts.values() if act is not None} <= set(PERMISSIONS)


def test_nobody_is_shown_anything_before_the_sign_in(app: Flask) -> None:
    app.config["WTF_CSRF_METHODS"] = set()
    client, wrong = app.test_client(), []
    for rule in rules(app):
        if rule.endpoint in OPEN:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            answer = client.open(address(app, rule), method=method)
            is_sent_away = answer.status_code in SEE_OTHER and answer.headers["Location"].startswith("/sign-in")
            if not is_sent_away and answer.status_code != UNAUTHORISED:
                wrong.append(f"{method} {rule.rule}: {answer.status_code}")
    assert wrong == []


def test_a_role_that_may_not_finds_no_such_page(app: Flask, installation: Installation, live: Centre) -> None:
    app.config["WTF_CSRF_METHODS"] = set()
    wrong, looked = [], 0
    for role in ROLES:
        client = signed_in(app, installation, live, (role,))
        for rule in rules(app):
            act = app.view_functions[rule.endpoint].__dict__["__act__"]
            if act is None or rule.rule in STREAMS:
                continue
            looked += 1
            methods = sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})
            for method in methods:
                if role not in PERMISSIONS[act]:
                    status = client.open(address(app, rule), method=method).status_code
                    wrong += [f"{role} {method} {rule.rule}: {status}"] if status != MISSING else []
                elif method == "GET":
                    status = client.get(address(app, rule)).status_code
                    is_wrong = status >= FAULT or (status == MISSING and not rule.arguments)
                    wrong += [f"{role} GET {rule.rule}: {status}"] if is_wrong else []
    assert wrong == []
    assert looked >= len(ROLES)


def test_who_must_change_the_password_reaches_only_that_page(
    app: Flask, installation: Installation, live: Centre
) -> None:
    from tests.factories.people import opened, person  # noqa: PLC0415 - only here

    who = person(installation, live, ("operator",), name="newcomer", must_change=True)
    client = app.test_client()
    from antifraud.console.frame.sessions import cookie_name  # noqa: PLC0415 - only here

    token = opened(installation, live, who).token
    client.set_cookie(cookie_name(installation.settings.public_url), token, domain="localhost")
    answer = client.get("/help")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/password")
    assert client.get("/password").status_code == 200


def test_a_script_that_is_signed_out_is_told_where_to_go(app: Flask) -> None:
    answer = app.test_client().get("/help", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/sign-in")
