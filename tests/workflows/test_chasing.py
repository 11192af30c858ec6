"""Following: who asks the next institution, how deep, and how a chase goes deeper."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.workflows.driver import Driver
from tests.workflows.written import changed, scheme
from workflows import Definition, InvalidDefinition, parse
from workflows import effects as fx
from workflows import events as ev

SHALLOW = ("depth = 10", "depth = 1")
EXTENSION = 'extension = { by = 1, limit = 3, approval = "before" }\n'
TOLD = 'chain = "bank_to_bank"\ntold = { length = "PT2H", calendar = "absolute" }\n'


def follow(*lines: str) -> tuple[str, str]:
    return ('task = "extend_chase"\n', 'task = "extend_chase"\n' + "".join(lines))


def hop(d: Driver, tier: int) -> UUID:
    """Let the institution of the last request say that the money went on; return the hold of the next tier."""
    request = max(d.state.requests.values(), key=lambda one: one.created_at)
    if request.delivered_at is None:
        d.deliver(request.id)
    claim = d.make_claim(tier=tier)
    d.answer(request.id, "moved_on", next_hops=(claim,))
    return claim.hold_id


def chased(definition: Definition) -> tuple[Driver, UUID]:
    """Return a case whose money went to a second tier, and the hold there."""
    d = Driver(definition)
    d.claim()
    return d, hop(d, 2)


def test_with_one_click_the_order_is_ready_and_leaves_when_a_person_confirms() -> None:
    d, second = chased(scheme(('mode = "automatic"', 'mode = "one_click"')))
    assert d.task_kinds(second) == {"confirm_account"}
    assert len(d.state.requests) == 1
    d.send(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=second, by="officer"))
    assert d.hold(second).state == "asked"


def test_where_a_person_follows_the_decision_has_the_task_of_the_chase() -> None:
    d, second = chased(scheme(('mode = "automatic"', 'mode = "person"')))
    assert d.task_kinds(second) == {"extend_chase"}


def test_the_chase_goes_deeper_once_another_person_approved_it() -> None:
    d, second = chased(scheme(SHALLOW, follow(EXTENSION)))
    assert d.task_kinds(second) == {"extend_chase"}
    confirmed = ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=second, by="officer")
    assert "extend the chase first" in d.refuses(confirmed)
    d.send(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=second, by="officer"))
    (approval,) = d.state.approvals
    assert "same person" in d.refuses(ev.ApprovalGiven(id=d.uuid(), at=d.at, approval_id=approval, by="officer"))
    d.approve(approval)
    assert d.state.chase_extra == 1
    assert d.hold(second).state == "asked"
    assert "extend_chase" not in d.task_kinds(second)


def test_the_chase_stays_bounded_by_its_limit() -> None:
    d, second = chased(scheme(SHALLOW, follow(EXTENSION.replace("before", "none"))))
    d.send(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=second, by="officer"))
    third = hop(d, 3)
    d.send(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=third, by="officer"))
    fourth = hop(d, 4)
    refused = d.refuses(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=fourth, by="officer"))
    assert "tier 3 at most" in refused
    d.send(ev.ClaimDropped(id=d.uuid(), at=d.at, hold_id=fourth, by="officer", reason="too_deep"))
    assert d.hold(fourth).state == "dropped"


def test_what_was_in_doubt_is_still_confirmed_by_a_person_after_an_extension() -> None:
    d = Driver(scheme(SHALLOW, follow(EXTENSION.replace("before", "none"))))
    d.claim()
    (request,) = d.state.requests
    d.deliver(request)
    claim = d.make_claim(tier=2, doubts=("checksum",))
    d.answer(request, "moved_on", next_hops=(claim,))
    d.send(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=claim.hold_id, by="officer"))
    assert [(task.kind, task.reason) for task in d.state.tasks.values() if task.subject_id == claim.hold_id] == [
        ("confirm_account", "checksum")
    ]


def test_a_scheme_without_an_extension_says_so() -> None:
    d, second = chased(scheme(SHALLOW))
    assert "no extension" in d.refuses(ev.ChaseExtended(id=d.uuid(), at=d.at, hold_id=second, by="officer"))


def test_the_institution_that_moved_the_money_tells_the_next_one_and_the_centre_sends_nothing() -> None:
    d, second = chased(scheme(follow(TOLD)))
    (told,) = (one for one in d.state.requests.values() if one.hold_id == second)
    assert (told.told, told.stage, d.hold(second).state) == (True, "delivered", "asked")
    assert not any(isinstance(effect, fx.SendRequest) for effect in d.new)
    assert "not delivered" in d.refuses(ev.ReminderAsked(id=d.uuid(), at=d.at, request_id=told.id, by="officer"))
    d.answer(told.id, "full", held_minor=100_000, executed_at=d.at)
    assert d.hold(second).state == "stopped"
    answers = [effect for effect in d.effects if isinstance(effect, fx.RecordFact) and effect.subject_id == told.id]
    assert {fact.verdict for fact in answers} == {"excluded"}


def test_where_nothing_is_heard_of_the_next_institution_the_centre_asks_it_itself() -> None:
    d, second = chased(scheme(follow(TOLD)))
    d.run_until(d.at + timedelta(hours=2))
    (asked,) = (one for one in d.state.requests.values() if one.hold_id == second)
    assert (asked.told, asked.stage, asked.created_at) == (False, "queued", d.at)
    sent = [effect for effect in d.new if isinstance(effect, fx.SendRequest)]
    assert [effect.request_id for effect in sent] == [asked.id]
    d.deliver(asked.id)
    dispatch = next(e for e in d.new if isinstance(e, fx.RecordFact) and e.kind == "dispatch")
    assert dispatch.verdict == "in_time"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ('chain = "bank_to_bank"\n', "follow.told"),
        ('told = { length = "PT2H", calendar = "absolute" }\n', "follow.told"),
        ("extension = { by = 1, limit = 10 }\n", "follow.extension.limit"),
        ('extension = { by = 1, limit = 12, task = "nothing" }\n', "follow.extension.task"),
        ('extension = { by = 1, limit = 12, approval = "after" }\n', "follow.extension.approval"),
        ("extension = { by = 1, limit = 12, colour = 1 }\n", "follow.extension.colour"),
    ],
)
def test_a_fault_in_following_is_told_with_its_path(lines: str, path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(changed(follow(lines)))
    assert path in dict(refused.value.faults)
