"""Sending: retries with the same bytes, one bank's trouble that is nobody else's, and the next account at once."""

import threading
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from antifraud.banks.queries import PushChannel, push_channels
from antifraud.channel.dispatch import FIRST_PAUSE_SECONDS, LEASE, LONGEST_PAUSE_SECONDS, pause
from antifraud.channel.wire import BankRequest
from antifraud.outbox import service as outbox
from antifraud.simulator.accounts import Move
from antifraud.simulator.setup import Bank
from antifraud.simulator.world import Reply
from tests.factories.wire import AMOUNT, Wire, minutes, number_of, wait_until


class Heard:
    """Records every request that the banks receive, headers and body as they came."""

    def __init__(self, wire: Wire) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self._take = wire.banks.world.receive
        setattr(wire.banks.world, "receive", self._receive)  # noqa: B010 - listens at the bank's door, changes nothing

    def _receive(self, bank: Bank, asked: BankRequest, raw: bytes) -> Reply:
        self.calls.append((dict(flask.request.headers), raw))
        return self._take(bank, asked, raw)


def is_retried(wire: Wire, request_id: UUID) -> bool:
    return bool(wire.one("SELECT state = 0 AS waits FROM outbox WHERE id = :id", id=request_id).waits)


# -- pauses


@given(
    st.integers(1, 10_000),
    st.none() | st.text(max_size=12) | st.integers(0, 10**30).map(str) | st.sampled_from(["²", "9" * 5000, "-1", "0"]),
    st.floats(0, 1, exclude_max=True),
)
def test_a_pause_is_never_shorter_than_half_a_second_nor_longer_than_five_minutes(
    attempt: int, said: str | None, chance: float
) -> None:
    found = pause(attempt, said, lambda: chance).total_seconds()
    assert FIRST_PAUSE_SECONDS / 2 <= found <= 300
    if said is None:
        assert found <= LONGEST_PAUSE_SECONDS
        assert found <= pause(attempt + 1, None, lambda: chance).total_seconds()


@pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("300", 300), ("86400", 300), ("0", 1)])
def test_what_a_bank_asks_for_is_kept_within_bounds(said: str, seconds: float) -> None:
    assert pause(1, said) == timedelta(seconds=seconds)


# -- what is not a delivery


@pytest.mark.parametrize(
    ("fault", "result", "reason", "effects"),
    [
        ("http_500", "refused", "status", 0),
        ("http_503_retry_after", "refused", "status", 0),
        ("redirect", "refused", "status", 0),
        ("empty_204", "refused", "unsigned", 1),
        ("html", "refused", "unsigned", 1),
        ("unsigned", "refused", "unsigned", 1),
        ("bad_signature", "refused", "bad_signature", 1),
        ("tampered", "refused", "body_differs", 1),
        ("drop_response", "ambiguous", "connection_lost", 1),
        ("slow_loris", "ambiguous", "total_time", 1),
        ("hang", "ambiguous", "read_timeout", 0),
    ],
)
def test_only_a_believed_answer_is_a_delivery_and_the_same_bytes_go_again(
    wire: Wire, fault: str, result: str, reason: str, effects: int
) -> None:
    heard = Heard(wire)
    wire.banks.faults.order("SIM-PROMPT", fault, 1)
    request_id = wire.report()
    assert wire.round() == 1
    assert wire.attempts(request_id) == [(result, reason)]
    assert (wire.request(request_id).stage, wire.hold(request_id).state) == ("queued", "asked")
    assert wire.rows("SELECT 1 FROM replies") == []
    assert len(wire.effects()) == effects
    assert wire.round() == 0, "the pause is kept"
    waits = wire.one("SELECT next_attempt_at FROM outbox WHERE id = :id", id=request_id).next_attempt_at
    assert waits - wire.clock.now() == timedelta(seconds=2) if fault == "http_503_retry_after" else True
    wire.clock.advance(timedelta(seconds=3))
    assert wire.round() == 1
    assert wire.attempts(request_id)[1:] == [("delivered", None)]
    assert wire.request(request_id).stage == "answered"
    assert wire.effects() == ["stop"]
    if effects:
        (first, body), (second, again) = heard.calls
        assert body == again
        assert first["Idempotency-Key"] == second["Idempotency-Key"] == str(request_id)
        assert first["Content-Digest"] == second["Content-Digest"]
        assert first["Signature-Input"] != second["Signature-Input"]


def test_retries_go_on_and_a_person_is_told_at_the_receipt_limit(wire: Wire) -> None:
    wire.banks.faults.order("SIM-PROMPT", "http_500", 10_000)
    request_id = wire.report()
    for _ in range(8):
        assert wire.round() == 1
        wire.clock.advance(timedelta(seconds=30))
        wire.fire()
    assert wire.attempts(request_id) == [("refused", "status")] * 8
    assert "deliver_by_hand" in wire.tasks()
    assert is_retried(wire, request_id)


