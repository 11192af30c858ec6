"""The frame around every page: what it shows to whom, and what it never lets through."""

import gzip

from flask import Flask

from antifraud.auth.service import Centre
from antifraud.installation import Installation
from tests.factories.people import signed_in


def test_help_shows_the_frame_in_the_persons_language(app: Flask, installation: Installation, live: Centre) -> None:
    page = signed_in(app, installation, live).get("/help", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert '<html lang="en"' in page.text
    assert live.name in page.text


def test_a_page_comes_squeezed_and_says_the_same(app: Flask, installation: Installation, live: Centre) -> None:
    client = signed_in(app, installation, live)
    packed = client.get("/account", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert live.name in gzip.decompress(packed.data).decode()
    assert "Content-Encoding" not in client.get("/account").headers


def test_the_drill_says_so_on_every_page(app: Flask, installation: Installation, drill: Centre, live: Centre) -> None:
    assert 'class="shell drill"' in signed_in(app, installation, drill).get("/help").text
    assert 'class="shell drill"' not in signed_in(app, installation, live).get("/help").text
