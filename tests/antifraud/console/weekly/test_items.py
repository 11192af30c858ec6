"""Each request counted or not: what stands on the list adds up to the figure."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from antifraud.auth.service import Centre
from antifraud.console.weekly.items import AT_ONCE
from antifraud.installation import Installation
from tests.antifraud.console.weekly.facts import Weeks, week
from tests.antifraud.console.weekly.test_week import document_of, filled
from tests.antifraud.timeliness.driven import Drive
from tests.factories.people import signed_in

ITEMS = "/weekly/2026-W47/items"


@pytest.fixture
def supervisor(app: Flask, installation: Installation, drill: Centre) -> FlaskClient:
    return signed_in(app, installation, drill, ("supervisor",))


def tabs(text: str) -> dict[str, int]:
    return {way: int(number.replace(",", "")) for way, number in re.findall(r'data-way="(\w+)">([\d,]+)<', text)}


def rows(text: str) -> list[str]:
    return re.findall(r'<tr data-counted="(\w+)"', text)


def test_the_tabs_add_up_to_all_and_to_the_figure(weeks: Weeks, supervisor: FlaskClient, reader: FlaskClient) -> None:
    filled(weeks)
    figure = document_of(reader)["figures"][0]
    text = supervisor.get(ITEMS).text
    found = tabs(text)
    assert found == {
        "in_time": figure["numerator"],
        "late": figure["late"],
        "open": figure["open"],
        "excluded": figure["excluded"],
        "other_request": figure["other_requests"],
    }
    assert int(re.findall(r'data-total="(\d+)"', text)[0]) == sum(found.values()) == len(rows(text)) == 80
    for way, number in found.items():
        assert rows(supervisor.get(f"{ITEMS}?counted={way}").text) == [way] * number


def test_each_row_names_its_case_its_instants_and_its_rule(drive: Drive, supervisor: FlaskClient) -> None:
    order = drive.report()
    drive.deliver(order)
    drive.answer(order, "full", held=4_200_000)
    with drive.work() as work:
        number = work.connection.exec_driver_sql("SELECT no FROM cases").scalar_one()
    text = supervisor.get("/weekly/2026-W48/items?lang=en").text
    assert f'href="/cases/{number}"' in text
    assert "cn_emergency_stop.v1:clocks.answer" in text
    assert "00:00" in text
    for secret in ("王小明", "李四", "13800138000", "9991010000000018"):
        assert secret not in text


def test_an_answer_after_the_limit_is_late_and_what_never_came_has_no_instant(
    weeks: Weeks, supervisor: FlaskClient
) -> None:
    weeks.answers(week("2026-W47"), "SIM-SLOW", in_time=0, late=1, never=1)
    late = supervisor.get(f"{ITEMS}?counted=late").text
    assert ">40:00<" in late
    never = supervisor.get(f"{ITEMS}?counted=open").text
    assert len(rows(never)) == 1
    assert ">40:00<" not in never


@pytest.mark.parametrize(
    "figure",
    [
        "answer_timeliness",
        "dispatch_timeliness",
        "undelivered",
        "hold_rate_by_value",
        "time_to_first_hold",
        "stop_to_freeze",
    ],
)
def test_every_figure_has_its_items(drive: Drive, supervisor: FlaskClient, figure: str) -> None:
    orders = [drive.report() for _ in range(2)]
    for order in orders:
        drive.deliver(order)
    drive.answer(orders[0], "full", held=4_200_000)
    told = supervisor.get(f"/weekly/2026-W48/items?figure={figure}")
    assert told.status_code == 200
    assert int(re.findall(r'data-total="(\d+)"', told.text)[0]) == sum(tabs(told.text).values())


def test_one_institution_is_seen_alone(weeks: Weeks, supervisor: FlaskClient) -> None:
    filled(weeks)
    assert tabs(supervisor.get(f"{ITEMS}?institution=SIM-SLOW").text)["late"] == 11
    assert sum(tabs(supervisor.get(f"{ITEMS}?institution=NOBODY").text).values()) == 0


def test_long_lists_come_in_pages(weeks: Weeks, supervisor: FlaskClient) -> None:
    weeks.answers(week("2026-W47"), "SIM-SLOW", in_time=AT_ONCE + 3)
    assert len(rows(supervisor.get(ITEMS).text)) == AT_ONCE
    assert len(rows(supervisor.get(f"{ITEMS}?page=2").text)) == 3
    assert supervisor.get(f"{ITEMS}?page=3").status_code == 404


def test_a_published_week_shows_what_was_published(
    app: Flask, installation: Installation, drill: Centre, weeks: Weeks, drive: Drive
) -> None:
    weeks.answers(week("2026-W47"), "SIM-SLOW", in_time=6)
    drive.run_until(week("2026-W48").end)
    drive.publish(week("2026-W47"))
    weeks.answers(week("2026-W47"), "SIM-SLOW", in_time=0, late=3)
    supervisor = signed_in(app, installation, drill, ("supervisor",))  # a session of before has ended since
    assert tabs(supervisor.get(ITEMS).text)["late"] == 0


@pytest.mark.parametrize(
    "query", ["figure=nothing", "counted=nothing", "counted=%00", "page=0", "page=x", "page=-1", "figure=<script>"]
)
def test_what_is_not_there_is_not_found(supervisor: FlaskClient, query: str) -> None:
    assert supervisor.get(f"{ITEMS}?{query}").status_code == 404


@pytest.mark.parametrize(
    ("roles", "status"),
    [(("supervisor",), 200), (("auditor",), 200), (("operator",), 404), (("administrator",), 404)],
)
def test_only_who_checks_sees_them(
    app: Flask, installation: Installation, drill: Centre, roles: tuple[str, ...], status: int
) -> None:
    assert signed_in(app, installation, drill, roles).get(ITEMS).status_code == status


def test_without_a_sign_in_one_is_asked_for(reader: FlaskClient) -> None:
    told = reader.get(ITEMS)
    assert told.status_code == 302
    assert "/sign-in?next=" in told.headers["Location"]


def test_the_page_links_to_them_only_for_who_may_see_them(
    app: Flask, installation: Installation, drill: Centre, weeks: Weeks, supervisor: FlaskClient
) -> None:
    filled(weeks)
    assert f'href="{ITEMS}?figure=answer_timeliness' in supervisor.get("/weekly/2026-W47").text
    assert "/items" not in signed_in(app, installation, drill).get("/weekly/2026-W47").text