def test_a_request_that_was_answered_by_callback_is_not_sent_for_ever(wire: Wire) -> None:
    wire.banks.faults.order("SIM-PROMPT", "http_500", 10_000)
    request_id = wire.report()
    wire.round()
    wire.call_back("SIM-PROMPT", request_id, wire.answer(request_id))
    for _ in range(3):
        wire.clock.advance(timedelta(seconds=60))
        wire.round()
    assert len(wire.attempts(request_id)) <= 2
    assert not is_retried(wire, request_id)
    assert wire.request(request_id).channel == "push"
    assert {row.kind for row in wire.rows("SELECT kind FROM facts")} >= {"answer", "delivery", "dispatch", "hold"}


# -- one bank's trouble


def test_a_bank_that_hangs_delays_nobody_else(wire: Wire) -> None:
    wire.banks.faults.order("SIM-MUTE", "hang", 100)
    for serial in range(10):
        wire.report("SIM-MUTE", serial, ref=f"mute-{serial}")
    healthy = [wire.report("SIM-PROMPT", serial, ref=f"prompt-{serial}") for serial in range(4)]
    began = time.monotonic()
    wire.dispatcher.run_once(wire.centre, wire.mail)
    wait_until(lambda: all(wire.request(one).stage == "answered" for one in healthy), 5)
    took = time.monotonic() - began
    assert wire.attempts(healthy[0]) == [("delivered", None)]
    assert wire.rows("SELECT 1 FROM attempts WHERE result = 'ambiguous'") == [] or took < 2
    later = wire.report("SIM-PART", ref="part")
    wire.dispatcher.run_once(wire.centre, wire.mail)
    wait_until(lambda: wire.request(later).stage == "answered", 5)
    wait_until(lambda: wire.dispatcher.under_way == 0)


def test_a_failing_bank_is_probed_one_by_one_and_all_its_messages_leave_when_it_answers(wire: Wire) -> None:
    wire.banks.faults.order("SIM-PROMPT", "http_500", 8)
    for serial in range(8):
        wire.report(serial=serial, ref=f"r-{serial}")
    assert wire.round() == 8
    wire.clock.advance(minutes(1))
    assert [wire.round(), wire.round()] == [1, 7]
    assert {row.stage for row in wire.rows("SELECT stage FROM requests")} == {"answered"}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("UPDATE outbox SET body_cipher = '\\x0001020304050607080910111213141516' WHERE id = :id", "unreadable"),
        ("UPDATE outbox SET body_cipher = ''::bytea WHERE id = :id", "unreadable"),
        (
            (
                "UPDATE data_keys SET wrapped = NULL, destroyed_at = created_at"
                " WHERE id = (SELECT key_id FROM outbox WHERE id = :id)"
            ),
            "key_destroyed",
        ),
        (
            "UPDATE data_keys SET master_version = 99 WHERE id = (SELECT key_id FROM outbox WHERE id = :id)",
            "unreadable",
        ),
    ],
)
def test_a_message_that_we_cannot_read_is_seen_and_blocks_nobody(wire: Wire, spoil: str, reason: str) -> None:
    poison = wire.report()
    wire.rows(spoil, id=poison)
    others = [wire.report(serial=serial, ref=f"r-{serial}") for serial in range(2, 6)]
    assert wire.round() == 5
    assert wire.attempts(poison) == [("not_sent", reason)]
    assert {wire.request(one).stage for one in others} == {"answered"}
    more = [wire.report(serial=serial, ref=f"s-{serial}") for serial in range(6, 9)]
    assert wire.round() == 3, "the bank is not taken for a failing one"
    assert {wire.request(one).stage for one in more} == {"answered"}
    assert is_retried(wire, poison)


# -- claims


def test_what_a_dead_sender_had_claimed_goes_again_under_the_same_key(wire: Wire) -> None:
    request_id = wire.report()
    free = {wire.institution("SIM-PROMPT"): 1}
    (claimed,) = outbox.claim(wire.installation.database, wire.centre.id, wire.clock.now(), free, LEASE)
    dead = wire.dispatcher._call(wire.centre, wire.dispatcher._lane(_channel(wire)), claimed)
    assert dead.attempt.result == "delivered"
    assert wire.round() == 0
    wire.clock.advance(LEASE + timedelta(seconds=1))
    assert wire.round() == 1
    assert wire.attempts(request_id) == [("abandoned", "lease_end"), ("delivered", None)]
    assert wire.effects() == ["stop"]
    assert wire.request(request_id).stage == "answered"


def _channel(wire: Wire) -> PushChannel:
    with wire.installation.database.begin(wire.centre.id) as connection:
        return next(one for one in push_channels(connection) if one.institution_code == "SIM-PROMPT")


