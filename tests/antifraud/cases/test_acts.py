"""What people do in a case: freeze after filing with another person's approval, release, hand over, resolve a lead."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.casefile import CaseFile
from antifraud.cases.service import apply
from antifraud.cases.views import CaseView, case_view
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.work import Work
from tests.factories import reports
from workflows import AnyEvent, EventRefused
from workflows.events import AnswerReceived, RequestDelivered

T = TypeVar("T")


class Desk:
    """One case in the drill centre, acted on by named people."""

    def __init__(self, installation: Installation, centre: Centre, number: str) -> None:
        self.installation, self.centre = installation, centre
        self.mail = installation.mail(centre)
        self.case_id = self.run("anna", lambda work: acts.case_id_of(work, number))

    def run(self, who: str, act: Callable[[Work], T]) -> T:
        with self.installation.database.begin(self.centre.id) as connection:
            return act(self.installation.work(connection, self.centre.id, f"user:{who}"))

    def do(self, who: str, verb: Callable[..., CaseFile], *given: object, **named: object) -> None:
        self.run(who, lambda work: verb(work, self.mail, self.case_id, *given, **named))

    def event(self, event: AnyEvent) -> None:
        view = self.view()
        self.run("bank", lambda work: apply(work, self.mail, self.case_id, view.procedure_ids[0], [event]))

    def view(self) -> CaseView:
        return self.run("anna", lambda work: case_view(work, self.case_id))

    def kinds(self) -> list[str]:
        return sorted((request.kind for request in self.view().requests), key=["stop", "freeze", "release"].index)


@pytest.fixture
def stopped(installation: Installation, drill: Centre, clock: FrozenClock) -> Desk:
    """A case whose one account was stopped in full by its bank."""
    reports.submit(installation, drill, reports.report(clock.now()))
    desk = Desk(installation, drill, "2026-000001-Z")
    (request,) = desk.view().requests
    with installation.database.begin(drill.id) as connection:
        work = installation.work(connection, drill.id, "bank:x")
        ids = [work.new_id() for _ in range(3)]
    at = clock.now()
    desk.event(RequestDelivered(id=ids[0], at=at, request_id=request.id, channel="push", sent_at=at, delivered_at=at))
    desk.event(
        AnswerReceived(
            id=ids[1],
            at=at,
            reply_id=ids[2],
            request_id=request.id,
            outcome="full",
            held_minor=4_200_000,
            executed_at=at,
        )
    )
    return desk


def the_hold(desk: Desk) -> UUID:
    (hold,) = desk.view().holds
    return hold.id


def test_a_freeze_needs_a_filed_case(stopped: Desk) -> None:
    with pytest.raises(EventRefused, match="filed"):
        stopped.do("anna", acts.ask_measure, the_hold(stopped), acts.Measure(kind="freeze"))


def test_a_freeze_leaves_after_another_person_approved_it(stopped: Desk) -> None:
    stopped.do("anna", acts.file_case, "立案-2026-1")
    stopped.do("anna", acts.ask_measure, the_hold(stopped), acts.Measure(kind="freeze", documents=("冻-1",)))
    assert stopped.kinds() == ["stop"]
    (approval,) = stopped.view().approvals
    stopped.do("boss", acts.approve, approval.id)
    assert stopped.kinds() == ["stop", "freeze"]


def test_nobody_approves_what_they_asked_for(stopped: Desk) -> None:
    stopped.do("anna", acts.file_case, "立案-2026-1")
    stopped.do("anna", acts.ask_measure, the_hold(stopped), acts.Measure(kind="freeze"))
    (approval,) = stopped.view().approvals
    with pytest.raises(EventRefused):
        stopped.do("anna", acts.approve, approval.id)
    assert stopped.kinds() == ["stop"]


def test_a_declined_case_asks_for_the_release_of_what_was_stopped(stopped: Desk) -> None:
    stopped.do("anna", acts.file_case, "不予立案-1", declined=True)
    view = stopped.view()
    assert [approval.act for approval in view.approvals] == ["release"] or "release" in stopped.kinds()


def test_a_release_leaves_after_another_person_approved_it(stopped: Desk) -> None:
    stopped.do("anna", acts.ask_measure, the_hold(stopped), acts.Measure(kind="release", reason="unrelated"))
    (approval,) = stopped.view().approvals
    stopped.do("boss", acts.approve, approval.id)
    assert stopped.kinds() == ["stop", "release"]


def test_a_request_without_a_channel_is_handed_over_by_a_person(
    installation: Installation, live: Centre, clock: FrozenClock
) -> None:
    document = reports.report(
        clock.now(),
        transfers=[reports.transfer(clock.now(), to={"institution": "ICBC", "number": "6222021234567890128"})],
    )
    reports.submit(installation, live, document)
    desk = Desk(installation, live, "2026-000001-Z")
    view = desk.view()
    assert "deliver_by_hand" in {task.kind for task in view.tasks}
    (request,) = view.requests
    clock.advance(timedelta(seconds=60))
    desk.do("anna", acts.hand_over, request.id, channel="telephone", at=clock.now() - timedelta(seconds=5))
    (request,) = desk.view().requests
    assert (request.stage, request.channel) == ("delivered", "telephone")
    assert "deliver_by_hand" not in {task.kind for task in desk.view().tasks}


def test_a_lead_becomes_an_order_once_its_account_is_known(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    document = reports.report(
        clock.now(), transfers=[reports.transfer(clock.now(), to={"institution": "无名银行", "number": "123456789012"})]
    )
    reports.submit(installation, drill, document)
    desk = Desk(installation, drill, "2026-000001-Z")
    assert desk.kinds() == []
    desk.do(
        "anna",
        acts.resolve_lead,
        the_hold(desk),
        institution="SIM-PROMPT",
        account=reports.PROMPT_ACCOUNT,
    )
    assert desk.kinds() == ["stop"]


def test_a_doubtful_claim_waits_until_somebody_confirms_it(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    reports.submit(installation, drill, reports.report(clock.now()), source_code="public")
    desk = Desk(installation, drill, "2026-000001-Z")
    assert desk.kinds() == []
    desk.do("anna", acts.confirm_claim, the_hold(desk))
    assert desk.kinds() == ["stop"]


def test_a_lead_whose_checksum_fails_waits_for_another_look(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    lead = reports.transfer(clock.now(), to={"institution": "无名银行", "number": "123456789012"})
    reports.submit(installation, drill, reports.report(clock.now(), transfers=[lead]))
    desk = Desk(installation, drill, "2026-000001-Z")
    wrong_iban = "GB82WEST12345698765433"
    desk.do("anna", acts.resolve_lead, the_hold(desk), institution="SIM-PROMPT", account=wrong_iban)
    assert desk.kinds() == []
    assert "confirm_account" in {task.kind for task in desk.view().tasks}
