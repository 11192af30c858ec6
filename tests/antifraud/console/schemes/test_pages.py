"""The schemes in the console: what is in force by whose word, each rule with its source, the states drawn."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from antifraud.auth.service import Centre
from antifraud.installation import Installation
from tests.factories.people import signed_in
from workflows.describing import rules_of
from workflows.library import text_of

CN = "/workflows/cn_emergency_stop.v1"


@pytest.fixture
def auditor(app: Flask, installation: Installation, drill: Centre) -> FlaskClient:
    return signed_in(app, installation, drill, ("auditor",))


def test_the_list_says_what_is_in_force_and_that_nobody_approved_it(auditor: FlaskClient) -> None:
    text = auditor.get("/workflows?lang=en").text
    rows = dict(re.findall(r'<tr data-scheme="([\w.]+)">(.*?)</tr>', text, re.DOTALL))
    assert "in force as an example" in rows["cn_emergency_stop.v1"]
    assert "stored" in rows["hk_stop.v1"]
    assert "in force" not in rows["hk_stop.v1"]
    assert "规程" in auditor.get("/workflows?lang=zh").text


def test_a_scheme_shows_every_rule_with_its_source(auditor: FlaskClient) -> None:
    text = auditor.get(f"{CN}?lang=en").text
    rules = rules_of(text_of("cn_emergency_stop", 1))
    assert re.findall(r'data-rule="([\w.]+)"', text) == [rule.path for rule in rules]
    assert "银发〔2016〕86号, 二(一)2" in text
    assert "48 hours" in text
    assert "48小时" in auditor.get(f"{CN}?lang=zh").text


def test_the_states_are_drawn_without_what_the_policy_of_the_page_forbids(auditor: FlaskClient) -> None:
    drawing = auditor.get("/workflows/hk_stop.v1/states").text
    assert {"start", "asked", "stopped", "released"} <= set(re.findall(r'data-state="(\w+)"', drawing))
    for forbidden in ("style=", "<style", "<script", "onload"):
        assert forbidden not in drawing


def test_a_scheme_that_is_not_stored_has_no_page(auditor: FlaskClient) -> None:
    for address in ("/workflows/xx_nothing.v1", "/workflows/cn_emergency_stop.v99", "/workflows/cn_emergency_stop.vx"):
        assert auditor.get(address).status_code == 404


def test_operators_do_not_see_the_room(app: Flask, installation: Installation, drill: Centre) -> None:
    operator = signed_in(app, installation, drill, ("operator",))
    assert operator.get("/workflows").status_code == 404
    assert 'href="/workflows"' not in operator.get("/").text
