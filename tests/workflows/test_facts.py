"""What is recorded for the weekly figures: each request and each claim is in a denominator, held money counts once."""

from datetime import timedelta
from uuid import UUID

from tests.workflows.driver import START, Driver, seconds
from workflows import events as ev


def amounts(procedure: Driver, kind: str, hold_id: UUID) -> list[tuple[str, int | None]]:
    return [(fact.verdict, fact.amount_minor) for fact in procedure.facts(kind, hold_id)]


def drop(procedure: Driver, hold_id: UUID) -> None:
    procedure.send(ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=hold_id, by="officer", reason="typo"))


# -- boxes of requests


def test_every_fact_about_a_request_names_its_kind_and_one_about_a_hold_none() -> None:
    procedure = Driver()
    hold_id = procedure.frozen()
    stop, freeze = procedure.request_of(hold_id), procedure.request_of(hold_id, "freeze")
    for kind in ("dispatch", "delivery", "answer"):
        assert [fact.request_kind for fact in procedure.facts(kind, stop.id)] == ["stop"]
        assert [fact.request_kind for fact in procedure.facts(kind, freeze.id)] == ["freeze"]
    for kind in ("claim", "hold", "conversion"):
        assert {fact.request_kind for fact in procedure.facts(kind, hold_id)} == {None}


def test_an_answer_that_proves_the_delivery_is_counted_when_nothing_else_ever_says_so() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.answer(request.id, "received", after=40)
    for kind in ("dispatch", "delivery"):
        (fact,) = procedure.facts(kind, request.id)
        assert (fact.start_at, fact.stop_at, fact.verdict) == (START, START + seconds(40), "in_time")


def test_the_true_instants_that_come_after_the_answer_are_recorded_beside() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.answer(request.id, "full", after=90, held_minor=5, executed_at=procedure.at)
    delivered = ev.RequestDelivered(
        id=procedure.uuid(),
        at=procedure.at,
        request_id=request.id,
        channel="native",
        sent_at=START + seconds(30),
        delivered_at=START + seconds(35),
    )
    procedure.send(delivered)
    assert procedure.verdicts("dispatch", request.id) == ["late", "in_time"]
    assert [fact.stop_at for fact in procedure.facts("dispatch", request.id)] == [
        START + seconds(90),
        START + seconds(30),
    ]
    assert [fact.stop_at for fact in procedure.facts("delivery", request.id)] == [
        START + seconds(90),
        START + seconds(35),
    ]
    assert procedure.request_of(request.hold_id).delivered_at == START + seconds(90)


def test_a_delivery_that_is_noted_for_later_than_the_answer_is_not_later_than_it() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.answer(request.id, "received", after=20)
    procedure.deliver(request.id, after=3600)
    assert {fact.stop_at for fact in procedure.facts("delivery", request.id)} == {START + seconds(20)}


def test_an_answer_after_the_receipt_limit_tells_when_the_undelivered_order_came() -> None:
    procedure = Driver()
    request = procedure.request_of(procedure.claim())
    procedure.run_until(procedure.clock("receipt", request.id).due_at)
    procedure.answer(request.id, "received", after=60)
    assert procedure.verdicts("delivery", request.id) == ["undelivered", "late"]


def test_an_answer_to_an_order_that_was_taken_back_is_not_counted() -> None:
    procedure = Driver()
    hold_id = procedure.claim()
    request = procedure.request_of(hold_id)
    drop(procedure, hold_id)
    procedure.answer(request.id, "full", held_minor=5, executed_at=procedure.at)
    assert procedure.verdicts("delivery", request.id) == procedure.verdicts("dispatch", request.id) == []


# -- claims


def test_a_claim_of_an_unknown_amount_is_recorded_without_one() -> None:
    procedure = Driver()
    hold_id = procedure.claim(amount_minor=None)
    assert amounts(procedure, "claim", hold_id) == [("counted", None)]


def test_a_wrong_claim_no_longer_counts() -> None:
    procedure = Driver()
    first, hop = procedure.claim(doubts=("checksum",)), procedure.claim(tier=2, doubts=("checksum",))
    drop(procedure, first)
    drop(procedure, first)
    drop(procedure, hop)
    assert [verdict for verdict, _ in amounts(procedure, "claim", first)] == ["counted", "excluded"]
    assert amounts(procedure, "claim", hop) == []


def test_money_reported_in_a_case_that_is_not_filed_stays_reported() -> None:
    procedure = Driver()
    hold_id = procedure.claim(doubts=("checksum",))
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d"))
    assert procedure.hold(hold_id).state == "dropped"
    assert amounts(procedure, "claim", hold_id) == [("counted", 100_000)]


# -- held money


def test_more_held_by_a_later_answer_is_recorded_with_the_instant_of_the_first_hold() -> None:
    procedure = Driver()
    hold_id = procedure.stopped(held=30_000)
    held_at = procedure.hold(hold_id).executed_at
    procedure.pass_time(hours=40)
    second = procedure.approve(procedure.ask(hold_id, "second_stop"))
    procedure.deliver(second)
    procedure.answer(second, "full", held_minor=80_000, executed_at=procedure.at)
    assert amounts(procedure, "hold", hold_id) == [("counted", 30_000), ("counted", 80_000)]
    assert {fact.stop_at for fact in procedure.facts("hold", hold_id)} == {held_at}


def test_an_extension_that_finds_more_is_recorded() -> None:
    procedure = Driver()
    hold_id = procedure.stopped(held=30_000)
    extend = procedure.approve(procedure.ask(hold_id, "extend"))
    procedure.deliver(extend)
    procedure.answer(extend, "full", held_minor=45_000)
    assert amounts(procedure, "hold", hold_id) == [("counted", 30_000), ("counted", 45_000)]


def test_less_held_by_a_later_answer_takes_nothing_off_also_after_a_lapse() -> None:
    procedure = Driver()
    hold_id = procedure.stopped(held=80_000)
    procedure.pass_time(hours=49)
    assert procedure.hold(hold_id).state == "lapsed"
    second = procedure.approve(procedure.ask(hold_id, "second_stop"))
    procedure.deliver(second)
    procedure.answer(second, "full", held_minor=10_000, executed_at=procedure.at)
    assert procedure.hold(hold_id).held_minor == 10_000
    assert amounts(procedure, "hold", hold_id) == [("counted", 80_000)]


def test_a_release_leaves_the_money_counted_as_once_held() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    release = procedure.approve(procedure.ask(hold_id, "release"))
    procedure.deliver(release)
    procedure.answer(release, "released")
    assert procedure.hold(hold_id).state == "released"
    assert amounts(procedure, "hold", hold_id) == [("counted", 100_000)]


def test_what_is_in_question_does_not_count_until_it_is_settled_and_then_from_its_own_instant() -> None:
    procedure = Driver()
    hold_id = procedure.stopped()
    request = procedure.request_of(hold_id)
    procedure.answer(request.id, "gone")
    assert amounts(procedure, "hold", hold_id)[-1] == ("excluded", 0)
    settled_at = procedure.at + timedelta(seconds=7)
    procedure.at = settled_at
    procedure.send(
        ev.AnswerSettled(
            id=procedure.uuid(),
            at=procedure.at,
            request_id=request.id,
            by="officer",
            outcome="partial",
            held_minor=55_000,
            executed_at=settled_at,
        )
    )
    last = procedure.facts("hold", hold_id)[-1]
    assert (last.verdict, last.amount_minor, last.stop_at) == ("counted", 55_000, settled_at)
