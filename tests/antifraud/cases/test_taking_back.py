"""A wrong account corrected in one act, and a release that other cases stand against, in the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.taking_back import Correction, correct_account, decide_release
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue
from antifraud.installation import Installation
from antifraud.verification.service import verify
from tests.factories.cases import HELD, Story
from workflows import EventRefused

RIGHT = "9991010000000026"


def do(story: Story, who: str, verb: Callable[..., object], *given: object, **named: object) -> None:
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, f"user:{who}")
        verb(work, story.installation.mail(story.centre), story.case_id, *given, **named)


def rows(story: Story, sql: str) -> list[Any]:
    with story.installation.database.begin(story.centre.id) as connection:
        return list(connection.execute(text(sql), {"case": story.case_id} if ":case" in sql else {}))


def waiting(story: Story) -> list[str]:
    """Return the kinds of the case's messages that wait to be sent, the next one first."""
    found = rows(story, "SELECT kind FROM outbox WHERE case_id = :case AND state = 0 ORDER BY rank, id")
    return [row.kind for row in found]


@pytest.fixture
def stopped(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    story = Story(installation, drill, clock)
    story.deliver(story.request())
    story.answer(story.request(), "full", held_minor=HELD)
    return story


def corrected(story: Story, number: str = RIGHT) -> None:
    do(story, "anna", correct_account, story.hold(), Correction(institution="SIM-PROMPT", account=number))


def test_a_correction_is_one_release_and_one_new_request_with_the_release_first(stopped: Story) -> None:
    old = stopped.request()
    corrected(stopped)
    assert waiting(stopped) == ["release", "stop"]
    accounts = rows(stopped, "SELECT count(DISTINCT account_id) AS n FROM holds WHERE case_id = :case")
    assert accounts[0].n == 2
    assert [row.n for row in rows(stopped, f"SELECT count(*) AS n FROM outbox WHERE request_id = '{old}'")] == [1]  # noqa: S608 - our own id


def test_the_money_is_drawn_to_the_right_account_and_the_log_names_both(stopped: Story) -> None:
    corrected(stopped)
    drawn = rows(
        stopped,
        "SELECT h.id FROM transfers t JOIN holds h ON h.account_id = t.payee_account_id AND h.receipt_id = t.id"
        " WHERE t.case_id = :case",
    )
    assert len(drawn) == 1
    assert str(drawn[0].id) != str(stopped.hold())
    logged = rows(stopped, "SELECT payload FROM entries WHERE kind = 'ClaimCorrected'")
    assert logged[0].payload["hold_id"] == str(stopped.hold())
    assert logged[0].payload["claim"]["hold_id"] == str(drawn[0].id)


def test_an_order_that_was_not_sent_yet_is_taken_back_and_never_leaves(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    corrected(story)
    assert waiting(story) == ["stop"]
    states = rows(story, "SELECT state FROM outbox WHERE case_id = :case ORDER BY id")
    assert sorted(row.state for row in states) == [0, 3]


def test_what_cannot_be_used_is_told_and_changes_nothing(stopped: Story) -> None:
    before = stopped.value("SELECT last_seq FROM cases WHERE id = :case")
    with pytest.raises(InvalidValue, match="directory has no institution"):
        do(stopped, "anna", correct_account, stopped.hold(), Correction(institution="NOBODY", account=RIGHT))
    with pytest.raises(InvalidValue, match="every digit"):
        corrected(stopped, "9991*0026")
    with pytest.raises(EventRefused, match="another account"):
        corrected(stopped, "9991010000000018")
    assert stopped.value("SELECT last_seq FROM cases WHERE id = :case") == before


def test_the_record_of_a_correction_verifies(stopped: Story) -> None:
    corrected(stopped)
    assert [one for one in verify(stopped.installation, stopped.centre) if one.differences] == []


# -- others on the same account


@pytest.fixture
def two(installation: Installation, drill: Centre, clock: FrozenClock, stopped: Story) -> tuple[Story, Story]:
    """Two cases on one account: the first has its money stopped, the second still waits for its answer."""
    return stopped, Story(installation, drill, clock, source_ref="110-2", reference="REFOTHER")


def release_of(story: Story) -> None:
    measure = acts.Measure(kind="release", documents=("云公解字〔2026〕1号",), reason="unrelated_payment")
    do(story, "anna", acts.ask_measure, story.hold(), measure)
    approval = story.id_of("SELECT id FROM approvals WHERE case_id = :case AND state = 'waiting'")
    do(story, "boris", acts.approve, approval)


def test_a_release_waits_for_a_decision_where_another_case_has_an_unmet_claim_on_the_account(
    two: tuple[Story, Story],
) -> None:
    first, second = two
    release_of(first)
    assert waiting(first) == []
    tasks = rows(first, "SELECT kind, due_at FROM tasks WHERE case_id = :case AND state = 'open'")
    (due_at,) = [row.due_at for row in tasks if row.kind == "decide_release"]
    assert due_at == first.clock.now() + timedelta(hours=2)
    logged = rows(first, "SELECT payload FROM entries WHERE kind = 'ReleaseHeldBack'")
    assert logged[0].payload["claims"] == [str(second.hold())]


def test_a_decision_lets_it_go_once_or_keeps_the_money(two: tuple[Story, Story]) -> None:
    first, _ = two
    release_of(first)
    do(first, "boris", decide_release, first.hold(), go=True)
    assert waiting(first) == ["release"]
    still = rows(first, "SELECT kind FROM tasks WHERE case_id = :case AND state = 'open'")
    assert "decide_release" not in {row.kind for row in still}


def test_a_release_leaves_at_once_where_nobody_else_claims_the_account(stopped: Story) -> None:
    release_of(stopped)
    assert waiting(stopped) == ["release"]


def test_a_claim_that_is_met_stands_against_no_release(two: tuple[Story, Story]) -> None:
    first, second = two
    request: UUID = second.request()
    second.deliver(request)
    second.answer(request, "full", held_minor=HELD)
    release_of(first)
    assert waiting(first) == ["release"]
