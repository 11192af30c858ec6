"""The first page comes light: what the browser must load before it can show anything."""

import gzip
import re

from flask import Flask

from antifraud.auth.service import Centre
from antifraud.console.frame.assets import FOLDER, Assets
from antifraud.console.frame.frame import RAIL
from antifraud.installation import Installation
from tests.factories.people import signed_in

LIMIT = 150_000


def test_every_room_loads_in_at_most_150_kb(app: Flask, installation: Installation, drill: Centre) -> None:
    client = signed_in(app, installation, drill, ("operator", "supervisor"))
    for address in ["/help", *(room.address for room in RAIL)]:
        page = client.get(address, follow_redirects=True)
        if page.status_code != 200:
            continue
        total = len(gzip.compress(page.data))
        wanted = set(re.findall(r'(?:src|href)="(/static/dist/[^"#]+)', page.text))
        # a bundle imports the chunks that it shares with others
        wanted |= {f"/static/dist/{chunk}" for chunk in _chunks(wanted)}
        for file in sorted(wanted):
            answer = client.get(file, headers={"Accept-Encoding": "gzip"})
            assert answer.headers["Content-Encoding"] == "gzip", file
            total += len(answer.data)
        assert total <= LIMIT, f"{address} loads {total} bytes"


def _chunks(files: set[str]) -> set[str]:
    found: set[str] = set()
    for file in files:
        if file.endswith(".js"):
            text = (FOLDER / file.removeprefix("/static/dist/")).read_text(encoding="utf-8")
            found |= set(re.findall(r"c/[\w-]+\.js", text))
    return found


def test_built_files_are_kept_for_a_year_and_pages_never(app: Flask, installation: Installation, drill: Centre) -> None:
    client = signed_in(app, installation, drill)
    file = client.get(Assets().address("main.css"))
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["Content-Type"].startswith("text/css")
    assert "Set-Cookie" not in file.headers
    assert client.get("/help").headers["Cache-Control"] == "no-store"


def test_packed_and_plain_are_the_same_file(app: Flask) -> None:
    client, address = app.test_client(), Assets().address("main.js")
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_no_file_outside_of_the_build_is_sent(app: Flask) -> None:
    client = app.test_client()
    for path in ("../../routes.py", "%2e%2e/%2e%2e/routes.py", "manifest.json/../../../routes.py"):
        assert client.get(f"/static/dist/{path}").status_code == 404
