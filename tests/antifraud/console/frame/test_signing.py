"""Signing in, out and over an open page, as a browser does it: real forms, real cookies, real rows."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from antifraud.app import create_app
from antifraud.auth.people import Person, person_named
from antifraud.auth.service import Centre
from antifraud.auth.sessions import ABSOLUTE, IDLE
from antifraud.auth.signing_in import disable
from antifraud.auth.throttle import OF_ONE_NAME, WINDOW
from antifraud.console.frame.signing import local_path
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.people import PASSWORD, person, signed_in

NEW = "snow-on-the-hill-43"
FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def operator(installation: Installation, drill: Centre) -> Person:
    return person(installation, drill, name="wang", password=PASSWORD)


def form_token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def sign_in(browser: FlaskClient, password: str = PASSWORD, name: str = "wang", **fields: str) -> TestResponse:
    page = browser.get("/sign-in", query_string={key: value for key, value in fields.items() if key == "next"})
    if page.status_code != HTTPStatus.OK:
        return page
    return browser.post("/sign-in", data={"csrf_token": form_token(page), "name": name, "password": password, **fields})


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == HTTPStatus.OK


def cookie(browser: FlaskClient, name: str = "antifraud") -> str | None:
    found = browser.get_cookie(name)
    return None if found is None else found.value


def test_the_right_password_leads_to_where_one_wanted_to_go(browser: FlaskClient, operator: Person) -> None:
    asked = browser.get("/account")
    assert asked.status_code == HTTPStatus.FOUND
    assert asked.location == "/sign-in?next=%2Faccount"
    page = browser.get(asked.location)
    assert 'name="next" value="/account"' in page.text
    answer = sign_in(browser, next="/account")
    assert (answer.status_code, answer.location) == (HTTPStatus.FOUND, "/account")
    assert is_in(browser)
    assert browser.get("/sign-in").location == "/"


@pytest.mark.parametrize(
    ("roles", "place"),
    [
        (("operator",), "/"),
        (("supervisor", "auditor"), "/"),
        (("auditor",), "/cases"),
        (("administrator",), "/people"),
    ],
)
def test_each_role_begins_on_a_page_that_it_may_see(
    browser: FlaskClient, installation: Installation, drill: Centre, roles: tuple[str, ...], place: str
) -> None:
    person(installation, drill, roles, name="wang", password=PASSWORD)
    assert sign_in(browser).location == place


def test_a_wrong_password_shows_the_form_again_with_the_name_and_without_the_password(
    browser: FlaskClient, operator: Person
) -> None:
    answers = [sign_in(browser, "not the password", name) for name in ("wang", "nobody")]
    for answer, name in zip(answers, ("wang", "nobody"), strict=True):
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f'value="{name}"' in answer.text
        assert "not the password" not in answer.text
        assert 'id="password-error"' in answer.text
    bare = [re.sub(r'(?:value|content)="[^"]*"', "", answer.text) for answer in answers]
    assert bare[0] == bare[1]
    assert not is_in(browser)


@pytest.mark.parametrize(("name", "password", "field"), [("", "x", "name"), ("wang", "", "password")])
def test_what_is_missing_is_said_beside_its_field(
    browser: FlaskClient, operator: Person, name: str, password: str, field: str
) -> None:
    answer = sign_in(browser, password, name)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert f'id="{field}-error"' in answer.text


def test_hostile_text_in_the_name_stays_text(browser: FlaskClient) -> None:
    answer = sign_in(browser, "x", '"><script>alert(1)</script>\x00')
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_forms_speak_the_browsers_language(
    browser: FlaskClient, installation: Installation, drill: Centre, language: str
) -> None:
    person(installation, drill, name="new", password=PASSWORD, must_change=True)
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    assert ("登录名" in browser.get("/sign-in").text) is (language == "zh")
    sign_in(browser, name="new")
    assert ("设置自己的密码" in browser.get("/password").text) is (language == "zh")


def test_every_sign_in_gives_a_new_token_and_the_one_before_opens_nothing(
    app: Flask, browser: FlaskClient, operator: Person
) -> None:
    browser.set_cookie("antifraud", "a-token-that-a-stranger-chose")
    sign_in(browser)
    first = cookie(browser)
    assert first not in {None, "a-token-that-a-stranger-chose"}
    page = browser.get("/sign-in", headers=FETCH)
    token = page.get_json()["csrf_token"]
    browser.post("/sign-in", data={"csrf_token": token, "name": "wang", "password": PASSWORD})
    second = cookie(browser)
    assert second not in {None, first}
    for value, is_open in ((first, False), (second, True)):
        other = app.test_client()
        other.set_cookie("antifraud", value or "")
        assert is_in(other) is is_open


def test_nothing_of_the_session_before_the_sign_in_is_kept(browser: FlaskClient, operator: Person) -> None:
    before = form_token(browser.get("/sign-in"))
    sign_in(browser)
    assert cookie(browser, "antifraud-door") is None
    refused = browser.post("/settings", data={"csrf_token": before, "theme": "dark"})
    assert refused.status_code == HTTPStatus.BAD_REQUEST


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(browser: FlaskClient, operator: Person) -> None:
    answer = sign_in(browser)
    (set_cookie,) = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("antifraud=")]
    assert "HttpOnly" in set_cookie
    assert "SameSite=Lax" in set_cookie
    assert "Path=/" in set_cookie
    assert "Domain" not in set_cookie
    assert "Cookie" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_over_https_the_cookies_are_bound_to_this_host(
    installation: Installation, drill: Centre, operator: Person
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    secure = replace(installation, settings=replace(installation.settings, public_url="https://centre.example"))
    browser = create_app(secure).test_client()
    base = "https://centre.example"
    page = browser.get("/sign-in", base_url=base)
    answer = browser.post(
        "/sign-in", base_url=base, data={"csrf_token": form_token(page), "name": "wang", "password": PASSWORD}
    )
    assert answer.status_code == HTTPStatus.FOUND
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 3
    for one in cookies:
        assert one.startswith("__Host-antifraud")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in one.split(";")}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/password", "/settings"])
def test_without_its_token_no_form_changes_anything(
    app: Flask, installation: Installation, drill: Centre, path: str
) -> None:
    browser = signed_in(app, installation, drill, name="wang")
    for token in (None, "", "forged"):
        sent = {"name": "wang", "password": PASSWORD, "theme": "dark"} | ({"csrf_token": token} if token else {})
        assert browser.post(path, data=sent).status_code == HTTPStatus.BAD_REQUEST
    assert is_in(browser)
    with installation.database.begin(drill.id) as connection:
        assert person_named(connection, "wang").theme is None


def test_the_token_of_another_session_is_none(app: Flask, installation: Installation, drill: Centre) -> None:
    one, other = (signed_in(app, installation, drill, name=name) for name in ("wang", "zhao"))
    token = form_token(one.get("/password"))
    assert other.post("/settings", data={"csrf_token": token}).status_code == HTTPStatus.BAD_REQUEST
    assert one.post("/settings", data={"csrf_token": token}).status_code == HTTPStatus.FOUND


def test_a_form_that_was_open_too_long_comes_again_with_a_token_that_works(
    browser: FlaskClient, operator: Person
) -> None:
    answer = browser.post("/sign-in", data={"csrf_token": "old", "name": "wang", "password": PASSWORD})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert 'value="wang"' in answer.text
    again = browser.post("/sign-in", data={"csrf_token": form_token(answer), "name": "wang", "password": PASSWORD})
    assert again.status_code == HTTPStatus.FOUND


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://127.0.0.1:8000"}, True),
        ({"Origin": "http://127.0.0.1:9"}, False),
        ({"Origin": "http://[::1"}, False),
    ],
)
def test_a_change_that_another_site_asks_for_is_refused_even_with_the_token(
    app: Flask, installation: Installation, drill: Centre, headers: dict[str, str], is_ours: bool
) -> None:
    browser = signed_in(app, installation, drill, name="wang")
    token = form_token(browser.get("/password", headers=headers))
    answer = browser.post("/settings", data={"csrf_token": token, "theme": "dark"}, headers=headers)
    assert (answer.status_code == HTTPStatus.FOUND) is is_ours
    with installation.database.begin(drill.id) as connection:
        assert (person_named(connection, "wang").theme == "dark") is is_ours


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "account",
        "",
        "/sign-out",
        "/sign-in?next=/",
        " /account",
        "/a\r\nX: y",
        "/" + "a" * 2000,
    ],
)
def test_no_link_to_us_leads_elsewhere(address: str) -> None:
    assert local_path(address) is None


@pytest.mark.parametrize("address", ["/", "/cases/2026-000001-Z", "/cases?q=a%20b&tier=2", "/approvals#a"])
def test_a_path_of_ours_is_followed(address: str) -> None:
    assert local_path(address) == address


def test_after_a_sign_in_a_foreign_address_is_not_followed(browser: FlaskClient, operator: Person) -> None:
    assert sign_in(browser, next="//evil.example/").location == "/"


def test_a_sign_out_ends_the_session_and_clears_the_browser(
    app: Flask, installation: Installation, drill: Centre
) -> None:
    browser = signed_in(app, installation, drill, name="wang")
    value = cookie(browser)
    answer = browser.post("/sign-out", data={"csrf_token": form_token(browser.get("/password"))})
    assert answer.location == "/sign-in"
    assert '"storage"' in answer.headers["Clear-Site-Data"]
    assert cookie(browser) is None
    stolen = app.test_client()
    stolen.set_cookie("antifraud", value or "")
    assert not is_in(stolen)


@pytest.mark.parametrize("limit", [IDLE, ABSOLUTE])
def test_a_session_over_a_limit_leads_to_the_sign_in_and_its_cookie_goes(
    app: Flask, installation: Installation, drill: Centre, clock: FrozenClock, limit: timedelta
) -> None:
    browser = signed_in(app, installation, drill)
    step = limit if limit == IDLE else timedelta(hours=1)
    end = clock.now() + limit
    while clock.now() + step < end:
        clock.advance(step)
        assert is_in(browser)
    clock.set(end)
    assert browser.get("/account").location == "/sign-in?next=%2Faccount"
    assert cookie(browser) is None


def test_what_a_page_asks_for_by_itself_keeps_no_session_open(
    app: Flask, installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    browser = signed_in(app, installation, drill)
    clock.advance(IDLE / 2)
    browser.get("/pulse")
    clock.advance(IDLE / 2)
    assert not is_in(browser)


def test_a_disabled_login_is_out_with_its_next_click(app: Flask, installation: Installation, drill: Centre) -> None:
    browser = signed_in(app, installation, drill, name="wang")
    assert is_in(browser)
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "cli:test")
        disable(work, person_named(connection, "wang").id)
    assert not is_in(browser)


def test_after_too_many_wrong_passwords_the_form_says_how_long_to_wait_and_a_known_browser_gets_in(
    app: Flask, browser: FlaskClient, clock: FrozenClock, operator: Person
) -> None:
    known = app.test_client()
    sign_in(known)
    known.delete_cookie("antifraud")
    for _ in range(OF_ONE_NAME):
        assert sign_in(browser, "not the password").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    answer = sign_in(browser)
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW.total_seconds()
    assert 'id="name-error"' in answer.text
    assert sign_in(known).status_code == HTTPStatus.FOUND
    forged = app.test_client()
    forged.set_cookie("antifraud-known", "x" + (cookie(known, "antifraud-known") or ""))
    assert sign_in(forged).status_code == HTTPStatus.TOO_MANY_REQUESTS
    clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert sign_in(browser).status_code == HTTPStatus.FOUND


def test_over_an_open_page_a_script_signs_in_and_goes_on_with_a_new_token(
    app: Flask, installation: Installation, drill: Centre, clock: FrozenClock, operator: Person
) -> None:
    browser = signed_in(app, installation, drill, name="wang")
    page = browser.get("/account")
    clock.advance(ABSOLUTE)
    lost = browser.post("/settings", headers=FETCH, data={"theme": "dark", "csrf_token": form_token(page)})
    assert lost.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
    told = browser.get("/sign-in", headers=FETCH).get_json()
    assert told["person"] is None
    headers = FETCH | {"X-CSRFToken": told["csrf_token"]}
    wrong = browser.post("/sign-in", headers=headers, data={"name": "wang", "password": "no"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert set(wrong.get_json()["errors"]) == {"password"}
    right = browser.post("/sign-in", headers=headers, data={"name": "wang", "password": PASSWORD})
    assert right.status_code == HTTPStatus.NO_CONTENT
    assert right.headers["X-Person"] == str(operator.id)
    told = browser.get("/sign-in", headers=FETCH).get_json()
    assert told["person"] == str(operator.id)
    for token in (right.headers["X-CSRFToken"], told["csrf_token"]):
        done = browser.post("/settings", headers=FETCH | {"X-CSRFToken": token}, data={"theme": "dark"})
        assert done.status_code == HTTPStatus.NO_CONTENT


def test_whoever_was_given_a_password_chooses_another_before_anything_else(
    browser: FlaskClient, installation: Installation, drill: Centre
) -> None:
    person(installation, drill, name="wang", password=PASSWORD, must_change=True)
    sign_in(browser)
    for path in ("/account", "/help"):
        assert browser.get(path).location == "/password"
    page = browser.get("/password")
    old = cookie(browser)

    def change(**fields: str) -> TestResponse:
        sent = {"csrf_token": form_token(page), "old": PASSWORD, "new": NEW, "again": NEW}
        return browser.post("/password", data=sent | fields)

    for fields, field in (
        ({"old": "not the password"}, "old"),
        ({"old": ""}, "old"),
        ({"again": NEW + "x"}, "again"),
        ({"new": "short", "again": "short"}, "new"),
        ({"new": PASSWORD, "again": PASSWORD}, "new"),
    ):
        answer = change(**fields)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f'id="{field}-error"' in answer.text
        assert NEW not in answer.text
    assert change().location == "/"
    assert cookie(browser) not in {None, old}
    assert is_in(browser)


def test_ones_settings_are_kept_one_by_one_and_nonsense_is_refused(
    app: Flask, installation: Installation, drill: Centre
) -> None:
    browser = signed_in(app, installation, drill, name="wang")

    def settings(**sent: str) -> tuple[int, tuple[str | None, str | None, bool]]:
        token = form_token(browser.get("/password"))
        status = browser.post("/settings", data={"csrf_token": token, "next": "/account", **sent}).status_code
        with installation.database.begin(drill.id) as connection:
            who = person_named(connection, "wang")
        return status, (who.locale, who.theme, who.has_shortcuts)

    assert settings(locale="en") == (HTTPStatus.FOUND, ("en", None, True))
    assert settings(theme="dark") == (HTTPStatus.FOUND, ("en", "dark", True))
    assert settings(has_shortcuts="") == (HTTPStatus.FOUND, ("en", "dark", False))
    assert settings(theme="", has_shortcuts="1") == (HTTPStatus.FOUND, ("en", None, True))
    assert settings(locale="xx") == (HTTPStatus.UNPROCESSABLE_ENTITY, ("en", None, True))


def test_an_administrator_sees_the_logins_of_the_centre_and_the_commands_and_nobody_else_does(
    app: Flask, installation: Installation, drill: Centre, live: Centre
) -> None:
    person(installation, live, name="elsewhere")
    page = signed_in(app, installation, drill, ("administrator",), name="boss").get("/people")
    assert page.status_code == HTTPStatus.OK
    assert 'data-login="operator"' in page.text
    assert "elsewhere" not in page.text
    assert "antifraud user add" in page.text
    for role in ("operator", "supervisor", "auditor"):
        assert signed_in(app, installation, drill, (role,)).get("/people").status_code == HTTPStatus.NOT_FOUND


def test_machines_addresses_look_for_nobody_and_give_no_cookie(
    app: Flask, installation: Installation, drill: Centre
) -> None:
    browser = signed_in(app, installation, drill)
    for path in ("/healthz", "/api/v1/nothing", "/static/dist/nothing"):
        assert "Set-Cookie" not in browser.get(path).headers
    assert is_in(browser)


@pytest.mark.parametrize("token", ["", "x", "\x7f", "é" * 20, "a" * 4000])
def test_a_cookie_that_is_none_of_ours_is_nobody(browser: FlaskClient, token: str) -> None:
    browser.set_cookie("antifraud", token)
    browser.set_cookie("antifraud-door", token)
    browser.set_cookie("antifraud-known", token)
    assert not is_in(browser)
    assert browser.get("/sign-in").status_code == HTTPStatus.OK


def test_the_session_of_one_centre_is_a_session_of_that_centre(
    app: Flask, installation: Installation, drill: Centre, live: Centre
) -> None:
    for centre in (drill, live):
        page = signed_in(app, installation, centre, name=f"of-{centre.code}").get("/account")
        assert centre.name in page.text
    with installation.database.begin(live.id) as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 1
