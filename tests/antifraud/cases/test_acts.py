"""What people do in a case: freeze after filing with another person's approval, release, hand over, resolve a lead."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.cases import acts
from antifraud.cases.casefile import CaseFile
from antifraud.cases.casefile import Desk as CaseDesk
from antifraud.cases.messages import references_of
from antifraud.cases.service import apply
from antifraud.cases.views import CaseView, case_view
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.json import loads
from antifraud.foundation.problems import InvalidValue
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

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.run("anna", lambda work: [tuple(row) for row in work.connection.execute(text(query))])

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


def test_the_reference_of_a_paper_is_told_to_the_bank_and_stands_nowhere_in_the_clear(stopped: Desk) -> None:
    filing, freezing, following = "立案-CANARY-张三", "冻-CANARY-李四", "补-CANARY-王五"
    (stop,) = stopped.view().requests
    stopped.do("anna", acts.file_case, filing)
    stopped.do("anna", acts.hand_in_papers, stop.id, following)
    asked = acts.Measure(kind="freeze", documents=(freezing, filing), reason="linked_accounts")
    stopped.do("anna", acts.ask_measure, the_hold(stopped), asked)
    (approval,) = stopped.view().approvals
    stopped.do("boss", acts.approve, approval.id)
    clear = stopped.rows(
        "SELECT to_jsonb(e)::text FROM entries e UNION ALL SELECT to_jsonb(p)::text FROM procedures p"
        " UNION ALL SELECT to_jsonb(r)::text FROM requests r UNION ALL SELECT to_jsonb(t)::text FROM tasks t"
        " UNION ALL SELECT to_jsonb(d)::text FROM documents d"
    )
    assert len([row for (row,) in clear if "linked_accounts" in row]) > 0
    assert not [row for (row,) in clear if "CANARY" in row]
    ((message_id, key_id, cipher),) = stopped.rows("SELECT id, key_id, body_cipher FROM outbox WHERE kind = 'freeze'")
    body = stopped.run("anna", lambda work: work.vault.key(work.connection, key_id)).open(
        "outbox", "body", message_id, cipher
    )
    message: Any = loads(body, max_bytes=65_536)
    assert message["authority"]["documents"][-2:] == [freezing, filing]


def test_a_paper_handed_in_twice_is_one_paper(stopped: Desk) -> None:
    (stop,) = stopped.view().requests
    for _ in range(2):
        stopped.do("anna", acts.hand_in_papers, stop.id, "补-1")
    assert len(stopped.rows("SELECT 1 FROM documents")) == 1
    ((papers,),) = stopped.rows("SELECT documents FROM requests")
    assert len(papers) == 1


@pytest.mark.parametrize("reference", [" ", "文" * 201])
def test_a_reference_that_the_message_cannot_carry_is_refused(stopped: Desk, reference: str) -> None:
    with pytest.raises(InvalidValue, match="1 to 200"):
        stopped.do("anna", acts.file_case, reference)


def test_a_message_leaves_out_a_paper_whose_key_was_destroyed(stopped: Desk) -> None:
    stopped.do("anna", acts.file_case, "立案-2026-1")
    ((document_id, key_id),) = stopped.rows("SELECT id, key_id FROM documents")

    def opened(work: Work) -> dict[UUID, str]:
        return references_of(CaseDesk(work), [document_id])

    assert stopped.run("anna", opened) == {document_id: "立案-2026-1"}
    stopped.run("anna", lambda work: work.vault.destroy(work.connection, key_id, work.now()))
    assert stopped.run("anna", opened) == {}
    with pytest.raises(InvalidValue, match="forgotten"):
        stopped.do("anna", acts.file_case, "立案-2026-2")


@pytest.mark.parametrize("reason", ["张三 said so", "Unrelated", "no", "with space", ""])
def test_a_reason_is_a_code_and_never_free_text(stopped: Desk, reason: str) -> None:
    hold = the_hold(stopped)
    with pytest.raises(InvalidValue, match="unrelated_payment"):
        stopped.do("anna", acts.ask_measure, hold, acts.Measure(kind="release", reason=reason))
    with pytest.raises(InvalidValue, match="wrong_account"):
        stopped.do("anna", acts.drop_claim, hold, reason)
    stopped.do("anna", acts.ask_measure, hold, acts.Measure(kind="release", reason="unrelated"))
    (approval,) = stopped.view().approvals
    with pytest.raises(InvalidValue, match="amount_too_high") as refused:
        stopped.do("boss", acts.refuse, approval.id, reason)
    assert "张三" not in str(refused.value)
    stopped.do("boss", acts.refuse, approval.id, "amount_too_high")
    assert stopped.view().approvals == ()


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
