"""What is offered is what the engine takes: neither more nor less, and never by the one who asked."""

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.dossier import Dossier, read_dossier
from antifraud.cases.possible import Possible, possible
from antifraud.cases.taking_back import Correction, correct_account
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import Story
from workflows.events import MeasureAsked


def seen(story: Story, who: str = "user:anna") -> tuple[Dossier, Possible]:
    with story.installation.database.begin(story.centre.id) as connection:
        work = story.installation.work(connection, story.centre.id, who)
        dossier = read_dossier(work, story.told["case"]["no"])
        return dossier, possible(dossier, who, work.now())


def test_a_delivered_request_may_be_reminded_of_and_a_queued_one_handed_over(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock)
    request_id = story.request()
    _dossier, can = seen(story)
    assert (set(can.hand_over), set(can.remind)) == ({request_id}, set())
    story.deliver(request_id)
    _dossier, can = seen(story)
    assert (set(can.hand_over), set(can.remind)) == (set(), {request_id})
    assert not can.measures, "an open request bars every measure but the freeze, which needs filing"


def test_a_stopped_hold_may_be_released_and_stopped_again_and_frozen_once_filed(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock).stopped()
    hold_id = story.hold()
    _dossier, can = seen(story)
    assert set(can.measures[hold_id]) == {"release", "second_stop", "extend"}
    assert can.file
    assert can.decline
    assert hold_id in can.appeal
    story.file()
    _dossier, can = seen(story)
    assert set(can.measures[hold_id]) == {"release", "second_stop", "extend", "freeze"}
    assert not can.file


def test_who_asked_may_not_approve_and_another_may(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    story = Story(installation, drill, clock).stopped()
    story.send(MeasureAsked(id=story.new_id(), at=clock.now(), hold_id=story.hold(), kind="release", by="user:anna"))
    _dossier, anna = seen(story, "user:anna")
    _dossier, bert = seen(story, "user:bert")
    approval = story.id_of("SELECT id FROM approvals")
    assert (set(anna.approve), set(anna.own)) == (set(), {approval})
    assert (set(bert.approve), set(bert.own)) == ({approval}, set())


def test_what_is_offered_can_be_done(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    story = Story(installation, drill, clock).stopped()
    _dossier, can = seen(story)
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:anna")
        mail = installation.mail(drill)
        for task_id in can.complete:
            acts.complete_task(work, mail, story.case_id, task_id)
        for hold_id, kinds in can.measures.items():
            acts.ask_measure(work, mail, story.case_id, hold_id, acts.Measure(kind=kinds[0]))


def test_a_void_account_is_only_let_go(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    story = Story(installation, drill, clock).stopped()
    hold_id = story.hold()
    _dossier, before = seen(story)
    assert hold_id in before.correct
    assert before.sides == ("victim", "agent", "source")
    assert not before.verify | before.withdrawals | before.release | before.resume
    assert not before.versions
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "user:anna")
        right = Correction(institution="SIM-PROMPT", account="9991010000000026")
        correct_account(work, installation.mail(drill), story.case_id, hold_id, right)
    _dossier, after = seen(story)
    assert hold_id not in after.correct
    assert set(after.measures.get(hold_id, ())) <= {"release"}
