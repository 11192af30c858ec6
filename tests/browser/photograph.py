"""Photographs of the console for README and docs: `make screenshots`.

A system of its own is started on a controlled clock and plays the demonstration; then the pages of the design are
photographed in both languages and themes, on a desk and on a phone. All of them go to `build/screenshots`; the few
that the documentation shows go to `docs/screenshots` too, with fewer colours.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

from antifraud.cases import acts
from antifraud.foundation.settings import Settings
from antifraud.supervisor.postgres import EmbeddedPostgres
from tests.browser.addresses import PAGES
from tests.browser.chromium import ARGUMENTS, missing, path_of_chromium
from tests.browser.palette import quantised
from tests.browser.people import Language, Staff, Theme, engage
from tests.browser.scene import ZONE, Scene, claim_next, set_scene
from tests.browser.sheets import begin, field
from tests.browser.tabs import PHONE, Tab, open_tab
from tests.processes.harness import System, system
from tests.processes.procs import Spawner
from workflows import EventRefused

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "screenshots"
DOCUMENTED: Final = ROOT / "docs" / "screenshots"
PAGE: Final = (1360, 850)
CASES: Final = 9
WEEKS: Final = 4
WEB_THREADS: Final = 96
OVERDUE_BY: Final = timedelta(minutes=2, seconds=7)
NEXT_TASK: Final = "SELECT min(due_at) FROM tasks WHERE state = 'open' AND due_at > :now"
DEEPEST: Final = """
    SELECT case_.no FROM cases case_ JOIN holds hold ON hold.case_id = case_.id
    GROUP BY case_.id, case_.no HAVING sum(hold.held_minor) > 0
    ORDER BY max(hold.tier) DESC, count(*) DESC, case_.no DESC LIMIT 1"""
OLD_TASKS: Final = "SELECT id, case_id FROM tasks WHERE state = 'open' AND opened_at < :before"
SHIFT: Final = timedelta(hours=2)
ROUNDS: Final = 3
MESSAGE: Final = (
    "【云杉银行】您尾号5508的账户{day}{time}转账支出人民币42,000.00元，收款方李四，收款账号{account}，余额310.26元。"
)


@dataclass(frozen=True, slots=True)
class Shot:
    """One photograph; `before` is what is done on the page first."""

    name: str
    page: str
    language: Language = "zh"
    theme: Theme = "light"
    size: tuple[int, int] = PAGE
    before: Callable[[Tab, System], None] | None = None
    is_documented: bool = False


def typed(window: Tab, station: System) -> None:
    """Paste a message about an account that is known already."""
    now = station.clock.now().astimezone(ZONE)
    at = now - timedelta(minutes=11)
    known = next(one for one in sorted(station.must_stop) if one[0] == "SIM-PROMPT")[1]
    begin(window)
    field(window, "paste").fill(MESSAGE.format(day=f"{at.month}月{at.day}日", time=at.strftime("%H:%M"), account=known))
    field(window, "paste").press("Enter")
    expect(field(window, "account")).not_to_have_value("")
    field(window, "time").focus()
    window.page.wait_for_timeout(800)


def mistaken(window: Tab, _: System) -> None:
    """Type what must be mended."""
    begin(window)
    for name, value in (("account", "9991 0100 0000 0101"), ("amount", "四万多"), ("time", "25:70")):
        field(window, name).fill(value)
        field(window, name).press("Enter")
    window.page.keyboard.press("Control+Enter")
    window.page.locator(".errsum").wait_for()
    window.page.wait_for_timeout(500)


def cut(window: Tab, _: System) -> None:
    """Let the line be cut for half a minute."""
    for path in ("**/live", "**/pulse*"):
        window.page.route(path, lambda route: route.abort())
    window.page.evaluate("window.dispatchEvent(new Event('online'))")
    window.page.locator('#banners [data-name="offline"]').wait_for(timeout=30_000)


SHOTS: Final = (
    Shot("worklist", "worklist", is_documented=True),
    Shot("worklist-dark", "worklist", "en", "dark", is_documented=True),
    Shot("worklist-en", "worklist", "en"),
    Shot("worklist-phone", "worklist", "zh", "dark", PHONE, is_documented=True),
    Shot("intake", "worklist", before=typed, is_documented=True),
    Shot("intake-dark", "worklist", "en", "dark", before=typed),
    Shot("intake-mistakes", "worklist", before=mistaken),
    Shot("intake-phone", "worklist", "en", "light", PHONE, before=typed),
    Shot("case", "case", is_documented=True),
    Shot("case-dark", "case", "en", "dark", is_documented=True),
    Shot("case-phone", "case", "zh", "dark", PHONE),
    Shot("cases", "cases"),
    Shot("cases-en", "cases", "en", "dark"),
    Shot("approvals", "approvals"),
    Shot("approvals-phone", "approvals", "en", "dark", PHONE),
    Shot("weekly", "weekly", is_documented=True),
    Shot("weekly-dark", "weekly", "en", "dark"),
    Shot("weekly-phone", "weekly", "en", "light", PHONE),
    Shot("weekly-items", "weekly-items"),
    Shot("sign-in", "sign-in"),
    Shot("sign-in-phone", "sign-in", "en", "dark", PHONE),
    Shot("help", "help", "en"),
    Shot("offline", "worklist", before=cut, is_documented=True),
)


def main(wanted: Sequence[str]) -> None:
    """Take the photographs, or those that are named."""
    lacking = missing()
    if lacking is not None:
        sys.exit(lacking)
    chromium_path = path_of_chromium()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="antifraud-screenshots-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        postgres = EmbeddedPostgres(home)
        stack.callback(postgres.destroy)
        settings = Settings(
            home=home, environment="test", database_url=postgres.start(), app_database_url=postgres.app_url
        )
        spawner = Spawner()
        stack.callback(spawner.close)
        folder = home / "work"
        folder.mkdir()
        station = stack.enter_context(system(settings, spawner, folder))
        station.web_threads = WEB_THREADS
        station.start("simulator", "web", "worker")
        staff = engage(station)
        scene = set_scene(station, staff, cases=CASES, weeks=WEEKS)
        scene = replace(scene, case_no=str(station.one(DEEPEST)))
        for _ in range(ROUNDS):
            finish_what_is_old(station, staff)
        for who in (staff.operator, staff.colleague, staff.operator):
            claim_next(station, who)
        station.clock.set(station.one(NEXT_TASK, now=station.clock.now()) + OVERDUE_BY)
        station.settle(60)
        playwright = stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=list(ARGUMENTS))
        stack.callback(chromium.close)
        for shot in SHOTS:
            if not wanted or shot.name in wanted:
                take(shot, chromium, station, staff, scene)


def finish_what_is_old(station: System, staff: Staff) -> None:
    """Do what the shifts of the weeks before would have done."""
    mail, before = station.installation.mail(station.drill), station.clock.now() - SHIFT
    for task in station.rows(OLD_TASKS, before=before):
        with suppress(EventRefused), station.installation.database.begin(station.drill.id) as connection:
            work = station.installation.work(connection, station.drill.id, staff.operator.actor)
            acts.complete_task(work, mail, task.case_id, task.id)
    station.settle(60)


def take(shot: Shot, chromium: Browser, station: System, staff: Staff, scene: Scene) -> None:
    """Take one photograph and say how large it is."""
    place = PAGES[shot.page]
    opened: list[Tab] = []
    window = open_tab(
        chromium, station, opened, place.visitor(staff), language=shot.language, theme=shot.theme, size=shot.size
    )
    window.go(place.at(scene))
    window.page.wait_for_timeout(1000)
    if shot.before is not None:
        shot.before(window, station)
    path = FOLDER / f"{shot.name}.png"
    window.page.screenshot(path=path)
    window.context.close()
    if window.faults:
        sys.exit(f"{shot.name}: {window.faults}")
    print(f"{shot.name}: {path.stat().st_size // 1024} kB")  # noqa: T201 - what whoever runs this wants to read
    if shot.is_documented:
        DOCUMENTED.mkdir(parents=True, exist_ok=True)
        (DOCUMENTED / path.name).write_bytes(quantised(path.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])
