"""What becomes of an answer: in the response, as a callback, twice, too late, contradictory, or another's."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from antifraud.foundation.json import loads
from tests.factories.wire import AMOUNT, Wire, at_once, minutes, number_of, wait_until

FACTS = "SELECT kind, verdict FROM facts ORDER BY kind"


def status_of(body: bytes) -> object:
    document = loads(body, max_bytes=10_000)
    assert isinstance(document, dict)
    return document["status"]


def answered(wire: Wire) -> int:
    return wire.entries().count("AnswerReceived")


@pytest.fixture
def asked(wire: Wire) -> UUID:
    """A request that a bank has acknowledged and not answered."""
    request_id = wire.report("SIM-MUTE")
    wire.round()
    return request_id


# -- in the response, and later


def test_a_prompt_bank_answers_in_the_response_and_its_own_instant_starts_the_term(wire: Wire) -> None:
    request_id = wire.report()
    assert wire.round() == 1
    request, hold = wire.request(request_id), wire.hold(request_id)
    assert wire.attempts(request_id) == [("delivered", None)]
    assert (request.stage, request.outcome, request.executed_minor, request.late) == ("answered", "full", AMOUNT, False)
    assert (hold.state, hold.held_minor) == ("stopped", AMOUNT)
    assert hold.ends_at == wire.clock.now() + timedelta(hours=48)
    assert [row.kind for row in wire.rows(FACTS)] == ["answer", "claim", "delivery", "dispatch", "hold"]
    assert wire.effects() == ["stop"]
    assert wire.round() == 0


def test_the_term_runs_from_the_banks_own_instant_and_not_from_ours(wire: Wire, asked: UUID) -> None:
    executed = wire.clock.now() + minutes(3)
    wire.clock.advance(minutes(20))
    assert wire.call_back("SIM-MUTE", asked, wire.answer(asked, executed_at=executed)).status == 200
    assert wire.hold(asked).ends_at == executed + timedelta(hours=48)


def test_a_slow_bank_acknowledges_and_its_callback_is_the_answer(wire: Wire) -> None:
    wire.script("SIM-SLOW", after_seconds=600)
    request_id = wire.report("SIM-SLOW")
    wire.round()
    assert (wire.request(request_id).stage, wire.hold(request_id).state) == ("received", "asked")
    wire.clock.advance(minutes(10))
    wait_until(lambda: wire.request(request_id).stage == "answered")
    assert wire.hold(request_id).state == "stopped"
    assert wire.effects() == ["stop"]
    assert [row.via for row in wire.rows("SELECT via FROM replies ORDER BY received_at")] == ["response", "callback"]


def test_an_answer_that_comes_while_our_post_is_open_counts_once(wire: Wire) -> None:
    wire.banks.faults.order("SIM-PROMPT", "callback_before_response", 1)
    request_id = wire.report()
    wire.round()
    request = wire.request(request_id)
    assert (request.stage, request.outcome, request.channel) == ("answered", "full", "push")
    assert answered(wire) == 1
    assert [tuple(row) for row in wire.rows("SELECT via, state FROM replies")] == [("callback", "applied")]
    assert wire.attempts(request_id) == [("delivered", None)]
    # What the answer proved, and the true instants after it: a later row of a kind replaces the earlier one.
    assert {row.kind for row in wire.rows(FACTS)} == {"answer", "claim", "delivery", "dispatch", "hold"}


# -- again


def test_a_resend_with_a_new_nonce_gets_the_stored_bytes(wire: Wire, asked: UUID) -> None:
    document = wire.answer(asked)
    first = wire.call_back("SIM-MUTE", asked, document)
    wire.clock.advance(timedelta(hours=1))
    again = wire.prepared("SIM-MUTE", asked, document)
    second = wire.sender.send(again)
    assert (first.status, second.status, first.body) == (200, 200, second.body)
    assert status_of(second.body) == "applied"
    assert wire.is_signed(again, second)
    assert answered(wire) == 1 + 1  # the acknowledgement in the response, and one answer


def test_twenty_copies_at_once_have_one_effect_and_one_answer(wire: Wire, asked: UUID) -> None:
    document = wire.answer(asked)
    received = at_once(lambda _: wire.call_back("SIM-MUTE", asked, document), 20)
    assert {(one.status, one.body) for one in received} == {(200, received[0].body)}
    assert answered(wire) == 2
    assert len([kind for kind, _ in wire.rows(FACTS) if kind == "hold"]) == 1


def test_twenty_replays_of_a_recorded_message_let_one_through(wire: Wire, asked: UUID) -> None:
    prepared = wire.prepared("SIM-MUTE", asked, wire.answer(asked))
    statuses = [one.status for one in at_once(lambda _: wire.sender.send(prepared.copy()), 20)]
    assert sorted(statuses) == [200] + [401] * 19
    assert answered(wire) == 2


def test_a_message_id_names_one_message(wire: Wire, asked: UUID) -> None:
    assert wire.call_back("SIM-MUTE", asked, wire.answer(asked)).status == 200
    other = wire.answer(asked, "gone", message_id="m-full")
    assert wire.call_back("SIM-MUTE", asked, other).status == 409
    assert wire.request(asked).outcome == "full"
    assert "settle_conflict" not in wire.tasks()


def test_a_contradiction_is_kept_and_a_person_decides(wire: Wire) -> None:
    request_id = wire.report()
    wire.round()
    before = wire.request(request_id)
    assert wire.call_back("SIM-PROMPT", request_id, wire.answer(request_id, "gone", held_minor=0)).status == 200
    after, hold = wire.request(request_id), wire.hold(request_id)
    kept = ("outcome", "executed_minor", "answered_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.conflict
    assert "settle_conflict" in wire.tasks()
    assert (hold.state, hold.held_minor) == ("in_question", 0)
    assert [row.state for row in wire.rows("SELECT state FROM replies")] == ["applied", "applied"]


# -- late


def test_an_answer_at_the_limit_is_timely_and_one_after_it_is_used_and_counted_late(wire: Wire) -> None:
    timely, late = wire.report("SIM-MUTE", 1), wire.report("SIM-MUTE", 2, ref="110-2")
    wire.round()
    wire.clock.advance(minutes(30))
    wire.call_back("SIM-MUTE", timely, wire.answer(timely, message_id="t"))
    wire.clock.advance(timedelta(microseconds=1))
    wire.fire()
    wire.call_back("SIM-MUTE", late, wire.answer(late, message_id="l"))
    found = [(wire.request(one).stage, wire.request(one).late) for one in (timely, late)]
    assert found == [("answered", False), ("answered", True)]
    boxes = wire.rows("SELECT * FROM facts WHERE kind = 'answer'")
    assert {(row.subject_id, row.verdict) for row in boxes} == {(timely, "in_time"), (late, "late")}
    assert wire.hold(late).state == "stopped"


def test_an_answer_after_the_end_of_the_term_revives_nothing(wire: Wire) -> None:
    request_id = wire.report()
    wire.round()
    wire.clock.advance(timedelta(hours=48))
    wire.fire()
    assert wire.hold(request_id).state == "lapsed"
    wire.call_back("SIM-PROMPT", request_id, wire.answer(request_id, "partial", held_minor=1000, asset="CNY"))
    assert (wire.hold(request_id).state, wire.hold(request_id).held_minor) == ("lapsed", 0)
    assert "bank_says_stopped" in wire.tasks()


# -- another's


def test_another_banks_request_does_not_exist(wire: Wire, asked: UUID) -> None:
    before = (wire.entries(), wire.request(asked))
    foreign, absent = (wire.call_back("SIM-NO", one, wire.answer(one, message_id="x")) for one in (asked, uuid4()))
    assert (foreign.status, absent.status, foreign.body) == (404, 404, absent.body)
    assert foreign.headers["Content-Type"] == absent.headers["Content-Type"]
    assert (wire.entries(), wire.request(asked)) == before
    assert wire.rows("SELECT 1 FROM replies WHERE institution_id = :id", id=wire.institution("SIM-NO")) == []


def test_an_answer_that_names_another_request_is_kept_and_has_no_effect(wire: Wire) -> None:
    first, second = wire.report("SIM-MUTE", 1), wire.report("SIM-MUTE", 2, ref="110-2")
    wire.round()
    received = wire.call_back("SIM-MUTE", first, wire.answer(second))
    assert (received.status, status_of(received.body)) == (200, "quarantined")
    assert [wire.request(one).stage for one in (first, second)] == ["received", "received"]
    kept = wire.one("SELECT * FROM replies WHERE message_id = 'm-full'")
    assert (kept.state, kept.reason, kept.request_id) == ("quarantined", "names_another_request", first)
    assert wire.entries().count("ReplyQuarantined") == 1


@pytest.mark.parametrize(
    "body",
    [b"{}", b"not json", b'{"message_id":"a","message_id":"b"}', b'{"message_id":"\\u0000"}', b"[" * 5000],
    ids=["nothing said", "no json", "a key twice", "nul", "deep"],
)
def test_a_believed_message_that_cannot_be_read_is_kept_and_answered_alike_each_time(
    wire: Wire, asked: UUID, body: bytes
) -> None:
    first, second = (wire.call_back("SIM-MUTE", asked, body) for _ in range(2))
    assert (first.status, second.status, first.body) == (422, 422, second.body)
    kept = wire.one("SELECT * FROM replies WHERE via = 'callback'")
    assert (kept.state, kept.reason) == ("quarantined", "unreadable")
    assert wire.request(asked).stage == "received"
    assert wire.one("SELECT count(*) AS n FROM tasks WHERE kind = 'read_quarantined'").n == 1


@pytest.mark.parametrize(
    "hop",
    [
        {"asset": "XYZ", "amount_minor": 100},
        {"asset": "CNY", "amount_minor": 0},
        {"asset": "CNY", "amount_minor": "9" * 38},
        {"asset": "CNY", "amount_minor": 5, "at": "0001-01-01T00:00:00Z"},
        {"asset": "CNY", "amount_minor": 5, "number": "\u202e６２２２", "holder": "李\u0300四\u200b"},
        {"asset": "XYZ", "amount_minor": 7, "institution": "No Such Bank"},
        {"asset": "CNY", "amount_minor": 0, "institution": "No Such Bank"},
    ],
)
def test_whatever_the_next_account_looks_like_the_answer_finds_an_end(
    wire: Wire, asked: UUID, hop: dict[str, object]
) -> None:
    step = {"institution": "SIM-PROMPT", "number": number_of("SIM-PROMPT", 7), **hop}
    received = wire.call_back("SIM-MUTE", asked, wire.answer(asked, "moved_on", held_minor=0, next=[step]))
    assert (received.status, status_of(received.body)) == (200, "applied")
    assert wire.request(asked).outcome == "moved_on"
    assert wire.one("SELECT count(*) AS n FROM holds WHERE tier = 2").n == 1


@pytest.mark.parametrize(
    "more",
    [
        {"held_minor": "9" * 38},
        {"executed_at": "0001-01-01T00:00:00Z"},
        {"executed_at": "9999-12-31T23:59:59Z"},
        {"ends_at": "0001-01-01T00:00:00Z"},
        {"outcome": "never_heard_of"},
    ],
)
def test_a_strange_answer_is_taken_without_an_error(wire: Wire, asked: UUID, more: dict[str, object]) -> None:
    received = wire.call_back("SIM-MUTE", asked, {**wire.answer(asked), **more})
    assert (received.status, status_of(received.body)) == (200, "applied")
    assert wire.hold(asked).held_minor <= AMOUNT


def test_an_amount_in_another_asset_is_not_an_amount_that_is_held(wire: Wire, asked: UUID) -> None:
    wire.call_back("SIM-MUTE", asked, wire.answer(asked, asset="JPY"))
    assert wire.hold(asked).held_minor == 0
    assert "ask_amount" in wire.tasks()


def test_an_acknowledged_reminder_is_an_answer_to_its_request(wire: Wire, asked: UUID) -> None:
    wire.clock.advance(minutes(15))
    wire.fire()
    assert wire.round() == 1
    assert [row.state for row in wire.rows("SELECT state FROM replies")] == ["applied", "applied"]
    assert wire.request(asked).stage == "received"
