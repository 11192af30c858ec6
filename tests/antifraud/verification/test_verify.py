"""What happened verifies; what somebody changed behind the product's back is named."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import bind
from antifraud.installation import Installation
from antifraud.timeliness.service import publish
from antifraud.timeliness.weeks import Week
from antifraud.verification.findings import Difference, Scope
from antifraud.verification.service import checks, verify
from tests.factories.cases import HELD, Story, seal_all
from tests.factories.commands import run


class Dba:
    """The owner of the database, who may change anything: in one transaction, looked at from inside, then undone."""

    def __init__(self, installation: Installation, centre: Centre) -> None:
        self._installation, self._centre = installation, centre
        self._engine = create_engine(installation.settings.database_url or "")

    def changes(self, *statements: str) -> list[Difference]:
        """Return what verify says after the statements; each must change something."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            bind(connection, self._centre.id)
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount != 0, f"nothing was there for {statement}"
            scope = Scope(
                work=self._installation.work(connection, self._centre.id, "test"),
                centre=self._centre,
                now=self._installation.clock.now(),
                clock_stands=True,
            )
            found = [found for outcome in checks(scope) for found in outcome.differences]
            transaction.rollback()
        # The owner may of course do what the processes' role must not.
        return [one for one in found if not one.check.startswith("I14") and not one.is_warning]

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def dba(installation: Installation, drill: Centre) -> Iterator[Dba]:
    found = Dba(installation, drill)
    yield found
    found.close()


def differences(installation: Installation, centre: Centre) -> list[str]:
    outcomes = list(verify(installation, centre))
    return [str(found) for outcome in outcomes for found in outcome.differences if not found.is_warning]


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    """A case that was stopped, frozen and answered; another one that waits; the log sealed twice."""
    first = Story(installation, drill, clock, source_ref="a")
    first.stopped()
    seal_all(installation, drill)
    first.file()
    freeze = first.asked("freeze", amount_minor=HELD)
    first.deliver(freeze)
    first.answer(freeze, "frozen", held_minor=HELD)
    waiting = Story(
        installation, drill, clock, source_ref="b", to={"institution": "SIM-MUTE", "number": "9991050000000015"}
    )
    waiting.deliver(waiting.request())
    waiting.pass_time(timedelta(hours=3))
    seal_all(installation, drill)
    return first


def test_a_fresh_installation_verifies(installation: Installation) -> None:
    for centre in installation.centres():
        outcomes = list(verify(installation, centre))
        assert [found for outcome in outcomes for found in outcome.differences] == []


def test_cases_that_were_stopped_frozen_released_and_left_alone_verify(
    installation: Installation, drill: Centre, clock: FrozenClock, story: Story
) -> None:
    story.released()
    lead = Story(installation, drill, clock, source_ref="c", to={"institution": "Nowhere Bank", "number": "12345678"})
    lead.pass_time(timedelta(days=1))
    lapsed = Story(installation, drill, clock, source_ref="d").stopped()
    lapsed.pass_time(timedelta(days=4))
    seal_all(installation, drill)
    outcomes = {outcome.check: outcome for outcome in verify(installation, drill)}
    wrong = [str(found) for outcome in outcomes.values() for found in outcome.differences if not found.is_warning]
    assert wrong == []
    assert outcomes["replay"].looked_at == 4
    assert outcomes["chain"].looked_at == outcomes["tree"].looked_at > 20


def test_verify_writes_nothing_and_says_yes(installation: Installation, story: Story) -> None:
    result = run(installation, "verify", "--centre", "drill")
    assert result.exit_code == 0, result.output
    assert "all of it is what happened" in result.output


