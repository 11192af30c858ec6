"""The bundled schemes, each by what makes it different: the same engine, other files."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.workflows.driver import Driver, seconds
from workflows import Definition, load
from workflows import effects as fx
from workflows import events as ev

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def of(ident: str, *, at: datetime = START) -> Driver:
    return Driver(load(ident, 1), at=at)


def sent(procedure: Driver) -> list[str]:
    """Return the kinds of all requests that were ever sent, in their order."""
    sends = [effect for effect in procedure.effects if isinstance(effect, fx.SendRequest)]
    return [procedure.state.requests[one.request_id].kind for one in sends]


def held(procedure: Driver, kind: str, outcome: str, **claim: Any) -> UUID:  # noqa: ANN401 - fields of the claim
    """Return a hold whose first request was delivered and answered with the whole amount."""
    hold = procedure.claim(**claim)
    request = procedure.request_of(hold, kind)
    procedure.deliver(request.id)
    procedure.answer(request.id, outcome, held_minor=100_000, executed_at=procedure.at)
    return hold


def kinds(procedure: Driver, hold: UUID) -> set[str]:
    return procedure.task_kinds(hold)


# -- India


def test_in_1930_a_missing_complaint_is_a_persons_decision_after_24_hours() -> None:
    procedure = of("in_1930")
    hold = held(procedure, "hold", "held", asset="INR")
    procedure.pass_time(hours=23)
    assert "complaint_missing" not in kinds(procedure, hold)
    procedure.pass_time(hours=2)
    assert "complaint_missing" in kinds(procedure, hold)
    assert procedure.hold(hold).state == "stopped", "the operator decides, nothing is lifted by itself"


def test_in_1930_without_an_order_the_bank_is_told_to_lift_after_90_days() -> None:
    procedure = of("in_1930")
    hold = held(procedure, "hold", "held", asset="INR")
    procedure.pass_time(days=89)
    assert "release" not in sent(procedure)
    assert "obtain_order" in kinds(procedure, hold)
    procedure.pass_time(days=3)
    assert sent(procedure).count("release") == 1


def test_in_1930_money_that_moved_is_held_in_the_next_layer() -> None:
    procedure = of("in_1930")
    first = procedure.claim(asset="INR")
    request = procedure.request_of(first, "hold")
    procedure.deliver(request.id)
    following = procedure.make_claim(tier=2, asset="INR")
    procedure.answer(request.id, "moved", next_hops=(following,))
    assert procedure.hold(first).state == "none"
    assert procedure.request_of(following.hold_id, "hold").stage == "queued"


# -- SEPA


def recall(procedure: Driver, **claim: Any) -> UUID:  # noqa: ANN401 - fields of the claim
    return procedure.claim(asset="EUR", **{"reason": "frad", **claim})


def test_eu_recall_is_answered_within_15_banking_days_over_easter_or_the_state_is_asked_for() -> None:
    procedure = of("eu_sct_recall", at=datetime(2027, 3, 22, 9, 0, tzinfo=UTC))
    hold = recall(procedure)
    request = procedure.request_of(hold, "recall")
    procedure.deliver(request.id)
    due = procedure.clock("answer", request.id).due_at
    # 2027-03-26 and 2027-03-29 are TARGET holidays; 15 banking days after Monday the 22nd end on Wednesday, April 14th.
    assert due.astimezone(UTC) == datetime(2027, 4, 14, 22, 0, tzinfo=UTC) - timedelta(microseconds=1)
    procedure.run_until(due + seconds(1))
    assert sent(procedure) == ["recall", "status_request"]


def test_eu_recall_holds_nothing_and_a_positive_answer_is_the_money_itself() -> None:
    procedure = of("eu_sct_recall")
    hold = recall(procedure)
    request = procedure.request_of(hold, "recall")
    procedure.deliver(request.id)
    procedure.answer(request.id, "returned", held_minor=100_000)
    assert procedure.hold(hold).state == "returned"


@pytest.mark.parametrize(
    ("claim", "lane"),
    [
        ({}, "recall_fraud"),
        ({"reason": "dupl"}, "recall_error"),
        ({"reason": "cust"}, "by_originator"),
        ({"reason": "frad", "paid_at": START - timedelta(days=400)}, "no_recall"),
        ({"reason": None}, "no_recall"),
    ],
)
def test_eu_recall_leads_each_reason_into_its_lane_and_drops_none(claim: dict[str, Any], lane: str) -> None:
    procedure = of("eu_sct_recall")
    hold = recall(procedure, **claim)
    assert procedure.hold(hold).lane == lane
    assert (lane in {"recall_fraud", "recall_error"}) == ("recall" in sent(procedure))
    assert kinds(procedure, hold) or sent(procedure), "somebody waits for something"


# -- Thailand


def test_th_hold_is_lifted_after_72_hours_without_a_complaint() -> None:
    procedure = of("th_hold")
    hold = held(procedure, "suspend", "suspended", asset="THB")
    procedure.pass_time(hours=73)
    assert procedure.hold(hold).state == "lapsed"


def test_th_hold_runs_seven_days_from_a_complaint_in_time() -> None:
    procedure = of("th_hold")
    hold = held(procedure, "suspend", "suspended", asset="THB")
    procedure.pass_time(hours=70)
    complained = procedure.at
    procedure.send(
        ev.ConditionMet(
            id=procedure.uuid(), at=procedure.at, condition="complaint", hold_id=hold, by="officer", document="p-1"
        )
    )
    assert procedure.hold(hold).ends_at == complained + timedelta(days=7)
    procedure.pass_time(days=6)
    assert procedure.hold(hold).state == "stopped"
    procedure.pass_time(days=2)
    assert procedure.hold(hold).state == "lapsed"


# -- Brazil


def infraction(procedure: Driver, **claim: Any) -> UUID:  # noqa: ANN401 - fields of the claim
    return procedure.claim(asset="BRL", reason="scam", **claim)


def test_br_med_takes_seven_days_of_silence_as_agreed_and_says_that_it_is_deemed() -> None:
    procedure = of("br_med2")
    hold = infraction(procedure)
    request = procedure.request_of(hold, "infraction")
    procedure.deliver(request.id)
    procedure.pass_time(days=7, hours=1)
    answered = procedure.state.requests[request.id]
    assert (answered.stage, answered.outcome) == ("answered", "deemed_agreed")
    assert answered.deemed
    assert "ask_amount" in kinds(procedure, hold)


def test_br_med_follows_five_levels_and_then_asks_a_person() -> None:
    procedure = of("br_med2")
    holds = [infraction(procedure)]
    for tier in range(2, 7):
        request = procedure.request_of(holds[-1], "infraction")
        procedure.deliver(request.id)
        following = procedure.make_claim(tier=tier, asset="BRL", reason="scam")
        procedure.answer(request.id, "moved", next_hops=(following,))
        holds.append(following.hold_id)
    assert sent(procedure) == ["infraction"] * 5
    assert "extend_chase" in kinds(procedure, holds[-1])


def test_br_med_is_not_for_payments_older_than_80_days_which_stay_with_a_person() -> None:
    procedure = of("br_med2")
    hold = infraction(procedure, paid_at=START - timedelta(days=81))
    assert sent(procedure) == []
    assert kinds(procedure, hold) == {"choose_other_way"}


# -- China, the freeze by itself


def freeze(procedure: Driver) -> tuple[UUID, UUID]:
    hold = procedure.claim()
    procedure.file()
    (approval,) = procedure.state.approvals
    return hold, procedure.approve(approval)


def test_cn_freeze_waits_for_a_second_person_and_a_filed_case() -> None:
    procedure = of("cn_freeze")
    procedure.claim()
    (approval,) = procedure.state.approvals
    given = ev.ApprovalGiven(id=procedure.uuid(), at=procedure.at, approval_id=approval, by="leader")
    assert "filed case" in procedure.refuses(given)
    procedure.file()
    procedure.approve(approval)
    assert sent(procedure) == ["freeze"]


def test_cn_freeze_lasts_six_months_and_is_renewed_without_limit() -> None:
    procedure = of("cn_freeze")
    hold, request = freeze(procedure)
    procedure.deliver(request)
    procedure.answer(request, "frozen", held_minor=100_000, executed_at=procedure.at)
    first = procedure.hold(hold).ends_at
    assert first is not None
    assert first.month == 9
    for _ in range(3):
        extension = procedure.approve(procedure.ask(hold, "extend"))
        procedure.deliver(extension)
        procedure.answer(extension, "extended")
    last = procedure.hold(hold).ends_at
    assert last is not None
    assert (last.year, last.month) == (2028, 3)


def test_cn_freeze_queues_behind_an_earlier_authority_and_asks_again_at_its_end() -> None:
    procedure = of("cn_freeze")
    hold, request = freeze(procedure)
    procedure.deliver(request)
    procedure.answer(request, "prior_freeze", ends_at=procedure.at + timedelta(days=20))
    assert procedure.hold(hold).state == "queued_behind"
    procedure.pass_time(days=20, hours=1)
    (again,) = procedure.state.approvals.values()
    assert (again.act, again.reason) == ("freeze", "queue")
    procedure.approve(again.id)
    assert sent(procedure) == ["freeze", "freeze"]


# -- the examples


def test_tw_earmark_lets_the_bank_tell_the_next_one_and_asks_itself_only_after_its_clock() -> None:
    procedure = of("tw_earmark")
    first = procedure.claim(asset="TWD")
    request = procedure.request_of(first, "earmark")
    procedure.deliver(request.id)
    following = procedure.make_claim(tier=2, asset="TWD")
    procedure.answer(request.id, "moved_on", next_hops=(following,))
    assert sent(procedure) == ["earmark"]
    procedure.pass_time(minutes=31)
    assert sent(procedure) == ["earmark", "earmark"]


def test_us_ffkc_gates_are_all_four_or_a_person() -> None:
    gates = {"amount_minor": 5_000_000, "asset": "USD", "cross_border": True, "references": ("recall",)}
    procedure = of("us_ffkc")
    assert procedure.hold(procedure.claim(**gates)).lane == "kill_chain"
    for change in (
        {"amount_minor": 4_999_999},
        {"cross_border": False},
        {"references": ()},
        {"paid_at": START - timedelta(hours=72, seconds=1)},
    ):
        other = of("us_ffkc")
        hold = other.claim(**{**gates, **change})
        assert other.hold(hold).lane == "ordinary"
        assert "confirm_account" in kinds(other, hold)


def test_uk_claim_stands_still_for_information_and_ends_at_its_hard_end_whatever_happens() -> None:
    procedure = of("uk_app_claim", at=datetime(2026, 6, 1, 9, 0, tzinfo=UTC))
    hold = procedure.claim(asset="GBP", cross_border=False)
    request = procedure.request_of(hold, "claim")
    procedure.deliver(request.id)
    procedure.pass_time(days=1)
    procedure.answer(request.id, "information_wanted")
    procedure.pass_time(days=20)
    assert procedure.verdicts("answer", request.id) == [], "five business days are over, but the clock stands"
    procedure.pass_time(days=35)
    assert procedure.verdicts("answer", request.id) == ["late"], "35 business days are the end"


def test_hk_stop_leads_money_abroad_to_interpol() -> None:
    procedure = of("hk_stop")
    hold = procedure.claim(asset="HKD", cross_border=True)
    assert sent(procedure) == []
    assert "ask_interpol" in kinds(procedure, hold)


def test_sg_restriction_is_renewed_five_times_and_no_more() -> None:
    procedure = of("sg_restriction")
    hold = procedure.claim(asset="SGD")
    (approval,) = procedure.state.approvals
    request = procedure.approve(approval)
    procedure.deliver(request)
    procedure.answer(request, "restricted", held_minor=100_000, executed_at=procedure.at)
    for _ in range(5):
        extension = procedure.approve(procedure.ask(hold, "extend"))
        procedure.deliver(extension)
        procedure.answer(extension, "extended")
    sixth = ev.MeasureAsked(id=procedure.uuid(), at=procedure.at, hold_id=hold, kind="extend", by="officer")
    assert "5 is the limit" in procedure.refuses(sixth)


def test_kr_objection_may_let_a_part_go() -> None:
    definition: Definition = load("kr_suspension", 1)
    assert definition.objection is not None
    assert definition.objection.effect == "partial"
    assert definition.split is not None
    assert definition.split.method == "pro_rata"
