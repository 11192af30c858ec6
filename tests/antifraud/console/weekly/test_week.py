"""The week's page: the numbers of the JSON and no others, for everybody to read."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from typing_extensions import override

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.console.weekly.facts import TIMELY, Weeks, days_after, week
from tests.antifraud.timeliness.driven import Drive
from tests.antifraud.timeliness.made import Book
from tests.factories.people import signed_in

W45, W46, W47, W48 = (week(f"2026-W{number}") for number in (45, 46, 47, 48))
PAGE = "/weekly/2026-W47?centre=drill"
HOSTILE = "<script>alert(1)</script>' OR 1=1 -- \u202e/../../etc"


class Numbers(HTMLParser):
    """Every number of the page that says of which figure it is."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._open: tuple[str, str] | None = None
        self._text = ""
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "data" and "data-at" in given:
            self._open, self._text = (given["data-at"] or "", given["value"] or ""), ""

    @override
    def handle_data(self, data: str) -> None:
        self._text += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "data" and self._open is not None:
            at, value = self._open
            self.found.setdefault(at, []).append((value, self._text.strip()))
            self._open = None


def leaves(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every number of the figures under the name that the page gives it."""
    beside = {"id", "version", "headline", "publish_minimum", "rank_minimum", "comparable", "rate_withheld"}
    for figure in document["figures"]:
        # What counts whatever has the box knows no other requests.
        hidden = {*beside, "other_requests"} if figure.get("request_kinds") is None else beside
        yield from _leaves(figure["id"], {name: value for name, value in figure.items() if name not in hidden})


def _leaves(at: str, value: object) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, inner in value.items():
                if name not in {"comparable", "rate_withheld", "asset", "institution", "request_kinds", "method"}:
                    yield from _leaves(f"{at}.{name}", inner)
        case list():
            for row in value:
                yield from _leaves(f"{at}.{row.get('institution') or row.get('asset') or '-'}", row)
        case str() if not re.fullmatch(r"\d+(\.\d)?", value):
            return  # words
        case _:
            yield at, value


def html_of(client: FlaskClient, path: str) -> str:
    told = client.get(path)
    assert told.status_code == 200, told.text
    assert told.content_type.startswith("text/html")
    return told.text


def document_of(client: FlaskClient, name: str = "2026-W47") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/weekly/{name}.json?centre=drill").get_json()
    return found


def filled(weeks: Weeks) -> None:
    """Three weeks: an institution with 40 requests, one with 31, one with 7, one with 2, and money held."""
    weeks.answers(W46, "SIM-PROMPT", in_time=35, late=5)
    weeks.answers(W46, "SIM-SLOW", in_time=30, late=10)
    weeks.answers(W47, "SIM-PROMPT", in_time=39, never=1)
    weeks.answers(W47, "SIM-SLOW", in_time=20, late=11)
    weeks.answers(W47, "SIM-HOP", in_time=7)
    weeks.answers(W47, "SIM-PART", in_time=1, late=1)
    book = Book(at=W47.start)
    for kind in ("dispatch", "delivery"):
        for number in range(6):
            late = number == 0
            book.box(kind, start=W47.start, took=None if late else TIMELY, institution_id=weeks.institutions["SIM-HOP"])
    weeks.write(book.facts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_of_the_json_stands_on_the_page_and_no_other(
    weeks: Weeks, reader: FlaskClient, language: str
) -> None:
    filled(weeks)
    document = document_of(reader)
    page = Numbers(html_of(reader, f"{PAGE}&lang={language}"))
    expected = dict(leaves(document))
    assert len(expected) > 60
    assert set(page.found) - set(expected) == set()
    assert set(expected) - set(page.found) == set()
    for at, value in expected.items():
        for machine, text in page.found[at]:
            assert machine == ("" if value is None else str(value)), at
            if not at.endswith(("_minor", "_ms")):
                assert text.replace(",", "") == ("—" if value is None else str(value)), at


def test_the_weeks_own_case_is_there_with_its_money_and_its_time(drive: Drive, reader: FlaskClient) -> None:
    for _ in range(5):
        order = drive.report()
        drive.deliver(order)
        drive.answer(order, "full", held=4_200_000)
    document = document_of(reader, "2026-W48")
    text = html_of(reader, "/weekly/2026-W48?centre=drill")
    page = Numbers(text)
    value = next(figure for figure in document["figures"] if figure["rule"] == "value")
    assert value["assets"][0]["numerator_minor"] == 5 * 4_200_000
    assert page.found["hold_rate_by_value.assets.CNY.numerator_minor"] == [("21000000", "¥210,000.00")]
    assert page.found["time_to_first_hold.of_held.median_ms"][0][1] == "0:01"
    assert dict(leaves(document)).keys() == page.found.keys()


def test_almost_all_is_never_written_as_all(weeks: Weeks, reader: FlaskClient) -> None:
    weeks.answers(W47, "SIM-PROMPT", in_time=1999, late=1)
    text = html_of(reader, PAGE)
    assert Numbers(text).found["answer_timeliness.rate"] == [("99.9", "99.9")]
    assert "100.0" not in text


def test_differences_are_in_points_with_a_real_minus_and_only_between_published_rates(
    weeks: Weeks, reader: FlaskClient
) -> None:
    filled(weeks)
    text = html_of(reader, f"{PAGE}&lang=en")
    # 67/80 in time this week (83.8), 65/80 last week (81.3).
    assert re.search(r'id="change">\+2\.5<.*percentage points', text)
    row = re.search(r'data-institution="SIM-SLOW">.*?</tr>', text, re.DOTALL)
    assert row is not None
    assert "−10.5" in row.group()
    hop = re.search(r'data-institution="SIM-HOP">.*?</tr>', text, re.DOTALL)
    assert hop is not None
    assert '<td class="r soft"><span class="muted">—</span>' in hop.group()


def test_only_institutions_with_enough_requests_have_a_place(weeks: Weeks, reader: FlaskClient) -> None:
    filled(weeks)
    places = re.findall(r'data-institution="([A-Z-]+)"><td class="r muted">(\d+|—)', html_of(reader, PAGE))
    assert places[:4] == [("SIM-PROMPT", "1"), ("SIM-SLOW", "2"), ("SIM-HOP", "—"), ("SIM-PART", "—")]


def test_a_rate_of_too_few_is_withheld_and_its_fraction_is_not(weeks: Weeks, reader: FlaskClient) -> None:
    weeks.answers(W47, "SIM-PART", in_time=1, late=1)
    text = html_of(reader, f"{PAGE}&lang=en")
    page = Numbers(text)
    assert page.found["answer_timeliness.rate"] == [("", "—")]
    assert "fewer than 5: no rate is published" in text
    assert page.found["answer_timeliness.denominator"] == [("2", "2")]


def test_an_empty_week_says_so(reader: FlaskClient, drive: Drive) -> None:
    text = html_of(reader, f"{PAGE}&lang=en")
    assert "nothing to count" in text
    assert "No rate was published in these weeks." in text
    assert "No request was counted for an institution." in text
    assert Numbers(text).found["answer_timeliness.denominator"] == [("0", "0")]


def test_a_live_week_is_marked_and_a_published_one_has_edition_time_and_hashes(
    weeks: Weeks, drive: Drive, reader: FlaskClient
) -> None:
    filled(weeks)
    drive.run_until(W48.end)
    assert "Live, not published" in html_of(reader, f"{PAGE}&lang=en")
    snapshot = drive.publish(W47).snapshot
    told = document_of(reader)["publication"]
    text = html_of(reader, f"{PAGE}&lang=en")
    assert "Published, never changed" in text
    assert f"edition {told['edition']}" in text
    assert told["figures_hash"] in text
    assert told["inputs_hash"] in text
    code = told["figures_hash"][:12].upper()
    assert f"{code[:4]}-{code[4:8]}-{code[8:]}" in text
    assert f"{snapshot.published_at:%Y-%m-%d}"[:4] in text


def test_a_corrected_week_keeps_its_earlier_edition_readable(weeks: Weeks, drive: Drive, reader: FlaskClient) -> None:
    weeks.answers(W47, "SIM-PROMPT", in_time=8, late=2)
    drive.run_until(W48.end)
    drive.publish(W47)
    weeks.answers(W47, "SIM-PROMPT", in_time=10)
    drive.publish(W47, "a <b>bank</b> sent its answers again")
    text = html_of(reader, f"{PAGE}&lang=en")
    assert Numbers(text).found["answer_timeliness.rate"] == [("90.0", "90.0")]
    assert "a &lt;b&gt;bank&lt;/b&gt; sent its answers again" in text
    assert ">80.0%" in text.replace("\n", "")
    assert "corrected" in text
    first = html_of(reader, f"{PAGE}&lang=en&edition=1")
    assert Numbers(first).found["answer_timeliness.rate"] == [("80.0", "80.0")]
    assert "This is edition 1. A later one stands now." in first
    for wrong in ("3", "0", "-1", "x", "99999", "１"):
        assert reader.get(f"{PAGE}&edition={wrong}").status_code == 404


def test_without_a_name_the_newest_published_week_is_shown_else_the_running_one(
    weeks: Weeks, drive: Drive, reader: FlaskClient
) -> None:
    assert 'href="/weekly/2026-W48.json?centre=drill"' in html_of(reader, "/weekly?centre=drill")
    drive.run_until(W48.end)
    drive.publish(W47)
    assert 'href="/weekly/2026-W47.json?centre=drill"' in html_of(reader, "/weekly?centre=drill")


def test_the_line_has_the_published_weeks_a_gap_where_none_was_and_the_same_as_a_table(
    weeks: Weeks, drive: Drive, reader: FlaskClient
) -> None:
    for one, late in ((W45, 1), (W46, 2), (W47, 3)):
        weeks.answers(one, "SIM-PROMPT", in_time=10 - late, late=late)
    drive.clock.set(days_after(W48, 1))
    drive.run_until(days_after(W48, 1))
    drive.publish(W45)
    drive.publish(W47)
    text = html_of(reader, "/weekly/2026-W48?centre=drill&lang=en")
    assert re.findall(r'<data data-week="(2026-W\d\d)" value="([\d.]+)"', text) == [
        ("2026-W47", "70.0"),
        ("2026-W45", "90.0"),
    ]
    assert text.count('<path class="me"') == 2
    assert "Week 45 of 2026: 90.0%; Week 47 of 2026: 70.0%." in text
    assert text.count("Week 45 of 2026: 90.0%") == 2, "the drawing's name, and the sentence below it"


@pytest.mark.parametrize(
    "path",
    [
        "/weekly/2026-W49",  # not begun
        "/weekly/2190-W10",
        "/weekly/2026-W54",
        "/weekly/2026-47",
        "/weekly/nonsense",
        "/weekly/2026-w47",
        "/weekly/%00",
        "/weekly/２０２６-W47",
        "/weekly/2026-W47?centre=nobody",
        "/weekly/2026-W47?centre=",
        f"/weekly/2026-W47?centre={HOSTILE}",
        "/weekly/2026-W47?centre=%00",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so_and_repeats_nothing(reader: FlaskClient, path: str) -> None:
    told = reader.get(path)
    assert told.status_code == 404
    assert told.content_type.startswith("text/html")
    assert "<script>alert" not in told.text
    assert "OR 1=1" not in told.text


def test_hostile_parameters_are_carried_on_by_no_link(weeks: Weeks, reader: FlaskClient) -> None:
    text = reader.get("/weekly/2026-W47", query_string={"centre": "drill", "lang": HOSTILE, "x": HOSTILE}).text
    assert "<script>alert" not in text
    assert "centre=drill" in text
    assert re.findall(r"[?&;]lang=(\w*)", text) == ["en"], "only the switch of the language itself"


def test_the_page_carries_no_style_and_no_script_of_its_own(weeks: Weeks, reader: FlaskClient) -> None:
    filled(weeks)
    told = reader.get(PAGE)
    assert "style=" not in told.text
    assert re.findall(r"<script(?![^>]*\bsrc=)", told.text) == []
    assert re.findall(r"\son[a-z]+=", told.text) == []
    assert "style-src-attr 'none'" in told.headers["Content-Security-Policy"]


def test_in_production_only_the_live_centre_is_for_everybody(installation: Installation, built: None) -> None:
    production = replace(installation, settings=replace(installation.settings, environment="production"))
    client = create_app(production).test_client()
    assert client.get("/weekly?centre=drill").status_code == 404
    assert client.get("/weekly").status_code == 200


def test_who_is_signed_in_sees_the_own_centre_and_no_other(
    app: Flask, installation: Installation, drill: Centre, weeks: Weeks
) -> None:
    filled(weeks)
    client = signed_in(app, installation, drill)
    assert 'href="/weekly/2026-W47.json?centre=drill"' in html_of(client, "/weekly/2026-W47")
    assert client.get("/weekly/2026-W47?centre=centre").status_code == 404
    assert Numbers(html_of(client, "/weekly/2026-W47")).found == Numbers(html_of(app.test_client(), PAGE)).found


def test_no_personal_data_is_on_the_page(drive: Drive, reader: FlaskClient, clock: FrozenClock) -> None:
    order = drive.report()
    drive.deliver(order)
    drive.answer(order, "full", held=4_200_000)
    text = html_of(reader, "/weekly/2026-W48?centre=drill")
    for secret in ("王小明", "李四", "13800138000", "6222021234567890128", "9991010000000018", "PAY-1"):
        assert secret not in text
    assert json.dumps(str(order.case_id)) not in text
