"""``antifraud report submit``: reports from files, each taken once, each fault told with its place."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.intake.profiles import published_cases
from tests.factories import reports
from tests.factories.commands import run
from tests.factories.doorway import Doorway

ALWAYS_PAST = "2026-11-01T10:00:00+08:00"
"""The command reads the machine's clock: a time that lies before it."""


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Give the log back as it was: the command writes it to the standard error of its own run."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def cases(path: Path) -> Path:
    lines = [json.dumps(case, ensure_ascii=False, default=float) for case in published_cases()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_published_cases_are_all_accepted_and_known_the_second_time(
    installation: Installation, live: Centre, clock: FrozenClock, tmp_path: Path
) -> None:
    doorway, file = Doorway(installation, live, clock), str(cases(tmp_path / "published.jsonl"))
    first = run(installation, "report", "submit", "--profile", "published-case", file)
    assert first.exit_code == 0, first.output
    assert "70 accepted, 0 known already, 0 to mend" in first.output
    again = run(installation, "report", "submit", "--profile", "published-case", file)
    assert again.exit_code == 0
    assert "0 accepted, 70 known already, 0 to mend" in again.output
    assert (doorway.count("cases", "origin = 'historical'"), doorway.count("reports")) == (70, 70)
    assert (doorway.count("outbox"), doorway.count("procedures"), doorway.count("facts")) == (0, 0, 0)


def test_a_line_to_mend_is_told_with_its_places_and_the_others_are_taken(
    installation: Installation, drill: Centre, clock: FrozenClock, tmp_path: Path
) -> None:
    at = clock.now().fromisoformat(ALWAYS_PAST)
    good = [json.dumps(reports.report(at, source_ref=ref)) for ref in ("a", "b")]
    bad = json.dumps(reports.report(at, source_ref="c", transfers=[{"amount": 1.5}, {"hop": "x"}], colour=1))
    file = tmp_path / "reports.jsonl"
    file.write_text("\n".join([good[0], bad, "", "{", good[1]]), encoding="utf-8")
    told = run(installation, "report", "submit", "--centre", "drill", "--source", "110", str(file))
    assert told.exit_code == 1
    for place in (f"{file}:2", "/transfers/0/amount", "/transfers/1/hop", "/colour", f"{file}:4"):
        assert place in told.output
    assert "2 accepted, 0 known already, 2 to mend" in told.output
    doorway = Doorway(installation, drill, clock)
    states = doorway.rows("SELECT state, count(*) AS n FROM reports GROUP BY state ORDER BY state")
    assert [(row.state, row.n) for row in states] == [("refused", 2), ("understood", 2)]
    assert doorway.count("outbox") == 1


def test_a_file_of_one_document_an_unknown_source_and_an_unknown_centre(
    installation: Installation, drill: Centre, clock: FrozenClock, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(reports.report(clock.now().fromisoformat(ALWAYS_PAST))), encoding="utf-8")
    assert "1 accepted" in run(installation, "report", "submit", "--centre", "drill", str(file)).output
    unknown = run(installation, "report", "submit", "--source", "nobody", str(file))
    assert (unknown.exit_code, "nobody" in unknown.output) == (1, True)
    assert run(installation, "report", "submit", "--centre", "nowhere", str(file)).exit_code != 0
    assert run(installation, "report", "submit", str(tmp_path / "no-such-file")).exit_code != 0


def test_a_failure_of_ours_is_logged_without_the_report_and_the_report_is_stored(
    installation: Installation, drill: Centre, clock: FrozenClock, tmp_path: Path
) -> None:
    doorway, file = Doorway(installation, drill, clock), tmp_path / "report.json"
    document = reports.report(clock.now().fromisoformat(ALWAYS_PAST), narrative="canary-7311")
    file.write_text(json.dumps(document), encoding="utf-8")
    doorway.as_owner("REVOKE INSERT ON parties FROM antifraud_app")
    told = run(installation, "report", "submit", "--centre", "drill", str(file))
    assert (told.exit_code, "not understood yet" in told.output) == (0, True)
    assert "report_not_understood" in told.output
    assert "canary-7311" not in told.output
    assert "locals" not in told.output
    assert doorway.count("reports", "state = 'stored'") == 1
