"""A message is taken once: its nonce is spent, its id gives the stored answer again."""

import json
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.channel.replies import Incoming, Kept, MessageIdReused, ReplayedNonce, Told, apply_reply, keep
from antifraud.channel.signatures import Verified
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import HELD, Story


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    story = Story(installation, drill, clock)
    story.deliver(story.request())
    return story


def signed(story: Story, nonce: str) -> Verified:
    now = story.clock.now()
    return Verified(
        key_id="sim-prompt-1",
        created=now,
        nonce=nonce,
        signature_base="base",
    )


def arrives(story: Story, nonce: str, *, message_id: str = "m-1", held_minor: int = HELD) -> Kept:
    document = {
        "message_id": message_id,
        "request_id": str(story.request()),
        "outcome": "full",
        "held_minor": held_minor,
        "asset": "CNY",
        "executed_at": story.clock.now().isoformat(),
    }
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "bank:SIM-PROMPT")
        incoming = Incoming(
            institution_id=UUID(str(story.value("SELECT institution_id FROM requests WHERE case_id = :case"))),
            request_id=story.request(),
            via="callback",
            verified=signed(story, nonce),
            body=json.dumps(document).encode(),
        )
        return keep(work, incoming)


def answered(story: Story, kept: Kept) -> Told:
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, "bank:SIM-PROMPT")
        return apply_reply(work, story.installation.mail(story.centre), kept.reply_id)


def test_a_recorded_message_played_again_is_refused(story: Story) -> None:
    arrives(story, "n-1")
    with pytest.raises(ReplayedNonce):
        arrives(story, "n-1")


def test_a_message_sent_again_with_a_new_nonce_gets_the_answer_it_got(story: Story) -> None:
    first = arrives(story, "n-1")
    told = answered(story, first)
    again = arrives(story, "n-2")
    assert (again.reply_id, again.answer) == (first.reply_id, told)
    assert answered(story, again) == told
    assert story.value("SELECT count(*) FROM replies") == 1
    assert story.value("SELECT count(*) FROM entries WHERE kind = 'AnswerReceived'") == 1


def test_another_message_under_a_used_id_is_refused(story: Story) -> None:
    arrives(story, "n-1")
    with pytest.raises(MessageIdReused):
        arrives(story, "n-2", held_minor=1)
