"""From the printed sheet alone a stranger comes to the same instant, whatever the wait was counted in."""

import html
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.cases.arithmetic import tell
from antifraud.cases.derivations import Explanation, explain
from antifraud.cases.sheet import sheet
from antifraud.deadlines.models import deadlines
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.deadlines.stranger import NONE, Sheet, due
from tests.factories.cases import HELD, Story
from tests.factories.commands import run
from tests.factories.people import signed_in
from workflows.clocks import TimeBox, derive, derive_before, derive_share, parse_length, pause, resume
from workflows.codec import value_to_json
from workflows.state import Derivation

WAITS_EACH = 100
CALENDARS = ("absolute", "calendar", "working_days", "banking_days")
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = ("CN", "TARGET", "ENGLAND", "US", "IN", "SG")
BOX = TimeBox(
    rule="clocks.answer.urgent",
    definition="cn_emergency_stop.v1",
    length=parse_length("PT30M"),
    calendar="absolute",
    zone="Asia/Shanghai",
    source="a source",
    confidence="high",
)


def explanation(derivation: Derivation, **changed: object) -> Explanation:
    found = Explanation(
        id=UUID(int=1), case_no="2026-000001-X", kind="answer", subject_kind="request", subject_id=UUID(int=2), step=0,
        due_at=derivation.due_at, derivation=value_to_json(derivation), content_hash="a" * 64,
        recomputed_at=derivation.due_at, tzdata="2025.2", confidence="high", institution="SIM-PROMPT", country="CN",
        state="running", started_at=derivation.started_at, ended_at=None, late_by_seconds=None, caught_up=False,
    )  # fmt: skip
    return replace(found, **changed)  # type: ignore[arg-type]  # a test's shorthand


def text_of(found: Explanation) -> str:
    return "\n".join(f"{label}: {value}" for label, value in sheet(found, "Asia/Shanghai", zh=False))


def printed(derivation: Derivation) -> str:
    return text_of(explanation(derivation))


def some_box(chance: random.Random) -> TimeBox:
    calendar = chance.choice(CALENDARS)
    lengths = {
        "absolute": ["PT30M", "PT48H", "P3D", "PT1S"],
        "calendar": ["P6M", "P1Y", "P10D", "P1M2D", "P0D", "P1DT12H", "PT4H"],
    }.get(calendar, ["P0D", "P1D", "P5D", "P15D", "P2DT3H", "P40D"])
    is_dated = calendar != "absolute"
    return replace(
        BOX,
        calendar=calendar,
        length=parse_length(chance.choice(lengths)),
        zone=chance.choice(ZONES),
        days=chance.choice(DAYS) if calendar.endswith("days") else None,
        cutoff=chance.choice([None, time(16), time(9, 30)]) if is_dated else None,
        counts_start_day=is_dated and chance.random() < 0.3,
        ends=chance.choice(["same_time", "end_of_day", "12:00", "02:30"]) if is_dated else "same_time",
        hard_end=parse_length("P70D") if chance.random() < 0.4 else None,
    )


def some_wait(chance: random.Random) -> Derivation:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(250 * 86_400), microseconds=7)
    derivation = derive(some_box(chance), start, "RequestDelivered")
    if derivation.counting is not None and derivation.counting.hard_end is not None:
        at = start
        for _ in range(chance.randrange(3)):
            at += timedelta(seconds=chance.randrange(9 * 86_400))
            derivation = pause(derivation, at)
            if chance.random() < 0.2:
                break
            at += timedelta(seconds=chance.randrange(9 * 86_400))
            derivation = resume(derivation, at)
    return derivation


@pytest.mark.parametrize("seed", range(4))
def test_a_stranger_computes_the_instant_of_every_kind_of_wait_from_the_sheet_alone(seed: int) -> None:
    chance, seen = random.Random(seed), set()
    for _ in range(WAITS_EACH):
        derivation = some_wait(chance)
        if derivation.is_uncounted:
            continue
        text = printed(derivation)
        assert due(text) == derivation.due_at, text
        assert tell(derivation, zh=False).due_at == tell(derivation, zh=True).due_at == derivation.due_at, text
        assert Sheet(text).of("Computed again").endswith("it agrees")
        seen.add(derivation.calendar)
    assert seen == set(CALENDARS)


def test_warnings_and_reminders_say_what_they_are_counted_from() -> None:
    end = datetime(2026, 11, 26, 14, tzinfo=UTC)
    warning = derive_before(replace(BOX, length=parse_length("PT24H")), end, "AnswerReceived")
    assert Sheet(printed(warning)).of("Counted back from") == "2026-11-26T14:00:00.000000Z"
    assert due(printed(warning)) == end - timedelta(hours=24) == warning.due_at
    reminder = derive_share(BOX, 50, "clocks.answer.reminders", end, "RequestDelivered")
    assert due(printed(reminder)) == end + timedelta(minutes=15) == reminder.due_at


def test_the_last_step_is_the_instant_and_every_zone_that_differs_is_there() -> None:
    start = datetime(2026, 10, 24, 1, 15, tzinfo=UTC)
    box = replace(BOX, calendar="calendar", length=parse_length("P1D"), zone="Europe/London")
    lines = Sheet(text_of(explanation(derive(box, start, "RequestDelivered"), country="SG")))
    assert lines.of("Due") == "2026-10-25T02:15:00.000000Z"
    assert lines.of("Due in Europe/London") == "2026-10-25 02:15:00.000000+00:00"
    assert lines.of("Due in Asia/Shanghai") == "2026-10-25 10:15:00.000000+08:00"
    # The clocks of Singapore show what those of Shanghai do, so it is not said twice; those of India do not.
    assert lines.of("Due in Asia/Singapore") == NONE
    assert lines.of("Step 3").endswith("= 2026-10-25T02:15:00.000000Z")
    india = Sheet(text_of(explanation(derive(box, start, "RequestDelivered"), country="IN")))
    assert india.of("Due in Asia/Kolkata") == "2026-10-25 07:45:00.000000+05:30"


