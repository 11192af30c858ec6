"""What people see when something does not work, and that machines still get their documents."""

from flask import Flask
from sqlalchemy.exc import OperationalError

from antifraud.auth.service import Centre
from antifraud.console.frame.page import needs
from antifraud.installation import Installation
from tests.factories.people import signed_in


def test_a_missing_page_is_a_page(app: Flask, installation: Installation, live: Centre) -> None:
    answer = signed_in(app, installation, live).get("/nowhere")
    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
    assert "没有这一页" in answer.text
    assert app.test_client().get("/nowhere", headers={"Accept-Language": "en"}).text.count("There is no such page") >= 1


def test_a_missing_address_for_machines_is_a_problem_document(app: Flask) -> None:
    for address in ("/api/v1/nowhere", "/problems/nothing-like-it", "/weekly/nothing.json"):
        answer = app.test_client().get(address)
        assert answer.content_type == "application/problem+json", address


def test_a_fault_of_ours_says_its_number_and_nothing_else(app: Flask, installation: Installation, live: Centre) -> None:
    @app.get("/broken")
    @needs("me.settings")
    def broken() -> str:
        raise RuntimeError("账号 6217003821414471 of Zhao")

    answer = signed_in(app, installation, live).get("/broken")
    assert answer.status_code == 500
    assert "6217003821414471" not in answer.text
    assert "系统出错" in answer.text


def test_without_the_database_the_page_says_that_nothing_was_changed(
    app: Flask, installation: Installation, live: Centre
) -> None:
    @app.get("/away")
    @needs("me.settings")
    def away() -> str:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    answer = signed_in(app, installation, live).get("/away")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "暂时连不上" in answer.text


def test_the_page_of_an_error_comes_even_without_the_database(installation: Installation, app: Flask) -> None:
    client = app.test_client()
    installation.database.close()
    broken = type(installation.database)(
        "postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1", pool_size=1, application_name="broken"
    )
    object.__setattr__(installation, "database", broken)
    client.set_cookie("antifraud", "made-up-token", domain="localhost")
    answer = client.get("/help")
    assert answer.status_code == 503
    assert answer.content_type == "text/html; charset=utf-8"
