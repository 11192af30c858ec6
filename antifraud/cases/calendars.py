"""Calendars that the installation was given after its release: files in its home, read when a process starts.

A year's holidays are published when they are decided, not when a program is
released. A file is taken for its name where it was checked no earlier than the
one that came with the product; open waits move by `antifraud deadline recount`.
"""

from pathlib import Path

from antifraud.foundation.settings import SettingsError
from workflows.calendars import (
    DayCalendar,
    InvalidCalendar,
    UnknownCalendar,
    adopt,
    bundled_calendar,
    read_calendar,
)


def folder_of(home: Path) -> Path:
    """Return where the installation's own calendars lie."""
    return home / "calendars"


def adopt_from(home: Path) -> list[DayCalendar]:
    """Count with the installation's own calendars in this process; return those that are taken.

    Raises:
        SettingsError: A file is no calendar; what is counted with it would be a guess.
    """
    taken = []
    for path in sorted(folder_of(home).glob("*.toml")):
        try:
            found = read_calendar(path.read_text("utf-8"))
        except (InvalidCalendar, UnicodeDecodeError) as error:
            message = f"{path}: {error}"
            raise SettingsError(message) from error
        if is_newer(found):
            adopt(found)
            taken.append(found)
    return taken


def is_newer(found: DayCalendar) -> bool:
    """Tell whether a calendar is new, or was checked no earlier than the one that came with the product."""
    try:
        return found.checked_on >= bundled_calendar(found.name).checked_on
    except UnknownCalendar:
        return True


def keep(home: Path, text: str) -> DayCalendar:
    """Keep a calendar's file for every process that starts from now on.

    Raises:
        InvalidCalendar: The text is no calendar, or an older one than came with the product.
    """
    found = read_calendar(text)
    if not is_newer(found):
        message = f"{found.name}: checked on {found.checked_on}, earlier than the one that came with the product"
        raise InvalidCalendar(message)
    folder_of(home).mkdir(mode=0o750, parents=True, exist_ok=True)
    path = folder_of(home) / f"{found.name}.toml"
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    return found
