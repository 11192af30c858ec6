"""A browser window whose every misdeed is kept: broken policy, exceptions, foreign hosts, faults of the server."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from antifraud.auth.people import Person
from antifraud.foundation.clock import SystemClock
from tests.browser.people import PASSWORD, Language, Theme, session_cookie, wants
from tests.processes.harness import System

DESK: Final = (1366, 768)
WIDE: Final = (1920, 1080)
PHONE: Final = (390, 844)
LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}
_AT_MOST_MS: Final = 15_000
_FIRST_FAULT: Final = 500
# Chromium's own line about an answer or a connection; what matters of it is judged by the answers themselves.
_NOISE: Final = ("Failed to load resource",)
_WATCH_POLICY: Final = """
    document.addEventListener("securitypolicyviolation", (event) => console.error(
        "CSP " + event.effectiveDirective + " " + event.blockedURI + " " + (event.sample || "")));
"""
_SET_CLOCK: Final = """
    const Real = Date, aheadMs = AHEAD_MS;
    globalThis.Date = class extends Real {
        constructor(...parts) { if (parts.length) super(...parts); else super(Real.now() + aheadMs); }
        static now() { return Real.now() + aheadMs; }
    };
"""
_WATCH_SHIFT: Final = """
    window.layoutShifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) for (const { node } of entry.sources) {
            const box = node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
            // The pill that counts what waits is there to change.
            if (box?.closest("#newpill")) continue;
            const place = box?.closest("#list, #peek")?.id ?? "another place";
            const name = `${box?.tagName} ${box?.id} ${box?.className}`;
            window.layoutShifts.push(`${entry.value.toExponential(1)} ${name} in ${place}`);
        }
    }).observe({ type: "layout-shift", buffered: false });
"""
expect.set_options(timeout=_AT_MOST_MS)


@dataclass
class Tab:
    """One window, and what went wrong in it."""

    name: str
    origin: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    may_fail: bool = False
    """Set while a test breaks the server on purpose: its 502 to 504 are then no faults."""

    def go(self, address: str) -> Response:
        """Open an address of the system and wait until the page's scripts are at work."""
        answer = self.page.goto(self.origin + address, wait_until="load")
        assert answer is not None
        return answer

    def sign_in(self, who: Person) -> None:
        """Sign in as a person does: name, password, Enter."""
        self.go("/sign-in")
        self.page.keyboard.type(who.name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def axe(self, *, only: str | None = None, without: str | None = None) -> list[str]:
        """Return what axe finds wrong with the page as it stands, a line a place; by one rule, or by all but one."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
        if only is not None:
            options["runOnly"] = [only]
        if without is not None:
            options["rules"] = {without: {"enabled": False}}
        found: dict[str, Any] = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}".replace("\n", " ")
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def overflow(self) -> list[str]:
        """Return what stands out of the page at its right, where the page can be scrolled sideways."""
        found: list[str] = self.page.evaluate(_OVERFLOW)
        return found

    def watch_shifts(self) -> None:
        """Begin to notice whatever on the page moves."""
        self.page.evaluate(_WATCH_SHIFT)

    def shifts(self) -> list[str]:
        """Return what moved since `watch_shifts` without being asked to, as the browser noticed it."""
        found: list[str] = self.page.evaluate("window.layoutShifts")
        return found

    def breaks_nothing(self) -> None:
        """Fail now if anything went wrong so far."""
        assert self.faults == []


_OVERFLOW: Final = """() => {
    const root = document.scrollingElement, main = document.querySelector("main"), found = [];
    const wide = (box) => box && box.scrollWidth > box.clientWidth + 1;
    if (root.scrollWidth > window.innerWidth) found.push(`page ${root.scrollWidth} > ${window.innerWidth}`);
    if (wide(main)) found.push(`main ${main.scrollWidth} > ${main.clientWidth}`);
    if (!found.length) return found;
    const scrolls = (one) => {
        for (let box = one.parentElement; box && box !== document.body; box = box.parentElement) {
            if (box !== main && /auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX)) return true;
        }
        return false;
    };
    for (const one of document.body.querySelectorAll("*")) {
        const box = one.getBoundingClientRect();
        if (box.width && box.right > window.innerWidth + 1 && !scrolls(one)) {
            found.push(`${one.tagName}#${one.id}.${one.getAttribute("class")} to ${Math.round(box.right)}`);
        }
    }
    return found.slice(0, 12);
}"""


def open_tab(
    chromium: Browser,
    station: System,
    opened: list[Tab],
    who: Person | None = None,
    *,
    language: Language = "zh",
    theme: Theme = "light",
    size: tuple[int, int] = DESK,
    script: bool = True,
    wrong_by: timedelta = timedelta(),
) -> Tab:
    """Open a window of a fresh profile and watch it.

    Args:
        chromium: The browser.
        station: The system that it looks at.
        opened: Where the window is kept, for whoever closes it.
        who: Signed in already; nobody if not said.
        language: What the browser asks for, and what the person has chosen.
        theme: Likewise.
        size: Of the window, in CSS pixels.
        script: Whether pages may run JavaScript.
        wrong_by: How far this computer's clock is off the system's, which is not the machine's own.
    """
    origin = f"http://127.0.0.1:{station.settings.port}"
    context = chromium.new_context(
        locale=LOCALES[language],
        color_scheme=theme,
        timezone_id="Asia/Shanghai",
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(_AT_MOST_MS)
    if who is not None:
        wants(station, who, language, theme)
        cookie, token = session_cookie(station, who)
        context.add_cookies([{"name": cookie, "value": token, "url": origin, "httpOnly": True, "sameSite": "Lax"}])
    context.add_init_script(_WATCH_POLICY)
    ahead = station.clock.now() + wrong_by - SystemClock().now()
    context.add_init_script(_SET_CLOCK.replace("AHEAD_MS", str(round(ahead / timedelta(milliseconds=1)))))
    page = context.new_page()
    made = Tab(f"{len(opened)} {who.name if who else 'nobody'}", origin, context, page)
    opened.append(made)
    _watch(made, urlsplit(origin).netloc)
    return made


def _watch(made: Tab, host: str) -> None:
    """Keep every misdeed of every page of the window's profile."""

    def answered(answer: Response) -> None:
        status = answer.status
        if status >= _FIRST_FAULT and not (made.may_fail and status > _FIRST_FAULT):
            made.faults.append(f"{status} {answer.request.method} {urlsplit(answer.url).path}")

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc != host:
            made.faults.append(f"asked {parts.netloc}")

    made.context.on("request", lambda request: asked(request.url))
    made.context.on("response", answered)
    made.context.on("weberror", lambda error: made.faults.append(f"exception {error.error}"))
    made.context.on(
        "console",
        lambda said: (
            made.faults.append(f"{said.type} {said.text}")
            if said.type == "error" and not said.text.startswith(_NOISE)
            else None
        ),
    )


def quoted(text: str) -> str:
    """Return a text as JavaScript writes it."""
    return json.dumps(text)
