"""Which language and which theme a page has."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask

from antifraud.auth.people import Person
from antifraud.console.frame.languages import from_browser, theme_of

ZONE = "Asia/Shanghai"
NIGHT, MORNING, DAY = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (11, 22, 23))


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9", "zh"),
        ("en-GB,en;q=0.8", "en"),
        ("de,en;q=0.5", "en"),
        ("de", "zh"),
        ("", "zh"),
        ("zh_TW", "zh"),
    ],
)
def test_the_browsers_language(app: Flask, accepted: str, language: str) -> None:
    page = app.test_client().get("/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}"' in page.text


def test_a_language_can_be_asked_for_before_the_sign_in(app: Flask) -> None:
    assert '<html lang="en"' in app.test_client().get("/sign-in?lang=en", headers={"Accept-Language": "zh"}).text
    assert '<html lang="zh-Hans"' in app.test_client().get("/sign-in?lang=tlh").text


def test_an_empty_list_of_languages_is_chinese() -> None:
    assert from_browser([]) == "zh"
    assert from_browser([("*", 1.0)]) == "zh"


@pytest.mark.parametrize(
    ("roles", "theme", "at", "written"),
    [
        (("operator",), None, NIGHT, "dark"),
        (("operator",), None, MORNING, "dark"),
        (("operator",), None, DAY, None),
        (("auditor",), None, NIGHT, None),
        (("operator",), "light", NIGHT, "light"),
        (("auditor",), "dark", DAY, "dark"),
    ],
)
def test_operators_have_it_dark_at_night(
    roles: tuple[str, ...], theme: str | None, at: datetime, written: str | None
) -> None:
    nobody = UUID(int=0)
    who = Person(id=nobody, person_id=nobody, centre_id=nobody, name="x", roles=roles, theme=theme)
    assert theme_of(who, at, ZONE) == written


def test_nobody_has_the_systems_theme() -> None:
    assert theme_of(None, NIGHT, ZONE) is None
