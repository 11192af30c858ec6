"""Status shows what lives, waits and is late, and no account number."""

from datetime import timedelta

from antifraud.auditor import Auditor
from antifraud.auth.service import Centre
from antifraud.cli.status import page
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.runs.service import Process, beat
from antifraud.verification.standing import look, spoken
from tests.factories.cases import Story
from tests.factories.commands import run
from tests.factories.reports import PROMPT_ACCOUNT


def test_status_counts_what_waits_and_names_what_is_late(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(installation, drill, clock, source_ref="b").stopped()
    story = Story(installation, drill, clock)
    with installation.database.begin(None) as connection:
        beat(connection, Process(id=story.new_id(), name="worker", started_at=clock.now(), pid=4711), clock.now())
    standing = look(installation, drill)
    assert [process.pid for process in standing.processes] == [4711]
    assert [(waiting.institution, waiting.count) for waiting in standing.outbox] == [("SIM-PROMPT", 1)]
    assert standing.cases_open == 2
    assert standing.overdue == 0
    orders = {order.stage: order for case in standing.cases for order in case.orders}
    assert orders["answered"].outcome == "full"
    assert orders["queued"].waits_for == "receipt"
    clock.advance(timedelta(hours=1))
    late = look(installation, drill)
    assert late.overdue > 0
    assert "nobody ever counted" in "\n".join(page(drill, late))
    Auditor(installation).once()
    counted = look(installation, drill)
    assert counted.audit is not None
    text = "\n".join(page(drill, counted))
    assert f"0 of {counted.overdue} deadlines fired that should have, {counted.overdue} did not, the oldest for" in text
    assert "counted 0 s ago" in text
    assert late.processes == []
    text = "\n".join(page(drill, late))
    assert "late by" in text
    assert "none is alive" in text


def test_status_shows_the_last_four_characters_and_no_more(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    Story(installation, drill, clock)
    text = "\n".join(page(drill, look(installation, drill)))
    assert f"··{PROMPT_ACCOUNT[-4:]}" in text
    assert PROMPT_ACCOUNT not in text
    assert PROMPT_ACCOUNT[-5:] not in text
    assert "李四" not in text


def test_the_command_shows_every_centre_or_one(installation: Installation, drill: Centre) -> None:
    both = run(installation, "status")
    assert both.exit_code == 0, both.output
    assert "(centre)" in both.output
    assert "(drill)" in both.output
    assert "(centre)" not in run(installation, "status", "--centre", "drill").output
    unknown = run(installation, "status", "--centre", "nowhere")
    assert unknown.exit_code == 1
    assert "known: centre, drill" in unknown.output


def test_a_length_is_said_in_two_units() -> None:
    assert spoken(timedelta()) == "0 s"
    assert spoken(timedelta(seconds=61)) == "1 min 1 s"
    assert spoken(timedelta(days=2, hours=3, minutes=4)) == "2 d 3 h"
    assert spoken(-timedelta(seconds=5)) == "5 s"
