"""The room where reports are taken, as its user's hands know it: keys, fields, what it says."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from antifraud.simulator.temper import with_luhn
from tests.browser.tabs import Tab
from tests.processes.harness import System
from tests.processes.invented import BINS

ZONE: Final = ZoneInfo("Asia/Shanghai")
_numbers = count(secrets.randbelow(700_000_000) + 200_000_000)


def account_at(bank: str) -> str:
    """Return the number of an account that nobody has used, at one of the simulated banks."""
    return with_luhn(f"{BINS[bank]}{next(_numbers):09d}")


def minutes_ago(station: System, minutes: int) -> str:
    """Return a time of day as a caller says it."""
    return (station.clock.now() - timedelta(minutes=minutes)).astimezone(ZONE).strftime("%H:%M")


@dataclass
class Keys:
    """A keyboard that counts."""

    page: Page
    pressed: int = 0

    def press(self, *names: str) -> None:
        """Press keys one after another; a chord is as many keys as it holds."""
        for name in names:
            self.page.keyboard.press(name)
            self.pressed += len(name.split("+"))

    def type(self, text: str) -> None:
        """Type a text of characters that are one key each."""
        self.page.keyboard.type(text)
        self.pressed += len(text)


def begin(window: Tab, keys: Keys | None = None) -> str:
    """Open a fresh draft by `N` from the list and return its address."""
    keys = keys or Keys(window.page)
    keys.press("n")
    window.page.wait_for_url("**/reports/new**")
    if window.page.locator("#begin").count():
        keys.press("n")
    window.page.wait_for_url("**/reports/new/*")
    expect(field(window, "account")).to_be_focused()
    return window.page.url.removeprefix(window.origin)


def field(window: Tab, name: str) -> Locator:
    """Return a field of the sheet."""
    return window.page.locator(f"#f-{name}")


def saved(window: Tab) -> Locator:
    """Return the badge that says that everything typed is on the server; absent while anything is not."""
    return window.page.locator("#draft-state .tag.plain", has_text="0")


def sent_case(window: Tab) -> Locator:
    """Return the link to the case that a sent report made or joined."""
    return window.page.locator('#strip [data-act="case"]')


def fill(window: Tab, station: System, bank: str = "SIM-PROMPT", *, amount: str = "4.2w") -> str:
    """Type the three facts into an open sheet and return the account."""
    number = account_at(bank)
    for name, value in (("account", number), ("amount", amount), ("time", minutes_ago(station, 10))):
        field(window, name).focus()
        window.page.keyboard.type(value)
    return number