def test_two_senders_share_the_rows_and_each_message_leaves_once(wire: Wire) -> None:
    for serial in range(12):
        wire.report(serial=serial, ref=f"r-{serial}")
    other = wire.new_dispatcher()
    threads = [threading.Thread(target=wire.round, args=(one,)) for one in (wire.dispatcher, other) for _ in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while wire.round() or wire.round(other):
        pass
    other.stop()
    assert wire.one("SELECT count(*) AS n, count(DISTINCT outbox_id) AS m FROM attempts")[:] == (12, 12)
    assert wire.effects() == ["stop"] * 12


def test_a_private_address_is_refused_unless_the_channel_lists_its_network(wire: Wire) -> None:
    wire.rows("UPDATE channels SET allowed_networks = '{10.0.0.0/8}'")
    request_id = wire.report()
    wire.round()
    assert wire.attempts(request_id) == [("not_sent", "address_refused")]
    assert wire.effects() == []
    wire.rows("UPDATE channels SET allowed_networks = '{127.0.0.1/32}'")
    wire.clock.advance(minutes(1))
    wire.round()
    assert wire.attempts(request_id)[1:] == [("delivered", None)]


# -- the next account


def test_the_next_account_is_asked_in_the_same_transaction_and_at_the_next_round(wire: Wire) -> None:
    move = Move(institution="SIM-PART", number=number_of("SIM-PART", 5), amount_minor=AMOUNT)
    wire.script("SIM-HOP", balance_minor=0, moves=(move,))
    first = wire.report("SIM-HOP")
    wire.round()
    assert wire.request(first).outcome == "moved_on"
    second = wire.one("SELECT * FROM requests WHERE id <> :id", id=first)
    assert (second.stage, wire.hold(second.id).tier, wire.hold(second.id).traced_minor) == ("queued", 2, AMOUNT)
    assert second.created_at == wire.request(first).answered_at
    assert wire.round() == 1
    assert wire.request(second.id).outcome == "partial"
    assert wire.effects() == ["stop"]


def hop(institution: str, serial: int, **more: object) -> dict[str, Any]:
    number = number_of(institution, serial) if institution.startswith("SIM") else "6222021234567890128"
    return {"institution": institution, "number": number, "scheme": "card", "amount_minor": 1000, "asset": "CNY"} | more


def moved_on(wire: Wire, bank: str, request_id: UUID, name: str, *hops: dict[str, Any]) -> None:
    answer = wire.answer(request_id, "moved_on", message_id=name, held_minor=0, next=list(hops))
    assert wire.call_back(bank, request_id, answer).status == 200


def test_an_unknown_institution_becomes_a_lead_for_a_person_and_no_order(wire: Wire) -> None:
    request_id = wire.report("SIM-MUTE")
    wire.round()
    moved_on(wire, "SIM-MUTE", request_id, "m", hop("远方没有的银行", 1))
    assert wire.one("SELECT kind FROM leads").kind == "unknown_institution"
    assert "resolve_lead" in wire.tasks()
    assert wire.one("SELECT count(*) AS n FROM requests").n == 1


def test_the_same_hop_told_twice_is_one_claim(wire: Wire) -> None:
    request_id = wire.report("SIM-MUTE")
    wire.round()
    for name in ("one", "two"):
        moved_on(wire, "SIM-MUTE", request_id, name, hop("SIM-PART", 5, at=wire.clock.now()))
    assert wire.one("SELECT count(*) AS n FROM holds WHERE tier = 2").n == 1
    assert wire.one("SELECT count(*) AS n FROM transfers WHERE standing = 'confirmed'").n == 1


def test_a_next_account_without_a_channel_is_handed_to_a_person_at_once(wire: Wire) -> None:
    request_id = wire.report("SIM-MUTE")
    wire.round()
    moved_on(wire, "SIM-MUTE", request_id, "m", hop("ICBC", 1))
    assert "deliver_by_hand" in wire.tasks()
    assert wire.round() == 0


def test_a_chase_in_a_circle_ends_at_the_depth_of_the_definition(wire: Wire) -> None:
    current = wire.report("SIM-MUTE", 1)
    for step in range(2, 14):
        wire.round()
        moved_on(wire, "SIM-MUTE", current, f"m{step}", hop("SIM-MUTE", 1 + step % 2, amount_minor=1000 + step))
        following = wire.rows("SELECT id FROM requests WHERE stage = 'queued'")
        if not following:
            break
        (current,) = (row.id for row in following)
    assert wire.one("SELECT max(tier) AS deepest FROM holds").deepest == 11
    assert "extend_chase" in wire.tasks()
    mute = wire.institution("SIM-MUTE")
    assert wire.one("SELECT count(*) AS n FROM accounts WHERE institution_id = :id", id=mute).n == 2


def test_row_security_hides_a_message_from_another_centre(wire: Wire) -> None:
    request_id = wire.report()
    other = next(one for one in wire.installation.centres() if one.id != wire.centre.id)
    with wire.installation.database.begin(other.id) as connection:
        assert connection.execute(text("SELECT 1 FROM outbox WHERE id = :id"), {"id": request_id}).all() == []
    free = {wire.institution("SIM-PROMPT"): 5}
    assert outbox.claim(wire.installation.database, other.id, wire.clock.now(), free, LEASE) == []
    (own,) = outbox.claim(wire.installation.database, wire.centre.id, wire.clock.now(), free, LEASE)
    assert own.request_id == request_id
