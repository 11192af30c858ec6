"""The strict policy: what the browser is told, and that no page of ours needs less."""

import re
from pathlib import Path

from flask import Flask

from antifraud.auth.service import Centre
from antifraud.installation import Installation
from tests.factories.people import signed_in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
CONSOLE = Path(__file__).parents[4] / "antifraud" / "console"
FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*="),
    "an inline handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "htmx that evaluates": re.compile(
        r"\bhx-(on|vars)\b|hx-(vals|headers)\s*=\s*[\"']js:|hx-trigger\s*=\s*[\"'][^\"']*\["
    ),
    "another host": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//"),
}
JINJA = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
OURS = "http://www.w3.org/"


def test_pages_files_and_errors_carry_the_policy(app: Flask, installation: Installation, live: Centre) -> None:
    client = signed_in(app, installation, live)
    for address in ("/help", "/sign-in", "/nowhere", "/api/v1/nowhere"):
        assert client.get(address).headers["Content-Security-Policy"] == POLICY, address


def test_no_template_needs_a_weaker_policy() -> None:
    found = [
        f"{path.name}: {what}"
        for path in sorted((CONSOLE / "templates").rglob("*.html"))
        for what, pattern in FORBIDDEN.items()
        if pattern.search(JINJA.sub("", path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_no_module_evaluates_or_asks_another_host() -> None:
    sources = sorted((CONSOLE / "frontend" / "src").rglob("*.js")) + sorted(
        (CONSOLE / "frontend" / "css").rglob("*.css")
    )
    assert sources
    for path in sources:
        text = path.read_text(encoding="utf-8").replace(OURS, "")
        assert not re.search(r"\beval\(|new Function\(|https?://|@import\s+url", text), path.name


def test_htmx_is_told_not_to_evaluate(app: Flask, installation: Installation, live: Centre) -> None:
    page = signed_in(app, installation, live).get("/help").text
    assert '"allowEval":false' in page
    assert '"selfRequestsOnly":true' in page


def test_a_form_without_its_token_changes_nothing(app: Flask, installation: Installation, live: Centre) -> None:
    answer = signed_in(app, installation, live).post("/settings", data={"locale": "en"})
    assert answer.status_code == 400
    assert answer.content_type.startswith("text/html")
