"""Amounts that cannot be true together have no effect, and the bank is told which; a doubtful sum is a person's."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.factories.wire import Wire, number_of

CARD = number_of("SIM-PART", 5)
HEADER = "application/problem+json"


@pytest.fixture
def asked(wire: Wire) -> UUID:
    """A request that a bank has acknowledged and not answered."""
    request_id = wire.report("SIM-MUTE")
    wire.round()
    return request_id


def hop(amount: int | None, **more: object) -> dict[str, Any]:
    return {"institution": "SIM-PART", "number": CARD, "amount_minor": amount, "asset": "CNY", **more}


def said(wire: Wire, request_id: UUID, **given: Any) -> Any:  # noqa: ANN401 - the response of the test client
    answer = wire.answer(request_id, given.pop("outcome", "moved_on"), **given)
    return wire.call_back("SIM-MUTE", request_id, answer)


def count(wire: Wire, table: str, where: str = "true") -> int:
    found: int = wire.one(f"SELECT count(*) AS n FROM {table} WHERE {where}").n  # noqa: S608 - names of this test
    return found


def test_parts_that_do_not_add_up_are_refused_with_the_difference_and_nothing_is_sent(wire: Wire, asked: UUID) -> None:
    requests = count(wire, "requests")
    response = said(wire, asked, arrived_minor=1000, held_minor=600, next=[hop(500), hop(50)])
    assert (response.status, response.headers["content-type"]) == (422, HEADER)
    problem = json.loads(response.body)
    assert problem["type"] == "/problems/parts-do-not-add-up"
    assert "1150 CNY minor units in parts, 1000 arrived: 150 too much" in problem["detail"]
    assert [one["pointer"] for one in problem["errors"]] == [
        "/arrived_minor",
        "/held_minor",
        "/next/0/amount_minor",
        "/next/1/amount_minor",
    ]
    assert count(wire, "requests") == requests
    assert count(wire, "transfers", "tier = 2") == 0
    assert count(wire, "holds", "tier = 2") == 0
    assert count(wire, "entries", "kind = 'AnswerReceived' AND payload->>'outcome' = 'moved_on'") == 0


def test_what_is_missing_is_refused_only_where_every_place_was_told(wire: Wire, asked: UUID) -> None:
    short = {"arrived_minor": 1000, "held_minor": 600, "withdrawn_minor": 200, "spent_minor": 0}
    assert said(wire, asked, message_id="whole", **short, left_minor=100).status == 422
    response = said(wire, asked, message_id="part", **short)
    assert (response.status, json.loads(response.body)["status"]) == (200, "applied")


def test_a_refused_message_is_kept_and_given_to_a_person_and_a_repetition_is_told_the_same(
    wire: Wire, asked: UUID
) -> None:
    first = said(wire, asked, message_id="wrong", arrived_minor=10, held_minor=11)
    again = said(wire, asked, message_id="wrong", arrived_minor=10, held_minor=11)
    assert (again.status, again.body, again.headers["content-type"]) == (422, first.body, HEADER)
    (reply,) = wire.rows("SELECT state, reason, raw_cipher FROM replies WHERE message_id = 'wrong'")
    assert (reply.state, reply.reason) == ("quarantined", "parts")
    assert reply.raw_cipher is not None
    assert count(wire, "tasks", f"reason = 'parts' AND subject_id = '{asked}' AND state = 'open'") == 1


def test_a_message_whose_parts_are_mended_is_taken(wire: Wire, asked: UUID) -> None:
    assert said(wire, asked, message_id="wrong", arrived_minor=1000, held_minor=600, next=[hop(500)]).status == 422
    assert said(wire, asked, message_id="right", arrived_minor=1000, held_minor=500, next=[hop(500)]).status == 200
    (statement,) = wire.rows("SELECT * FROM statements")
    assert (statement.arrived_minor, statement.held_minor, statement.onward_minor) == (1000, 500, 500)
    assert count(wire, "holds", "tier = 2") == 1


def test_a_payment_onward_in_another_asset_is_no_part_of_the_sum(wire: Wire, asked: UUID) -> None:
    response = said(wire, asked, arrived_minor=1000, held_minor=600, next=[hop(9_000_000, asset="USDT@tron")])
    assert response.status == 200


def test_a_bank_that_says_nothing_of_what_arrived_is_never_refused(wire: Wire, asked: UUID) -> None:
    assert said(wire, asked, held_minor=600, next=[hop(10**12)]).status == 200
    assert count(wire, "statements") == 0


# -- what an account holds, over all cases


def test_holds_above_a_stated_balance_are_a_persons_task_and_change_no_order(wire: Wire, asked: UUID) -> None:
    other = wire.report("SIM-MUTE", ref="110-2", reference="R2")
    wire.round()
    first = said(wire, asked, outcome="full", message_id="one", held_minor=900, balance_minor=1000)
    assert first.status == 200
    assert count(wire, "tasks", "reason = 'holds_above_balance'") == 0
    second = said(wire, other, outcome="full", message_id="two", held_minor=101, balance_minor=1000)
    assert second.status == 200
    assert count(wire, "tasks", "reason = 'holds_above_balance' AND state = 'open'") == 1
    held = wire.rows("SELECT state, held_minor FROM holds ORDER BY held_minor")
    assert [(one.state, one.held_minor) for one in held] == [("stopped", 101), ("stopped", 900)]
    doubt = wire.one("SELECT payload FROM entries WHERE kind = 'DoubtRaised'").payload
    assert (int(doubt["amount_minor"]), doubt["asset"]) == (1, "CNY")


def told_by_turns(wire: Wire, asked: UUID, *, after: float, balance: int = 1000) -> int:
    other = wire.report("SIM-MUTE", ref="110-2", reference="R2")
    wire.round()
    wire.clock.advance(timedelta(seconds=after))
    said(wire, asked, outcome="full", message_id="one", held_minor=900, balance_minor=balance)
    said(wire, other, outcome="full", message_id="two", held_minor=101)
    return count(wire, "tasks", "reason = 'holds_above_balance'")


def test_an_earlier_balance_bounds_an_answer_that_states_none(wire: Wire, asked: UUID) -> None:
    assert told_by_turns(wire, asked, after=60) == 1


def test_an_earlier_balance_does_not_bound_money_that_may_have_come_after_it(wire: Wire, asked: UUID) -> None:
    assert told_by_turns(wire, asked, after=0) == 0


def test_neither_does_it_bound_what_another_case_holds_of_such_money(wire: Wire, asked: UUID) -> None:
    assert told_by_turns(wire, asked, after=0, balance=50) == 1, "only the answer that stated the balance"
