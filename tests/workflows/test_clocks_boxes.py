"""Time boxes as a definition writes them: what is read, and every fault at its path."""

import tomllib
from datetime import date, time

import pytest

from tests.workflows.test_clocks_days import box
from workflows.clocks import TimeBox, parse_length
from workflows.language.boxes import read_box, unreached
from workflows.tables import Table


def read(text: str, default_calendar: str | None = None) -> tuple[TimeBox, dict[str, str]]:
    faults: list[tuple[str, str]] = []
    table = Table(tomllib.loads(text), "clocks.x", faults)
    found = read_box(
        table, definition="d.v1", zone="Europe/Berlin", source="s", confidence="low", default_calendar=default_calendar
    )
    table.close()
    return found, dict(faults)


def test_a_box_of_banking_days_is_read_whole() -> None:
    found, faults = read(
        'length = "P5D"\ncalendar = "banking_days"\ndays = "ENGLAND"\nzone = "Europe/London"\ncutoff = "17:00"\n'
        'counts_start_day = true\nends = "17:00"\nhard_end = "P35D"'
    )
    assert not faults
    assert found == TimeBox(
        rule="clocks.x",
        definition="d.v1",
        length=parse_length("P5D"),
        calendar="banking_days",
        zone="Europe/London",
        source="s",
        confidence="low",
        days="ENGLAND",
        cutoff=time(17),
        counts_start_day=True,
        ends="17:00",
        hard_end=parse_length("P35D"),
    )


def test_what_is_left_out_takes_the_definition_s_zone_and_the_plainest_way() -> None:
    found, faults = read('length = "PT30M"', "absolute")
    assert not faults
    assert (found.zone, found.calendar, found.ends, found.cutoff, found.days) == (
        "Europe/Berlin",
        "absolute",
        "same_time",
        None,
        None,
    )
    assert found.is_plain


COUNTED = 'calendar = "working_days"\ndays = "CN"\n'


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ('length = "P5D"', "calendar", "missing"),
        ('calendar = "absolute"', "length", "missing"),
        ('length = "P5D"\ncalendar = "lunar"', "calendar", "none of"),
        ('length = "P5D"\ncalendar = "banking_days"', "days", "is missing"),
        ('length = "P5D"\ncalendar = "banking_days"\ndays = "ATLANTIS"', "days", "no calendar 'ATLANTIS'"),
        ('length = "P5D"\ncalendar = "calendar"\ndays = "CN"', "days", "belongs to"),
        ('length = "P1M"\n' + COUNTED, "length", "how many working"),
        ('length = "P2W"\n' + COUNTED, "length", "how many working"),
        ('length = "PT4H"\n' + COUNTED, "length", "no days to count"),
        ('length = "PT4H"\ncalendar = "calendar"\nends = "end_of_day"', "length", "no days to count"),
        ('length = "PT4H"\ncalendar = "calendar"\ncounts_start_day = true', "length", "no days to count"),
        ('length = "P1M"\ncalendar = "absolute"', "length", "months"),
        ('length = "P101Y"\ncalendar = "calendar"', "length", "longer than 100 years"),
        ('length = "P99999D"\ncalendar = "absolute"', "length", "longer than 100 years"),
        ('length = "PT1H"\ncalendar = "absolute"\ncutoff = "17:00"', "cutoff", "no meaning"),
        ('length = "PT1H"\ncalendar = "absolute"\nends = "17:00"', "ends", "no meaning"),
        ('length = "PT1H"\ncalendar = "absolute"\ncounts_start_day = true', "counts_start_day", "no meaning"),
        ('length = "P1D"\ncutoff = "5 pm"\n' + COUNTED, "cutoff", "no local time"),
        ('length = "P1D"\ncutoff = "24:00"\n' + COUNTED, "cutoff", "no local time"),
        ('length = "P1D"\nends = "noon"\n' + COUNTED, "ends", "none of end_of_day, same_time"),
        ('length = "P1D"\nzone = "Asia/Nowhere"\n' + COUNTED, "zone", "not a zone"),
        ('length = "P1D"\nends = "17:00"\ncounts_start_day = true\n' + COUNTED, "cutoff", "17:00 or earlier"),
        (
            'length = "P1D"\nends = "17:00"\ncutoff = "18:00"\ncounts_start_day = true\n' + COUNTED,
            "cutoff",
            "17:00 or earlier",
        ),
        ('length = "P5D"\nhard_end = "P5D"\n' + COUNTED, "hard_end", "longer than P5D"),
        ('length = "P5D"\nhard_end = "P1M"\n' + COUNTED, "hard_end", "how many working"),
        ('length = "P5D"\nhard_end = "soon"\n' + COUNTED, "hard_end", "not an ISO 8601 duration"),
        ('length = "P5D"\ncolour = "red"\n' + COUNTED, "colour", "not a key"),
    ],
)
def test_a_fault_is_told_at_its_path(text: str, path: str, sentence: str) -> None:
    _, faults = read(text)
    assert set(faults) == {f"clocks.x.{path}"}
    assert sentence in faults[f"clocks.x.{path}"]


def test_faults_of_different_keys_are_told_at_once() -> None:
    _, faults = read('length = "P1D"\ncalendar = "working_days"\ncutoff = "x"\nends = "y"\nzone = "z"')
    assert set(faults) == {"clocks.x.days", "clocks.x.cutoff", "clocks.x.ends", "clocks.x.zone"}


def test_a_box_whose_calendar_does_not_reach_a_wait_from_today_is_named() -> None:
    short, long = box("P3D", "CN"), box("P5D", "CN", hard_end=parse_length("P40D"))
    absolute = box("P3D", None, calendar="absolute")
    assert unreached([short, absolute, box("P15D")], date(2026, 11, 25)) == []
    [(rule, sentence)] = unreached([short, long], date(2026, 11, 25))
    assert rule == "clocks.x"
    assert "P40D" in sentence
    assert "does not reach the year 2027" in sentence
    assert len(unreached([short, long, box("P1D", "ATLANTIS")], date(2026, 12, 30))) == 3
