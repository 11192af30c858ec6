"""An open case moved to another version of its scheme, in the database."""

from datetime import timedelta

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import acts, definitions, migrating
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import InvalidValue
from antifraud.installation import Installation
from antifraud.verification.service import verify
from tests.antifraud.cases.test_taking_back import do, rows
from tests.factories.cases import HELD, Story
from workflows import EventRefused
from workflows.library import text_of

SHORTER = (
    text_of("cn_emergency_stop", 1)
    .replace("version = 1", "version = 2", 1)
    .replace('[clocks.stop_term]\nlength = "PT48H"', '[clocks.stop_term]\nlength = "PT24H"')
)


@pytest.fixture
def stopped(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    story = Story(installation, drill, clock)
    story.deliver(story.request())
    story.answer(story.request(), "full", held_minor=HELD)
    return story


def stored(story: Story, text: str) -> str:
    with story.installation.database.begin(story.centre.id) as connection:
        return definitions.store(story.installation.work(connection, story.centre.id, "user:anna"), text).content_hash


def end_of(story: Story) -> object:
    return story.value("SELECT ends_at FROM holds WHERE case_id = :case")


def test_a_case_keeps_its_definition_until_two_persons_moved_it(stopped: Story) -> None:
    content_hash = stored(stopped, SHORTER)
    end, pinned = end_of(stopped), stopped.value("SELECT content_hash FROM procedures WHERE case_id = :case")
    do(stopped, "anna", migrating.ask, content_hash)
    assert stopped.value("SELECT content_hash FROM procedures WHERE case_id = :case") == pinned
    approval = stopped.id_of("SELECT id FROM approvals WHERE case_id = :case AND state = 'waiting'")
    with pytest.raises(EventRefused, match="another one must decide"):
        do(stopped, "anna", acts.approve, approval)
    do(stopped, "boris", acts.approve, approval)
    assert stopped.value("SELECT content_hash FROM procedures WHERE case_id = :case") == content_hash
    assert end_of(stopped) == end - timedelta(hours=24)  # type: ignore[operator]  # an instant, as the column is
    (logged,) = rows(stopped, "SELECT payload FROM entries WHERE kind = 'DefinitionMigrated'")
    (moved,) = logged.payload["moved"]
    assert moved["was"]["length"] == "PT48H"
    assert moved["now"]["length"] == "PT24H"


def test_the_record_of_a_moved_case_verifies_also_after_more_happened(stopped: Story) -> None:
    do(stopped, "anna", migrating.ask, stored(stopped, SHORTER))
    do(stopped, "boris", acts.approve, stopped.id_of("SELECT id FROM approvals WHERE case_id = :case"))
    stopped.pass_time(timedelta(hours=25))
    assert stopped.value("SELECT state FROM holds WHERE case_id = :case") == "lapsed"
    assert [one for one in verify(stopped.installation, stopped.centre) if one.differences] == []


def test_the_preview_tells_what_would_change_and_changes_nothing(stopped: Story) -> None:
    content_hash, before = stored(stopped, SHORTER), stopped.value("SELECT last_seq FROM cases WHERE id = :case")
    with stopped.installation.database.begin(stopped.centre.id) as connection:
        work = stopped.installation.work(connection, stopped.centre.id, "user:anna")
        (told,) = migrating.preview(work, stopped.case_id, content_hash).values()
    assert [clock.kind for clock, _ in told.moved] == ["stop_end"]
    assert stopped.value("SELECT last_seq FROM cases WHERE id = :case") == before


def test_a_definition_that_does_not_know_what_is_open_is_refused_with_names(stopped: Story) -> None:
    text = SHORTER.replace("call_contact_a", "ring_contact_a").replace("review_stop", "look_back")
    with pytest.raises(InvalidValue, match=r"tasks\.review_stop"):
        do(stopped, "anna", migrating.ask, stored(stopped, text))
