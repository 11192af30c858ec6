"""Every page, in both languages and themes, on a desk, a wide screen and a phone: readable, and nothing cut off."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request

from tests.browser.addresses import PAGES
from tests.browser.people import Language, Staff
from tests.browser.scene import Scene
from tests.browser.tabs import DESK, PHONE, WIDE, Tab

CONTRAST = "color-contrast"
FIRST_LOAD_BYTES = 150_000
LANGUAGES: tuple[Language, ...] = ("zh", "en")
TAGS = {"zh": "zh-Hans", "en": "en"}


@pytest.fixture(params=sorted(PAGES))
def name(request: pytest.FixtureRequest) -> str:
    """A page."""
    return str(request.param)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_readable_by_everybody_and_fits_every_window(
    name: str, language: Language, tab: Callable[..., Tab], staff: Staff, scene: Scene
) -> None:
    place = PAGES[name]
    window = tab(place.visitor(staff), language=language)
    assert window.go(place.at(scene)).status == 200
    window.page.locator("h1").first.wait_for(state="attached")
    window.page.wait_for_load_state("load")
    found = {}
    for size in (WIDE, PHONE, DESK):
        window.page.set_viewport_size({"width": size[0], "height": size[1]})
        found[f"{size[0]} wide"] = window.overflow()
        if size == PHONE:
            found["phone"] = window.axe(without=CONTRAST)
    found["light"] = window.axe()
    window.page.emulate_media(color_scheme="dark")
    window.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    # Nothing but colours differs.
    found["dark"] = window.axe(only=CONTRAST)
    assert window.page.evaluate("document.documentElement.lang") == TAGS[language]
    assert window.page.locator("h1").count() == 1
    assert {where: what for where, what in found.items() if what} == {}


def test_the_first_visit_to_a_page_is_light(name: str, tab: Callable[..., Tab], staff: Staff, scene: Scene) -> None:
    place = PAGES[name]
    window = tab(place.visitor(staff))
    asked: list[Request] = []
    window.page.on("requestfinished", lambda request: _keep(asked, request))
    window.go(place.at(scene))
    window.page.wait_for_load_state("load")
    sizes = {one.url.removeprefix(window.origin): one.sizes()["responseBodySize"] for one in asked}
    assert any("/static/" in path for path in sizes)
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES, sizes
    for one in asked:
        answer = one.response()
        if "/static/" in one.url:
            assert answer is not None
            assert answer.headers.get("content-encoding") == "gzip", one.url


def _keep(asked: list[Request], request: Request) -> None:
    asked.append(request)
