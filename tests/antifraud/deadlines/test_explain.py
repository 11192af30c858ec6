"""A due instant says how it came about, and a stranger comes to the same one."""

from datetime import timedelta

import psycopg
from sqlalchemy import select
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from antifraud.cases.derivations import explain, recomputed
from antifraud.deadlines.models import deadlines
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import HELD, Story
from tests.factories.commands import run


def test_every_kind_of_wait_recomputes_to_its_due_instant(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock).stopped()
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD)
    story.pass_time(timedelta(days=1))
    silent = Story(
        installation, drill, clock, source_ref="b", to={"institution": "SIM-MUTE", "number": "9991050000000015"}
    )
    silent.deliver(silent.request())
    silent.pass_time(timedelta(days=1))
    with installation.database.begin(drill.id) as connection:
        rows = connection.execute(select(deadlines)).all()
        kinds = {row.kind for row in rows}
        assert {"receipt", "answer", "reminder", "ladder", "task", "approval", "stop_end", "freeze_end"} <= kinds
        assert {"stop_warning", "freeze_warning"} & kinds
        for row in rows:
            assert recomputed(row.derivation) == row.due_at, row.kind
            found = explain(connection, row.id)
            assert found is not None
            assert found.agrees
            assert found.confidence is not None, found.derivation["rule"]


def test_the_command_says_where_a_due_instant_comes_from(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    answer = run(
        installation, "deadline", "explain", str(story.id_of("SELECT id FROM deadlines WHERE kind = 'receipt'"))
    )
    assert answer.exit_code == 0, answer.output
    assert "rule       clocks.receipt.urgent" in answer.output
    assert "2026-11-24 22:" in answer.output, "in the centre's zone"
    assert "it agrees" in answer.output


def test_an_instant_that_was_moved_does_not_agree(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    deadline = story.id_of("SELECT id FROM deadlines WHERE kind = 'receipt'")
    url = make_url(installation.settings.database_url or "").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("ALTER TABLE deadlines NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE deadlines SET due_at = due_at + interval '1 minute'")
    answer = run(installation, "deadline", "explain", str(deadline))
    assert answer.exit_code == 1
    assert "does NOT agree" in answer.output


def test_an_unknown_deadline_is_said_so(installation: Installation, drill: Centre) -> None:
    answer = run(installation, "deadline", "explain", "00000000-0000-0000-0000-000000000001")
    assert answer.exit_code == 1
    assert "there is no deadline" in answer.output
