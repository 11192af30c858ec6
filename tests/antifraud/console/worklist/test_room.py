"""The room as a browser gets it: what is shown and to whom, what an act changes, and what it costs."""

# ruff: noqa: ANN401, S608 - a report's fields and an answer are of any kind; our own ids in our own statements

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, text
from typing_extensions import override

from antifraud.auth.service import Centre
from antifraud.cases.agenda import PAGE_ROWS
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.verification.service import verify
from tests.factories.cases import Story
from tests.factories.people import person, signed_in

MUTE = {"institution": "SIM-MUTE", "number": "9991050000000015", "holder": "李四"}
FULL = ("王小明", "李四", "9991050000000015", "9991010000000018", "6222021234567890128", "13800138000")
SCRIPT = {"X-Requested-With": "fetch"}


class Tags(HTMLParser):
    """The tags of a page, to count and to look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def rows(self) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == "li" and "data-row" in attrs]


class Room:
    """The room of the drill centre, with a few cases in it, and a browser."""

    def __init__(self, app: Flask, installation: Installation, centre: Centre, clock: FrozenClock) -> None:
        self.app, self.installation, self.centre, self.clock = app, installation, centre, clock
        self.browser = self.sign_in("operator", name="anna")

    def sign_in(self, *roles: str, name: str | None = None) -> FlaskClient:
        return signed_in(self.app, self.installation, self.centre, roles, name=name)

    def story(self, ref: str, **changes: Any) -> Story:
        return Story(self.installation, self.centre, self.clock, source_ref=ref, **changes)

    def html(self, address: str = "/", browser: FlaskClient | None = None, lang: str | None = None) -> str:
        headers = {"Accept-Language": lang} if lang else {}
        got = (browser or self.browser).get(address, headers=headers)
        assert got.status_code == 200, (address, got.status_code, got.text[:400])
        return got.text

    def rows(self, address: str = "/worklist/rows", browser: FlaskClient | None = None) -> list[dict[str, str | None]]:
        return Tags(self.html(address, browser)).rows()

    def post(self, address: str, browser: FlaskClient | None = None, /, **form: object) -> Any:
        browser = browser or self.browser
        page = browser.get("/").text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        return browser.post(address, data=form, headers={**SCRIPT, "X-CSRFToken": found[1]})

    def owner(self, task: str) -> UUID | None:
        with self.installation.database.begin(self.centre.id) as connection:
            found: UUID | None = connection.scalar(text(f"SELECT owner_id FROM tasks WHERE id = '{task}'"))
            return found


@pytest.fixture
def room(app: Flask, installation: Installation, drill: Centre, clock: FrozenClock) -> Room:
    return Room(app, installation, drill, clock)


@pytest.fixture
def overdue(room: Room) -> Story:
    """A case whose bank has not answered for half an hour: somebody is to call, and it is soon too late for that."""
    story = room.story("silent", to=MUTE)
    story.deliver(story.request())
    story.pass_time(timedelta(minutes=36))
    return story


def test_a_row_says_what_to_do_until_when_about_whom_and_how_much(room: Room, overdue: Story) -> None:
    page = room.html(lang="en")
    (row,) = [one for one in Tags(page).rows() if one["data-kind"] == "call_contact_a"]
    shown = page[page.index(f'id="row-{row["data-row"]}"') :]
    shown = shown[: shown.index("<template>")]
    assert row["data-group"] == "late"
    assert row["data-request"] == str(overdue.request())
    for word in ("Call contact A: Stillwater Bank, no answer", overdue.told["case"]["no"], "王**", "tier 1"):
        assert word in shown, word
    assert "9991 **** 0015" in shown
    assert "¥42,000.00" in shown
    assert "<title>1 overdue · Worklist" in page


@pytest.mark.usefixtures("overdue")
def test_the_page_is_written_in_both_languages(room: Room) -> None:
    zh, en = room.html(lang="zh-CN"), room.html(lang="en")
    assert "现在要做" in zh
    assert "已超时" in zh
    assert "To do now" in en
    shown = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|head).*?</\1>", "", en))
    chinese = set(re.findall(r"[一-鿿]+", shown)) - {"王", "中文", room.centre.name}
    assert chinese == set(), chinese


@pytest.mark.usefixtures("overdue")
def test_nothing_of_a_person_or_an_account_is_on_the_page_but_its_mask(room: Room) -> None:
    room.story("other")
    for address in ("/", "/?scope=open", "/worklist/rows?scope=open", "/worklist/rows"):
        html = room.html(address)
        assert "王**" in html
        for secret in FULL:
            assert secret not in html, (address, secret)


def test_hostile_text_is_shown_as_text_and_never_runs(room: Room) -> None:
    evil = "<img src=x onerror=alert(1)>\"&'{{7*7}}"
    room.story(
        "evil",
        to={**MUTE, "holder": evil},
        **{"from": {"institution": "ICBC", "number": "6222021234567890128", "holder": evil}},
    )
    with room.installation.database.begin(room.centre.id) as connection:
        connection.execute(text("UPDATE cases SET fraud_type = :evil"), {"evil": evil})
        connection.execute(text("UPDATE tasks SET reason = :evil"), {"evil": evil})
    html = room.html("/?scope=open")
    assert "<img" not in html
    assert "onerror=alert(1)&gt;" in html
    assert "49" not in re.sub(r"[^<]*<title>|[0-9a-f-]{36}", "", html[html.index("onerror=alert(1)&gt;") :])[:60]


@pytest.mark.usefixtures("live")
def test_only_who_may_work_on_tasks_sees_the_list(room: Room) -> None:
    for roles, status in ((("operator",), 200), (("supervisor",), 200), (("auditor",), 404), (("administrator",), 404)):
        browser = room.sign_in(*roles)
        for address in ("/", "/worklist/rows", "/worklist/figures"):
            assert browser.get(address).status_code == status, (roles, address)
    stranger = room.app.test_client()
    assert stranger.get("/").status_code == 302
    assert stranger.get("/worklist/rows", headers=SCRIPT).status_code == 401


@pytest.mark.usefixtures("overdue")
def test_another_centre_sees_nothing_of_it_and_cannot_touch_it(
    room: Room, live: Centre, installation: Installation, app: Flask
) -> None:
    browser = signed_in(app, installation, live, name="elsewhere")
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    assert room.rows(browser=browser) == []
    told = room.post("/worklist/claim", browser, task=task)
    assert (told.status_code, told.json["done"]) == (409, [])
    assert room.owner(task) is None


@pytest.mark.usefixtures("overdue")
def test_unclaimed_rows_are_a_tab_of_the_supervisor_alone(room: Room) -> None:
    supervisor = room.sign_in("supervisor", name="wang")
    assert 'data-scope="unclaimed"' not in re.sub(r'id="worklist"[^>]*', "", room.html())
    assert room.browser.get("/?scope=unclaimed").status_code == 404
    (row,) = room.rows("/worklist/rows?scope=unclaimed", supervisor)
    assert row["data-kind"] == "call_contact_a"
    assert "data-unclaimed" in row
    room.post("/worklist/claim", task=str(row["data-row"]))
    assert room.rows("/worklist/rows?scope=unclaimed", supervisor) == []


@pytest.mark.usefixtures("overdue")
def test_a_claim_shows_its_owner_to_everybody_and_is_undone_by_giving_back(room: Room) -> None:
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    told = room.post("/worklist/claim", task=task)
    assert told.json == {"done": [task], "refused": [], "text": told.json["text"], "undo": "give-back"}
    liu = room.sign_in("operator", name="liu")
    (seen,) = [row for row in room.rows(browser=liu) if row["data-row"] == task]
    assert seen["data-owner"] == str(room.owner(task))
    refused = room.post("/worklist/claim", liu, task=task)
    assert refused.status_code == 409
    assert "anna" in refused.json["refused"][0]["why"]
    assert room.rows("/worklist/rows?scope=mine")[0]["data-row"] == task
    assert room.rows("/worklist/rows?scope=mine", liu) == []
    assert room.post("/worklist/give-back", task=task).status_code == 200
    assert room.owner(task) is None


def test_many_are_claimed_at_once_and_what_was_taken_is_named(room: Room) -> None:
    for ref in "abc":
        room.story(ref, to=MUTE, reference=ref).stopped()
    tasks = [str(row["data-row"]) for row in room.rows()]
    room.post("/worklist/claim", room.sign_in("operator", name="liu"), task=tasks[0])
    told = room.post("/worklist/claim", task=tasks)
    assert set(told.json["done"]) == set(tasks[1:])
    assert [one["id"] for one in told.json["refused"]] == [tasks[0]]
    assert "liu" in told.json["text"]


@pytest.mark.usefixtures("overdue")
def test_only_a_supervisor_assigns_and_only_to_a_colleague(room: Room) -> None:
    liu = person(room.installation, room.centre, name="liu")
    supervisor = room.sign_in("supervisor", name="wang")
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    assert room.post("/worklist/assign", task=task, person=str(liu.id)).status_code == 404
    assert room.post("/worklist/assign", supervisor, task=task, person=str(liu.id)).status_code == 200
    assert room.owner(task) == liu.id
    assert room.post("/worklist/assign", supervisor, task=task, person=task).status_code == 409


def test_a_row_that_is_put_off_stands_at_the_bottom_with_its_own_limit(room: Room) -> None:
    room.story("a").stopped()
    first = room.rows()[0]
    told = room.post("/worklist/snooze", task=first["data-row"], share="half", reason="bank_called")
    assert told.status_code == 200, told.text
    last = room.rows()[-1]
    assert (last["data-row"], last["data-group"], last["data-ends"]) == (
        first["data-row"],
        "snoozed",
        first["data-ends"],
    )
    assert room.post("/worklist/wake", task=first["data-row"]).status_code == 200
    assert room.rows()[0]["data-row"] == first["data-row"]
    for wrong in ({"share": "all", "reason": "bank_called"}, {"share": "half", "reason": "free text of a person"}):
        assert room.post("/worklist/snooze", task=first["data-row"], **wrong).status_code in {409, 422}


def test_an_institution_is_reminded_once_and_not_again_within_a_minute(room: Room) -> None:
    story = room.story("silent", to=MUTE)
    story.deliver(story.request())
    (wait,) = [row for row in room.rows("/worklist/rows?scope=open") if row["data-source"] == "wait"]
    asked = {"case": wait["data-case"], "request": wait["data-request"]}
    assert room.post("/worklist/remind", **asked).status_code == 200
    assert story.value("SELECT count(*) FROM outbox WHERE kind = 'reminder'") == 1
    room.clock.advance(timedelta(seconds=30))
    assert room.post("/worklist/remind", **asked).status_code == 409
    assert story.value("SELECT count(*) FROM outbox WHERE kind = 'reminder'") == 1
    assert room.post("/worklist/remind", case=wait["data-case"], request=wait["data-case"]).status_code == 409


@pytest.mark.usefixtures("overdue")
def test_a_change_needs_the_token_of_its_own_session(room: Room) -> None:
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    assert room.browser.post("/worklist/claim", data={"task": task}, headers=SCRIPT).status_code == 400
    assert room.owner(task) is None


@pytest.mark.usefixtures("overdue")
def test_a_form_without_a_script_does_the_same_and_leads_back_to_the_list(room: Room) -> None:
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', room.html())
    assert token
    for given, led in (("/?scope=open", "/?scope=open"), ("//evil.example/", "/"), ("https://evil.example", "/")):
        got = room.browser.post("/worklist/claim", data={"task": task, "csrf_token": token[1], "next": given})
        assert (got.status_code, got.headers["Location"]) == (302, led)
    assert room.owner(task) is not None


@pytest.mark.usefixtures("overdue")
def test_what_has_not_changed_is_not_sent_again(room: Room) -> None:
    first = room.browser.get("/worklist/rows")
    tag = first.headers["ETag"]
    room.clock.advance(timedelta(seconds=2))
    again = room.browser.get("/worklist/rows", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    (task, *_) = [str(row["data-row"]) for row in Tags(first.text).rows()]
    room.post("/worklist/claim", room.sign_in("operator", name="liu"), task=task)
    changed = room.browser.get("/worklist/rows", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert json.loads(changed.headers["X-Worklist"])["tabs"]["mine"] == 0


def test_a_row_that_left_the_list_says_who_did_it(room: Room) -> None:
    story = room.story("a").stopped()
    (task,) = [str(row["data-row"]) for row in room.rows() if row["data-kind"] == "review_stop"]
    with room.installation.database.begin(room.centre.id) as connection:
        from antifraud.cases.acts import complete_task  # noqa: PLC0415 - only here

        work = room.installation.work(connection, room.centre.id, "user:liu")
        complete_task(work, room.installation.mail(room.centre), story.case_id, UUID(task))
    told: Any = room.browser.get(f"/worklist/ended?task={task}&task={UUID(int=9)}").json
    assert list(told) == [task]
    assert "liu" in told[task]
    assert room.browser.get("/worklist/ended?task=nonsense").status_code == 422


def test_further_rows_come_page_by_page(room: Room) -> None:
    story = room.story("a").stopped()
    with room.installation.database.begin(room.centre.id) as connection:
        connection.execute(
            text(
                "INSERT INTO tasks (id, centre_id, procedure_id, case_id, kind, subject_kind, subject_id, due_at,"
                " level, amount_minor, asset, masked_label, state, opened_at) SELECT gen_random_uuid(), centre_id,"
                " procedure_id, case_id, kind, subject_kind, subject_id, due_at, level, n, asset, masked_label, state,"
                " opened_at FROM tasks, generate_series(1, 130) n WHERE kind = 'review_stop'"
            )
        )
    seen: list[str] = []
    address = "/worklist/rows"
    for expected in (PAGE_ROWS, PAGE_ROWS):
        html = room.html(address)
        rows = [str(row["data-row"]) for row in Tags(html).rows()]
        assert len(rows) == expected
        seen += rows
        found = re.search(r'data-after="([^"]+)"', html)
        assert found
        address = f"/worklist/rows?after={found[1].replace('+', '%2B')}"
    rest = room.html(address)
    assert "data-after" not in rest
    seen += [str(row["data-row"]) for row in Tags(rest).rows()]
    assert len(seen) == len(set(seen)) == story.value("SELECT count(*) FROM tasks WHERE state = 'open'")
    for wrong in ("x", "2026-11-24T00:00:00~~x", f"2026-11-24T00:00:00~1~{UUID(int=1)}"):
        assert room.browser.get(f"/worklist/rows?after={wrong}").status_code == 404


def test_an_empty_list_says_so(room: Room) -> None:
    assert "data-empty" in room.html()
    assert "Nothing to do" in room.html(lang="en")


def test_the_figures_of_the_week_come_with_their_fraction(room: Room) -> None:
    for ref in "abcdef":
        room.story(ref, reference=ref).stopped()
    room.clock.advance(timedelta(minutes=40))
    html = room.html("/worklist/figures", lang="en")
    assert "100.0%" in html
    assert "6/6" in html


@pytest.fixture
def statements(installation: Installation) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        told.append(statement)

    event.listen(installation.database.engine, "before_cursor_execute", note)
    yield told
    event.remove(installation.database.engine, "before_cursor_execute", note)


def test_the_rows_cost_as_many_statements_however_many_they_are(room: Room, statements: list[str]) -> None:
    def cost() -> int:
        told = room.browser.get("/worklist/rows?scope=open")
        assert told.status_code == 200
        return len(statements)

    room.story("first", to=MUTE)
    wait_until_forgotten()
    statements.clear()
    one = cost()
    for number in range(12):
        room.story(f"more-{number}", to=MUTE, reference=f"R{number}")
    wait_until_forgotten()
    statements.clear()
    assert cost() == one
    assert one <= 14, statements


def test_forty_tabs_that_ask_at_the_same_time_are_one_reading(room: Room, statements: list[str]) -> None:
    browsers = [room.sign_in("operator", name=f"operator-{number}") for number in range(5)]
    room.story("first", to=MUTE)
    wait_until_forgotten()
    statements.clear()
    for browser in browsers * 8:
        assert browser.get("/worklist/rows").status_code == 200
    assert 1 <= sum("WITH listed" in statement for statement in statements) <= 12


def wait_until_forgotten() -> None:
    import time  # noqa: PLC0415 - only here

    from antifraud.console.worklist.sharing import KEPT_FOR_SECONDS  # noqa: PLC0415 - only here

    time.sleep(KEPT_FOR_SECONDS * 1.2)


@pytest.mark.usefixtures("overdue")
def test_the_record_verifies_after_all_that_people_do_with_rows(room: Room) -> None:
    (task, *_) = [str(row["data-row"]) for row in room.rows()]
    room.post("/worklist/claim", task=task)
    room.post("/worklist/give-back", task=task)
    room.story("b").stopped()
    later = str(room.rows()[-1]["data-row"])
    room.post("/worklist/snooze", task=later, share="quarter", reason="too_early")
    found = [one for outcome in verify(room.installation, room.centre) for one in outcome.differences]
    assert [str(one) for one in found if not one.is_warning] == []
