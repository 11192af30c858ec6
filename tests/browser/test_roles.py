"""Every address over real HTTP: who may not see it finds nothing there, who is not signed in is sent to the sign-in."""

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import UUID

import pytest
from werkzeug.routing import Rule

from antifraud.app import create_app
from antifraud.auth.rules import may
from antifraud.console.frame.page import SIGNING
from antifraud.installation import Installation
from antifraud.intake import drafts
from tests.browser.addresses import PAGES, ROLES, Role, person_of
from tests.browser.people import Staff, session_cookie
from tests.browser.scene import Scene
from tests.processes.harness import Response, System

MACHINES = ("/api/", "/problems/", "/.well-known/", "/livez", "/healthz", "/readyz", "/metrics", "/static/")
OPEN = (f"{SIGNING}.", "weekly_pages.")
Asked = Callable[[str, str, Role], Response]


@pytest.fixture(scope="module")
def rules(station: System) -> Iterator[list[tuple[Rule, str | None]]]:
    """The console's addresses as the application has them, each with the act that it asks for."""
    installation = Installation.open(station.settings, pool_size=1, process="antifraud test")
    with closing(installation.database):
        app = create_app(installation)
        yield [
            (rule, app.view_functions[rule.endpoint].__dict__["__act__"])
            for rule in app.url_map.iter_rules()
            if not rule.rule.startswith(MACHINES) and not rule.rule.endswith(".json")
        ]


@pytest.fixture(scope="module")
def asked(station: System, staff: Staff) -> Asked:
    """Ask for an address as somebody."""
    cookies = {role: "=".join(session_cookie(station, person_of(staff, role))) for role in ROLES}

    def ask(method: str, path: str, role: Role) -> Response:
        headers = {"Cookie": cookies[role]} if role in cookies else {}
        if method != "GET":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return station.request(method, path, None if method == "GET" else b"", headers)

    return ask


@pytest.fixture(scope="module")
def draft_no(station: System, staff: Staff) -> int:
    """A draft that nobody sent or threw away."""
    who = staff.operator
    with station.installation.database.begin(station.drill.id) as connection:
        return drafts.open_draft(station.installation.work(connection, station.drill.id, who.actor), who.id).no


def path_of(rule: Rule, scene: Scene, draft_no: int) -> str:
    """Return an address of the rule that is there."""
    values = {
        "no": draft_no if rule.rule.startswith("/reports") else scene.case_no,
        "week": scene.week,
        "approval_id": UUID(scene.approval_id),
        "deadline_id": scene.deadline_id,
        "subject_id": scene.awaited_id,
        "name": "hk_stop.v1",
        "verb": "remind",
        "code": "SIM-PROMPT",
        "edition": 1,
    }
    _, built = rule.build({name: values[name] for name in rule.arguments}) or ("", "")
    return built


def end_of(asked: Asked, path: str, role: Role) -> str:
    """Return what somebody comes to at an address: the page, the sign-in, or nothing."""
    answer = asked("GET", path, role)
    while answer.status == 302:
        to = answer.headers["Location"]
        if to.startswith("/sign-in"):
            return "sign-in"
        answer = asked("GET", to, role)
    return {200: "seen", 404: "missing"}[answer.status]


def test_who_may_see_which_page_is_as_written_down_here(station: System, scene: Scene, asked: Asked) -> None:
    seen = {
        name: {role: end_of(asked, place.at(scene), role) for role in ("nobody", *ROLES)}
        for name, place in PAGES.items()
        if name != "sign-in"
    }
    expected = {
        name: {
            role: "seen" if role in PAGES[name].roles else "sign-in" if role == "nobody" else "missing"
            for role in ("nobody", *ROLES)
        }
        for name in seen
    }
    assert seen == expected


def test_no_address_answers_who_may_not_have_it(
    rules: list[tuple[Rule, str | None]], scene: Scene, asked: Asked, draft_no: int
) -> None:
    assert len(rules) > len(PAGES)
    for rule, act in rules:
        path = path_of(rule, scene, draft_no)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if act is None:
                assert rule.endpoint.startswith(OPEN), "only the sign-in and published figures are open to all"
                continue
            nobody = asked(method, path, "nobody")
            if method == "GET":
                assert nobody.status in {302, 401}, (path, nobody.status)
                told = {name.lower(): value for name, value in nobody.headers.items()}
                assert "/sign-in" in told.get("location", told.get("hx-redirect", "")), path
            else:
                assert nobody.status in {302, 400, 401}, (method, path, nobody.status)
            for role in ROLES:
                if rule.rule == "/live" and may((role,), act):
                    continue  # it never ends by itself
                status = asked(method, path, role).status
                if not may((role,), act):
                    # A forged form is refused before anybody looks at what it asks for.
                    assert status == 404 or (method != "GET" and status == 400), (method, path, role, status)
                elif method == "GET":
                    assert status in {200, 302, 422}, (path, role, status)


def test_masked_pages_hold_no_name_and_no_number(scene: Scene, asked: Asked) -> None:
    addresses = [place.at(scene) for place in PAGES.values() if "supervisor" in place.roles]
    addresses += [f"/cases/{scene.case_no}/parts", f"/cases/{scene.case_no}/latest", "/worklist/rows?scope=open"]
    for address in addresses:
        answer = asked("GET", address, "supervisor")
        assert answer.status in {200, 302}, address
        page = answer.body.decode()
        assert [secret for secret in scene.secrets if secret in page] == [], address
    case = asked("GET", f"/cases/{scene.case_no}", "supervisor").body.decode()
    assert "王**" in case or "王*" in case, "the masked name is there"
