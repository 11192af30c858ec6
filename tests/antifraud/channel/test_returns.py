"""Money given back: a notice that comes again counts once, and nobody gives back more than is held."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.channel.replies import Incoming, Told, apply_reply, keep
from antifraud.channel.sums import ReturnRefused, refuse_return
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import HELD, Story
from workflows.money import ReturnNotice
from workflows.state import Hold


@pytest.fixture
def returning(installation: Installation, drill: Centre, clock: FrozenClock) -> tuple[Story, UUID]:
    """A frozen hold whose return was asked for, approved and delivered."""
    story = Story(installation, drill, clock).stopped()
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD)
    request = story.asked("return", amount_minor=HELD)
    story.deliver(request)
    return story, request


def notice(story: Story, request_id: UUID, message_id: str, **given: object) -> Told:
    body = {"message_id": message_id, "request_id": str(request_id), "outcome": "returned", "asset": "CNY", **given}
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "bank:SIM-PROMPT")
        incoming = Incoming(
            institution_id=UUID(str(story.value(f"SELECT institution_id FROM requests WHERE id = '{request_id}'"))),  # noqa: S608 - an id of ours
            request_id=request_id,
            via="callback",
            verified=None,
            body=json.dumps(body).encode(),
        )
        kept = keep(work, incoming)
        return kept.answer or apply_reply(work, story.installation.mail(story.centre), kept.reply_id)


def test_more_given_back_than_is_held_is_refused_and_the_hold_stays(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    told = notice(story, request, "r-1", held_minor=HELD + 1)
    problem = json.loads(told.body)
    assert told.is_refused
    assert problem["type"] == "/problems/return-refused"
    assert "1 too much" in problem["detail"]
    assert [one["pointer"] for one in problem["errors"]] == ["/held_minor"]
    assert story.value("SELECT state FROM holds WHERE case_id = :case") == "frozen"
    assert story.value("SELECT count(*) FROM return_notices") == 0
    assert story.value("SELECT reason FROM tasks WHERE case_id = :case AND reason = 'return' AND state = 'open'")


def test_a_notice_under_a_reference_that_was_told_before_counts_once(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    first = notice(story, request, "r-1", held_minor=HELD, return_reference="RET/7")
    again = notice(story, request, "r-2", held_minor=HELD, return_reference=" ret/7 ")
    assert (json.loads(first.body)["status"], json.loads(again.body)["status"]) == ("applied", "applied")
    assert story.value("SELECT count(*) FROM return_notices") == 1
    assert story.value("SELECT state FROM holds WHERE case_id = :case") == "returned"
    assert story.value("SELECT count(*) FROM entries WHERE kind = 'ReturnRepeated'") == 1


def test_the_same_message_again_gets_the_same_bytes_and_counts_once(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    first = notice(story, request, "r-1", held_minor=HELD)
    assert notice(story, request, "r-1", held_minor=HELD) == first
    assert story.value("SELECT count(*) FROM return_notices") == 1


def test_another_notice_after_all_was_given_back_is_refused(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    notice(story, request, "r-1", held_minor=HELD, return_reference="RET/7")
    assert notice(story, request, "r-2", held_minor=1, return_reference="RET/8").is_refused
    assert story.value("SELECT sum(amount_minor) FROM return_notices") == HELD


def test_another_sum_under_a_known_reference_is_for_a_person(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    notice(story, request, "r-1", held_minor=HELD - 1, return_reference="RET/7")
    told = notice(story, request, "r-2", held_minor=1, return_reference="RET/7")
    assert told.is_refused
    assert [one["pointer"] for one in json.loads(told.body)["errors"]] == ["/return_reference"]


def test_a_notice_without_a_sum_is_of_all_that_was_asked(returning: tuple[Story, UUID]) -> None:
    story, request = returning
    notice(story, request, "r-1")
    assert story.value("SELECT amount_minor FROM return_notices") == HELD


def test_a_part_given_back_leaves_the_rest_that_is_held_to_be_given_back(clock: FrozenClock) -> None:
    hold = Hold(
        id=UUID(int=1),
        account_id=None,
        institution_id=None,
        lead_id=None,
        receipt_id=None,
        tier=1,
        state="frozen",
        asset="CNY",
        traced_minor=100,
        held_minor=60,
        counted_minor=100,
        scope="amount",
        urgency="urgent",
        since=clock.now(),
    )
    before = [ReturnNotice(id=str(UUID(int=2)), reference="a", amount=40, asset="CNY")]
    rest = ReturnNotice(id=str(UUID(int=3)), reference="b", amount=60, asset="CNY")
    assert refuse_return(rest, before, hold) is None
    with pytest.raises(ReturnRefused, match="1 too much"):
        refuse_return(replace(rest, amount=61), before, hold)


def test_a_freeze_of_what_was_stopped_is_not_counted_beside_the_stop(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock).stopped()
    story.file()
    freeze = story.asked("freeze", amount_minor=HELD)
    story.deliver(freeze)
    story.answer(freeze, "frozen", held_minor=HELD, balance_minor=HELD)
    assert story.value("SELECT count(*) FROM tasks WHERE reason = 'holds_above_balance'") == 0
