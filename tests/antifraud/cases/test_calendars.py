"""Calendars that an installation brings itself: taken when they are newer, refused when they are none."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from antifraud.cases.calendars import adopt_from, folder_of, keep
from antifraud.foundation.settings import Settings, SettingsError
from antifraud.installation import Installation
from tests.factories.commands import run
from tests.workflows.calendar_writer import DATA
from workflows.calendars import InvalidCalendar, adopt, calendar_named, version_of

TEXT = (DATA / "SG.toml").read_text("utf-8")


@pytest.fixture(autouse=True)
def bundled_again() -> Iterator[None]:
    yield
    adopt(None, "SG")


def with_day(day: str, checked_on: str = "2026-12-01") -> str:
    """Return the calendar of Singapore with one holiday more, as a newer file would have it."""
    known = calendar_named("SG")
    closed = [*known.holidays, date.fromisoformat(day)]
    version = version_of("SG", (known.first.year, known.last.year), known.rest_days, closed, known.workdays)
    return (
        TEXT.replace(known.version, version)
        .replace("checked_on = 2026-11-25", f"checked_on = {checked_on}")
        .replace("[holidays]\n", f'[holidays]\n{day} = "Polling Day"\n')
    )


def test_a_newer_calendar_is_kept_and_counted_with(tmp_path: Path) -> None:
    text = with_day("2027-03-04")
    kept = keep(tmp_path, text)
    assert calendar_named("SG").is_working_day(date(2027, 3, 4)), "not before the process starts again"
    assert adopt_from(tmp_path) == [kept]
    assert not calendar_named("SG").is_working_day(date(2027, 3, 4))
    assert calendar_named("SG").version == kept.version


def test_a_calendar_older_than_the_product_s_is_not_taken(tmp_path: Path) -> None:
    old = with_day("2027-03-04", checked_on="2025-01-01")
    with pytest.raises(InvalidCalendar, match="earlier than the one that came"):
        keep(tmp_path, old)
    folder_of(tmp_path).mkdir()
    (folder_of(tmp_path) / "SG.toml").write_text(old, encoding="utf-8")
    assert adopt_from(tmp_path) == []
    assert calendar_named("SG").is_working_day(date(2027, 3, 4))


def test_a_file_that_is_no_calendar_stops_the_start(database_settings: Settings, installation: Installation) -> None:
    folder_of(database_settings.home).mkdir(exist_ok=True)
    broken = folder_of(database_settings.home) / "SG.toml"
    broken.write_text(TEXT.replace("2027-01-01", "2027-01-04"), encoding="utf-8")
    with pytest.raises(SettingsError, match="the dates give"):
        Installation.open(database_settings)
    broken.unlink()


def test_the_commands_bring_and_list_calendars(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(with_day("2027-03-04"), encoding="utf-8")
    added = run(installation, "calendar", "add", str(file))
    assert added.exit_code == 0, added.output
    assert "deadline recount" in added.output
    listed = run(installation, "calendar", "list")
    assert listed.exit_code == 0, listed.output
    (own,) = [line for line in listed.output.splitlines() if "of this installation" in line]
    assert own.startswith("SG       2018-2027")
    assert sum("of the product" in line for line in listed.output.splitlines()) == 5
    file.write_text("name = 1", encoding="utf-8")
    refused = run(installation, "calendar", "add", str(file))
    assert refused.exit_code == 1
    assert "years is missing" in refused.output
