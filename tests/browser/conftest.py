"""One real system and one real Chromium for the whole folder; a fresh browser profile for each test.

Whatever a test does, at its end no page may have broken its own content security policy, thrown an exception, asked
another host for anything, or been answered with a fault of ours.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from antifraud.foundation.settings import Settings
from tests.browser.chromium import ARGUMENTS, missing, path_of_chromium
from tests.browser.people import Staff, engage
from tests.browser.scene import Scene, set_scene
from tests.browser.tabs import Tab, open_tab
from tests.factories.databases import database_of_its_own
from tests.processes.harness import System, system
from tests.processes.procs import Spawner

HERE = Path(__file__).parent
WEB_THREADS = 96
"""Of these 32 are kept from the streams; each open page holds one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests, and keep them in one process: they share a system and a browser."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium of this machine; without one, whatever needs it is skipped."""
    lacking = missing()
    if lacking is not None:
        pytest.skip(lacking)
    return path_of_chromium() or ""


@pytest.fixture(scope="session")
def playwright(chromium_path: str) -> Iterator[Playwright]:
    """What drives the browser."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with playwright.chromium.launch(executable_path=chromium_path, args=list(ARGUMENTS)) as launched:
        yield launched


@pytest.fixture(scope="session")
def station(chromium_path: str, template: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A whole installation at work: database, web, worker and the simulated banks, as processes of their own."""
    folder = tmp_path_factory.mktemp("station")
    with ExitStack() as stack:
        spawner = Spawner()
        stack.callback(spawner.close)
        settings = stack.enter_context(database_of_its_own(template, folder))
        made = stack.enter_context(system(settings, spawner, folder))
        made.web_threads = WEB_THREADS
        made.start("simulator", "web", "worker", "auditor")
        yield made


@pytest.fixture(scope="session")
def staff(station: System) -> Staff:
    """The people of the drill centre."""
    return engage(station)


@pytest.fixture(scope="session")
def scene(station: System, staff: Staff) -> Scene:
    """What the pages show: a published week, and cases in every state."""
    return set_scene(station, staff)


@pytest.fixture
def tab(chromium: Browser, station: System) -> Iterator[Callable[..., Tab]]:
    """Open a window of a profile of its own; see `open_tab` for what may be chosen."""
    opened: list[Tab] = []
    yield partial(open_tab, chromium, station, opened)
    faults = {one.name: one.faults for one in opened if one.faults}
    for one in opened:
        one.context.close()
    assert faults == {}
