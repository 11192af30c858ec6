"""A centre in the middle of its work: a published week behind it, cases in every state, a decision that waits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from antifraud.auth.people import Person
from antifraud.cases import acts
from antifraud.cases.worklist import claim
from tests.browser.people import Staff
from tests.processes.harness import System
from tests.processes.procs import wait_for

ZONE: Final = ZoneInfo("Asia/Shanghai")
PUBLISHED_AT: Final = time(9, 5)
STEP: Final = timedelta(minutes=8)
STEPS: Final = 5
BANKS: Final = ("SIM-PROMPT", "SIM-PART", "SIM-HOP", "SIM-MUTE", "SIM-NO", "SIM-SLOW")
STOPPED: Final = """
    SELECT hold.id, hold.case_id FROM holds hold
    WHERE hold.state = 'stopped' ORDER BY hold.id DESC"""
OPEN_TASKS: Final = "SELECT id FROM tasks WHERE state = 'open' AND owner_id IS NULL ORDER BY due_at"


@dataclass(frozen=True, slots=True)
class Scene:
    """What the pages of the tests show."""

    case_no: str
    case_id: str
    week: str
    approval_id: str
    deadline_id: UUID
    awaited_id: UUID
    secrets: tuple[str, ...]
    """Full names, telephones and account numbers of the case: no page may hold one of them unasked."""


def set_scene(station: System, staff: Staff, *, cases: int = 6, weeks: int = 1) -> Scene:
    """Play published cases of last weeks and of now, so that every page has something to show."""
    last_week = station.clock.now().astimezone(ZONE)
    for week in range(weeks):
        play(station, cases + week % 3)
        for _ in range(STEPS):
            station.clock.advance(STEP)
            station.settle(60)
        last_week = station.clock.now().astimezone(ZONE)
        station.clock.set(_next_monday(station.clock.now()))
        wait_for("the week is published", partial(_is_published, station, week + 1), 60)
        station.settle(60)
    play(station, cases)
    station.clock.advance(timedelta(minutes=26))
    station.settle(60)
    play(station, 3)
    document = station.document(*BANKS)
    station.submit(document)
    station.submit(station.document("SIM-MUTE"))
    station.settle(60)
    approval_id = _ask_freeze(station, staff.operator)
    for who in (staff.operator, staff.operator, staff.colleague):
        claim_next(station, who)
    told = json.loads(station.acked[document["source_ref"]])["case"]
    case_id = case_id_of(station, told["no"])
    wait = "SELECT id, subject_id FROM deadlines WHERE case_id = :case AND subject_kind = 'request' ORDER BY id LIMIT 1"
    (awaited,) = station.rows(wait, case=case_id)
    year, number, _ = last_week.isocalendar()
    return Scene(
        case_no=told["no"],
        case_id=str(case_id),
        week=f"{year}-W{number:02d}",
        approval_id=approval_id,
        deadline_id=awaited.id,
        awaited_id=awaited.subject_id,
        secrets=secrets_of(document),
    )


def case_id_of(station: System, number: str) -> UUID:
    """Return the id behind a case's number."""
    found: UUID = station.one("SELECT id FROM cases WHERE no = :no", no=number)
    return found


def secrets_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of a report must be masked wherever nobody asked for it."""
    parties = [party for transfer in document["transfers"] for party in (transfer["from"], transfer["to"])]
    found = {document["victim"]["name"], document["victim"]["phone"]}
    found |= {party[part] for party in parties for part in ("number", "holder")}
    return tuple(sorted(found))


def play(station: System, cases: int) -> None:
    """Play the first published cases as `antifraud demo` does."""
    code, said = station.run("demo", "--cases", str(cases), "--every", "0", seconds=90)
    assert code == 0, said


def _next_monday(now: datetime) -> datetime:
    local = now.astimezone(ZONE)
    day = (local + timedelta(days=7 - local.weekday())).date()
    return datetime.combine(day, PUBLISHED_AT, ZONE)


def _is_published(station: System, weeks: int) -> bool:
    return bool(station.one("SELECT count(*) FROM snapshots") >= weeks)


def _ask_freeze(station: System, who: Person) -> str:
    """File a case and ask for a freeze of its stopped account: it waits for a second person."""
    mail = station.installation.mail(station.drill)
    hold = station.rows(STOPPED)[0]
    with station.installation.database.begin(station.drill.id) as connection:
        work = station.installation.work(connection, station.drill.id, who.actor)
        acts.file_case(work, mail, hold.case_id, "云公立字〔2026〕1734号")
        acts.ask_measure(
            work, mail, hold.case_id, hold.id, acts.Measure(kind="freeze", documents=("云公冻字〔2026〕17号",))
        )
    return str(station.one("SELECT id FROM approvals WHERE decided_at IS NULL ORDER BY id DESC"))


def claim_next(station: System, who: Person) -> None:
    """Claim the free task that is due next."""
    with station.installation.database.begin(station.drill.id) as connection:
        work = station.installation.work(connection, station.drill.id, who.actor)
        task = station.rows(OPEN_TASKS)[0]
        claim(work, station.installation.mail(station.drill), task.id, who.id)