def test_a_wait_that_could_not_be_counted_says_so() -> None:
    box = replace(BOX, calendar="working_days", days="CN", length=parse_length("P3D"))
    derivation = derive(box, datetime(2062, 1, 1, tzinfo=UTC), "RequestDelivered")
    assert derivation.is_uncounted
    assert "could not be counted" in printed(derivation)


def test_an_instant_that_was_moved_does_not_agree() -> None:
    derivation = derive(BOX, datetime(2026, 11, 24, tzinfo=UTC), "RequestDelivered")
    moved = explanation(derivation, due_at=derivation.due_at + timedelta(seconds=1))
    assert (
        Sheet(text_of(moved)).of("Computed again") == "2026-11-24T00:30:00.000000Z (tzdata 2025.2): it does NOT agree"
    )


def test_the_sheet_is_the_same_in_chinese_line_by_line() -> None:
    chance = random.Random(5)
    for _ in range(50):
        found = explanation(some_wait(chance))
        english, chinese = sheet(found, "Asia/Shanghai", zh=False), sheet(found, "Asia/Shanghai", zh=True)
        assert len(english) == len(chinese)
        assert all(re.search("[\u3400-\u9fff]", label) for label, _ in chinese)
        assert dict(english)["Due"] == dict(chinese)["到期时刻"]


@pytest.fixture
def full(installation: Installation, drill: Centre, clock: FrozenClock) -> list[Story]:
    """Cases that leave waits of every kind of the shipped scheme behind."""
    story = Story(installation, drill, clock).stopped()
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD)
    story.pass_time(timedelta(days=1))
    silent = Story(
        installation, drill, clock, source_ref="b", to={"institution": "SIM-MUTE", "number": "9991050000000015"}
    )
    silent.deliver(silent.request())
    silent.pass_time(timedelta(days=1))
    return [story, silent]


def test_every_wait_of_the_shipped_scheme_is_computed_again_from_what_is_printed(
    installation: Installation, drill: Centre, full: list[Story]
) -> None:
    with installation.database.begin(drill.id) as connection:
        rows = connection.execute(select(deadlines)).all()
        found = {row.id: explain(connection, row.id) for row in rows}
    kinds = {row.kind for row in rows}
    assert {"receipt", "answer", "reminder", "ladder", "task", "approval", "stop_end", "freeze_end"} <= kinds
    for row in rows:
        one = found[row.id]
        assert one is not None
        assert due(text_of(one)) == row.due_at
    for kind in sorted(kinds):
        row = next(row for row in rows if row.kind == kind)
        answer = run(installation, "deadline", "show", str(row.id))
        assert answer.exit_code == 0, answer.output
        assert due(answer.output) == row.due_at


@pytest.fixture
def app(installation: Installation) -> Flask:
    return create_app(installation)


def test_the_case_leads_to_the_sheet_of_each_of_its_instants(
    installation: Installation, drill: Centre, app: Flask, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    story.deliver(story.request())
    no = story.told["case"]["no"]
    browser = signed_in(app, installation, drill)
    page = browser.get(f"/cases/{no}", headers={"Accept-Language": "en"}).text
    address = re.search(rf"/cases/{no}/deadlines/[0-9a-f-]{{36}}", page)
    assert address is not None
    told = browser.get(address[0], headers={"Accept-Language": "en"})
    assert told.status_code == 200
    lines = re.findall(r"<dt>(.*?)</dt><dd class=\"num\">(.*?)</dd>", told.text)
    text = "\n".join(f"{html.unescape(label)}: {html.unescape(value)}" for label, value in lines)
    assert due(text) == story.value("SELECT answer_due_at FROM requests WHERE case_id = :case")
    assert "到期时刻的由来" in browser.get(address[0], headers={"Accept-Language": "zh"}).text
    about = browser.get(f"/cases/{no}/deadlines/of/{story.request()}")
    assert (about.status_code, about.headers["Location"].startswith(f"/cases/{no}/deadlines/")) == (302, True)


def test_the_sheet_is_for_whoever_may_see_the_case_and_only_under_its_own_case(
    installation: Installation, drill: Centre, live: Centre, app: Flask, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    no, wait = story.told["case"]["no"], story.id_of("SELECT id FROM deadlines WHERE case_id = :case LIMIT 1")
    address = f"/cases/{no}/deadlines/{wait}"
    assert app.test_client().get(address).status_code == 302, "to the sign-in"
    assert signed_in(app, installation, drill, ("administrator",)).get(address).status_code == 404
    assert signed_in(app, installation, live).get(address).status_code == 404
    mine = signed_in(app, installation, drill)
    assert mine.get(address).status_code == 200
    assert mine.get(f"/cases/2026-999999-X/deadlines/{wait}").status_code == 404
    assert mine.get(f"/cases/{no}/deadlines/{UUID(int=7)}").status_code == 404
    assert mine.get(f"/cases/{no}/deadlines/of/{UUID(int=7)}").status_code == 404