TAMPERINGS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "an entry's payload": (
        (
            (
                "UPDATE entries SET payload = jsonb_set(payload, '{held_minor}', '1') WHERE kind = "
                "'AnswerReceived' AND payload->>'outcome' = 'full'"
            ),
        ),
        "chain",
        "hash",
    ),
    "an entry's actor": (
        ("UPDATE entries SET actor = 'user:other' WHERE kind = 'CaseFiled'",),
        "chain",
        "hash",
    ),
    "a middle entry": (
        ("DELETE FROM entries WHERE kind = 'CaseFiled'",),
        "chain",
        "seq",
    ),
    "the tail": (
        ("DELETE FROM entries e WHERE kind = 'AnswerReceived' AND payload->>'outcome' = 'frozen'",),
        "chain",
        "last entry",
    ),
    "a whole stream": (
        (
            (
                "DELETE FROM entries WHERE starts_with(stream, 'case:') AND NOT EXISTS (SELECT 1 FROM "
                "entries f WHERE f.stream = entries.stream AND f.kind = 'CaseFiled')"
            ),
        ),
        "chain",
        "last entry",
    ),
    "a hold's amount": (
        ("UPDATE holds SET held_minor = 1 WHERE held_minor > 1",),
        "replay",
        "held_minor",
    ),
    "a hold": (
        ("UPDATE holds SET state = 'released' WHERE state = 'frozen'",),
        "replay",
        "state",
    ),
    "a request's outcome": (
        ("UPDATE requests SET outcome = 'gone' WHERE outcome = 'full'",),
        "replay",
        "outcome",
    ),
    "a procedure's state": (
        (
            (
                "UPDATE procedures SET state = jsonb_set(state, '{filing}', '\"declined\"') WHERE "
                "state->>'filing' = 'filed'"
            ),
        ),
        "replay",
        "state.filing",
    ),
    "a deadline's instant": (
        ("UPDATE deadlines SET due_at = due_at + interval '1 day' WHERE state = 'running'",),
        "replay",
        "due_at",
    ),
    "a deadline": (
        ("DELETE FROM deadlines WHERE state = 'running' AND kind = 'ladder'",),
        "replay",
        "row",
    ),
    "a late answer's fact": (
        ("UPDATE facts SET verdict = 'in_time' WHERE verdict = 'late'",),
        "replay",
        "verdict",
    ),
    "a fact": (
        ("DELETE FROM facts WHERE kind = 'answer'",),
        "replay",
        "row",
    ),
    "an added fact": (
        (
            (
                "INSERT INTO facts SELECT (jsonb_populate_record(f, jsonb_build_object("
                "'id', gen_random_uuid(), 'verdict', 'in_time'))).* FROM facts f WHERE kind = 'answer' LIMIT 1"
            ),
        ),
        "replay",
        "row",
    ),
    "an approval": (
        ("UPDATE approvals SET decided_by = 'somebody' WHERE state = 'given'",),
        "replay",
        "decided_by",
    ),
    "a task": (
        ("UPDATE tasks SET state = 'done' WHERE state = 'open'",),
        "replay",
        "state",
    ),
    "a definition": (
        ("UPDATE definitions SET text = replace(text, 'PT30M', 'PT31M')",),
        "definitions",
        "content_hash",
    ),
    "a leaf": (
        ("UPDATE leaves SET leaf_hash = sha256('x') WHERE leaf_index = 3",),
        "tree",
        "leaf_hash",
    ),
    "a leaf taken away": (
        ("DELETE FROM leaves WHERE leaf_index = 3",),
        "tree",
        "leaf_index",
    ),
    "a root": (
        ("UPDATE tree_heads SET root = sha256('x')",),
        "tree",
        "root",
    ),
    "a signature": (
        ("UPDATE tree_heads SET at = at + interval '1 second'",),
        "tree",
        "signature",
    ),
    "a newest head": (
        (
            (
                "DELETE FROM tree_heads t WHERE size = (SELECT max(size) FROM tree_heads u WHERE "
                "u.centre_id = t.centre_id)"
            ),
        ),
        "tree",
        "number of leaves",
    ),
    "a reply": (
        ("UPDATE replies SET state = 'quarantined'",),
        "I7a",
        "applied reply",
    ),
    "a report": (
        (
            "ALTER TABLE idempotency DROP CONSTRAINT idempotency_report_id_fkey",
            "DELETE FROM reports WHERE source_ref_hash IS NOT NULL",
        ),
        "I1b",
        "every understood report",
    ),
    "a message": (
        (
            "ALTER TABLE attempts DROP CONSTRAINT attempts_outbox_id_fkey",
            "DELETE FROM outbox",
        ),
        "I4a",
        "every request has its message",
    ),
}


def test_what_a_dba_changes_is_named(story: Story, dba: Dba, subtests: pytest.Subtests) -> None:
    assert dba.changes() == []
    for what, (statements, check, column) in TAMPERINGS.items():
        with subtests.test(what):
            found = dba.changes(*statements)
            assert any(one.check == check and column in one.what for one in found), [str(one) for one in found]
    assert dba.changes() == []


def test_a_published_week_that_was_changed_is_named(
    installation: Installation, drill: Centre, story: Story, dba: Dba, subtests: pytest.Subtests
) -> None:
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:leader")
        publish(work, drill, Week.parse("2026-W47", drill.zone))
    assert dba.changes() == []
    for statement in (
        (
            "UPDATE snapshots SET figures = convert_to("
            "replace(convert_from(figures, 'UTF8'), '2026-W47', '2026-W46'), 'UTF8')"
        ),
        "UPDATE snapshots SET inputs = jsonb_set(inputs, '{facts}', '[1]')",
        "UPDATE snapshots SET inputs_hash = sha256('x')",
        "DELETE FROM snapshots",
    ):
        with subtests.test(statement):
            assert {found.check for found in dba.changes(statement)} == {"I10"}


def test_verify_ends_with_exit_code_1_and_names_the_first_difference(installation: Installation, story: Story) -> None:
    url = make_url(installation.settings.database_url or "").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("ALTER TABLE holds NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE holds SET held_minor = 1 WHERE held_minor > 1")
        connection.execute("ALTER TABLE holds FORCE ROW LEVEL SECURITY")
    result = run(installation, "verify", "--centre", "drill")
    assert result.exit_code == 1
    assert f"holds {story.hold()}" in result.output
    assert f"held_minor: expected {HELD}, found 1" in result.output


def test_a_rewritten_hash_is_seen_by_the_owner_of_the_stream_and_by_the_leaf(story: Story, dba: Dba) -> None:
    """Whoever rewrites the last entry and its hash must also rewrite the case, the leaf and every signed head."""
    found = dba.changes(
        "UPDATE entries SET hash = sha256('x') WHERE kind = 'AnswerReceived' AND payload->>'outcome' = 'frozen'"
    )
    assert {"chain", "tree"} <= {one.check for one in found}


def test_a_destroyed_key_leaves_everything_verified(
    installation: Installation, drill: Centre, clock: FrozenClock, story: Story
) -> None:
    with installation.database.begin(drill.id) as connection:
        keys = [row[0] for row in connection.exec_driver_sql("SELECT key_id FROM reports")]
        assert keys
        for key_id in keys:
            installation.vault.destroy(connection, key_id, clock.now())
    assert differences(installation, drill) == []
