"""What the simulated banks answer, over real HTTP between real sockets."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from antifraud.channel.signatures import SignatureRefused, Signer
from antifraud.channel.wire import AskedMeasure, BankRequest
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.http import Ambiguous
from antifraud.simulator.setup import INVENTED, STOP_TERM, load_config, prepare
from tests.antifraud.simulator.sides import START, Banks, Centre, number_of, wait_until


def script(bank: str, number: str, **more: object) -> dict[str, Any]:
    return {"institution": bank, "number": number, "balance_minor": 500_000, "asset": "CNY"} | more


def test_the_prompt_bank_stops_everything_in_the_response(centre: Centre, banks: Banks) -> None:
    answer = centre.ask(centre.request("SIM-PROMPT"))
    assert (answer.outcome, answer.held_minor, answer.executed_at) == ("full", 500_000, START)
    assert answer.ends_at == START + STOP_TERM
    assert answer.balance_minor is not None
    assert answer.balance_minor >= 500_000
    assert [effect["effect"] for effect in banks.effects()] == ["stop"]


def test_the_partial_bank_has_half(centre: Centre, banks: Banks) -> None:
    answer = centre.ask(centre.request("SIM-PART", amount_minor=500_001))
    assert (answer.outcome, answer.held_minor, answer.next) == ("partial", 250_000, ())


def test_the_refusing_bank_says_why_and_does_nothing(centre: Centre, banks: Banks) -> None:
    answer = centre.ask(centre.request("SIM-NO"))
    assert answer.outcome == "refused"
    assert answer.reason
    assert banks.effects() == []


def test_the_silent_bank_takes_the_request_and_says_nothing_more(
    centre: Centre, banks: Banks, clock: FrozenClock
) -> None:
    asked = centre.request("SIM-MUTE")
    received, facts = centre.send(asked)
    assert (received.status, centre.verify(received, facts)) == (202, "sim-mute-1")
    clock.advance(timedelta(days=3))
    banks.admin("state")
    assert (centre.heard, banks.effects()) == ([], [])


def test_money_that_moved_on_is_followed_to_its_end(centre: Centre, banks: Banks) -> None:
    seen = set()
    for serial in range(12):
        answer = centre.ask(centre.request("SIM-HOP", number_of("SIM-HOP", serial)))
        held = answer.held_minor or 0
        seen.add(answer.outcome)
        assert answer.outcome == ("partial" if held else "moved_on")
        assert held + sum(hop.amount_minor or 0 for hop in answer.next) == 500_000
        for hop in answer.next:
            onward = centre.ask(centre.request(hop.institution, hop.number, amount_minor=hop.amount_minor))
            assert onward.outcome in {"full", "partial", "received"}
            assert onward.next == ()
    assert seen == {"partial", "moved_on"}


def test_the_slow_bank_acknowledges_and_answers_by_callback_relative_to_the_limit(
    centre: Centre, banks: Banks, clock: FrozenClock
) -> None:
    asked = [centre.request("SIM-SLOW", number_of("SIM-SLOW", serial)) for serial in range(12)]
    assert {centre.ask(one).outcome for one in asked} == {"received"}
    assert centre.heard == []
    clock.advance(timedelta(seconds=1800))
    wait_until(lambda: len(banks.effects()) == len(centre.heard) > 0)
    in_time = len(centre.heard)
    assert 0 < in_time < 12
    clock.advance(timedelta(seconds=1800 * 0.2))
    wait_until(lambda: len(centre.heard) == 12)
    assert {one.answer.outcome for one in centre.heard} == {"full"}
    assert {one.answer.request_id for one in centre.heard} == {one.id for one in asked}
    executed = {(one.answer.executed_at or START) - START for one in centre.heard}
    assert executed <= {timedelta(seconds=1800 * share / 100) for share in (30, 50, 70, 120)}


def test_the_same_request_again_has_the_same_answer_and_one_effect_also_at_once(centre: Centre, banks: Banks) -> None:
    asked = centre.request("SIM-PROMPT")
    first, _ = centre.send(asked)
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(centre.send(asked)[0].body)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(bodies) == {first.body}
    assert len(bodies) == 20
    assert len(banks.effects()) == 1


def test_an_id_used_for_another_request_is_refused(centre: Centre, banks: Banks) -> None:
    asked = centre.request("SIM-PROMPT")
    centre.ask(asked)
    assert centre.send(replace(asked, urgency="normal"))[0].status == 422
    assert len(banks.effects()) == 1


def test_a_stop_ends_by_itself_at_its_own_instant_and_can_be_made_twice(
    centre: Centre, banks: Banks, clock: FrozenClock
) -> None:
    centre.ask(centre.request("SIM-PROMPT"))
    assert centre.ask(centre.request("SIM-PROMPT")).outcome == "already_stopped"
    clock.advance(STOP_TERM - timedelta(microseconds=1))
    assert centre.ask(centre.request("SIM-PROMPT")).outcome == "already_stopped"
    clock.advance(timedelta(hours=5))
    second = centre.ask(centre.request("SIM-PROMPT", kind="second_stop"))
    assert (second.outcome, second.ends_at) == ("full", clock.now() + STOP_TERM)
    lapse = banks.effects()[1]
    assert (lapse["effect"], lapse["at"]) == ("lapse", "2031-03-06T05:06:07.000000Z")
    clock.advance(STOP_TERM)
    third = centre.ask(centre.request("SIM-PROMPT", kind="second_stop"))
    assert third.outcome == "count_exceeded"
    assert [effect["effect"] for effect in banks.effects()] == ["stop", "lapse", "second_stop", "lapse"]


def test_a_supplement_holds_more_under_the_same_term(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    first = centre.ask(centre.request("SIM-PROMPT"))
    clock.advance(timedelta(hours=1))
    more = centre.ask(centre.request("SIM-PROMPT", supplement=True, amount_minor=70_000))
    assert (more.outcome, more.held_minor, more.ends_at) == ("full", 70_000, first.ends_at)


def test_a_freeze_outlives_the_stop_and_is_extended_returned_and_released(
    centre: Centre, banks: Banks, clock: FrozenClock
) -> None:
    centre.ask(centre.request("SIM-PROMPT"))
    until = START + timedelta(days=182)
    measure = AskedMeasure(scope="amount", amount_minor=400_000, asset="CNY", ends_at=until)
    frozen = centre.ask(centre.request("SIM-PROMPT", kind="freeze", measure=measure))
    assert (frozen.outcome, frozen.held_minor, frozen.ends_at) == ("frozen", 400_000, until)
    clock.advance(timedelta(days=100))
    later = replace(measure, ends_at=until + timedelta(days=182))
    assert centre.ask(centre.request("SIM-PROMPT", kind="extend", measure=later)).ends_at == later.ends_at
    back = replace(measure, amount_minor=150_000)
    returned = centre.ask(centre.request("SIM-PROMPT", kind="return", measure=back))
    assert (returned.outcome, returned.held_minor) == ("returned", 150_000)
    assert centre.ask(centre.request("SIM-PROMPT", kind="release")).outcome == "released"
    assert centre.ask(centre.request("SIM-PROMPT", kind="release")).outcome == "expired_op"
    assert [(effect["effect"], effect["amount_minor"]) for effect in banks.effects()] == [
        ("stop", 500_000),
        ("freeze", 400_000),
        ("extend", 400_000),
        ("return", 150_000),
        ("release", 250_000),
    ]


def test_a_stop_is_extended_once_and_never_after_its_end(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    first = centre.ask(centre.request("SIM-PROMPT"))
    extended = centre.ask(centre.request("SIM-PROMPT", kind="extend"))
    assert first.ends_at is not None
    assert (extended.outcome, extended.ends_at) == ("extended", first.ends_at + STOP_TERM)
    assert centre.ask(centre.request("SIM-PROMPT", kind="extend")).outcome == "count_exceeded"
    clock.advance(STOP_TERM * 2)
    assert centre.ask(centre.request("SIM-PROMPT", kind="extend")).outcome == "expired_op"


def test_a_number_outside_the_banks_range_is_no_account(centre: Centre, banks: Banks) -> None:
    assert centre.ask(centre.request("SIM-PROMPT", number_of("SIM-PART"))).outcome == "no_account"


def test_scripts_decide_balance_moves_name_answer_and_time(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    one, two, three, four = (number_of("SIM-MUTE", serial) for serial in range(1, 5))
    move = {"institution": "SIM-PROMPT", "number": number_of("SIM-PROMPT", 9), "amount_minor": 300_000}
    banks.admin(
        "accounts",
        [
            script("SIM-MUTE", one, balance_minor=200_000, moves=[move]),
            script("SIM-MUTE", two, holder="甲"),
            script("SIM-MUTE", three, answer="lost_card"),
            script("SIM-MUTE", four, held_minor=123, after_seconds=90),
        ],
    )
    answer = centre.ask(centre.request("SIM-MUTE", one))
    assert (answer.outcome, answer.held_minor, [hop.amount_minor for hop in answer.next]) == (
        "partial",
        200_000,
        [300_000],
    )
    assert centre.ask(centre.request("SIM-MUTE", two, holder="乙")).outcome == "name_mismatch"
    assert centre.ask(centre.request("SIM-MUTE", two, holder="甲")).outcome == "full"
    assert centre.ask(centre.request("SIM-MUTE", three)).outcome == "lost_card"
    assert centre.ask(centre.request("SIM-MUTE", four)).outcome == "received"
    clock.advance(timedelta(seconds=90))
    wait_until(lambda: len(centre.heard) == 1)
    assert (centre.heard[0].answer.outcome, centre.heard[0].answer.held_minor) == ("partial", 123)


def test_a_callback_is_repeated_with_a_new_nonce_until_it_is_confirmed(
    centre: Centre, banks: Banks, clock: FrozenClock
) -> None:
    number = number_of("SIM-PROMPT")
    banks.admin("accounts", script("SIM-PROMPT", number, after_seconds=10))
    centre.statuses = [503, 401]
    centre.ask(centre.request("SIM-PROMPT", number))
    clock.advance(timedelta(seconds=10))
    wait_until(lambda: banks.admin("state")["requests"][0]["is_delivered"])
    assert len({one.message_id for one in centre.heard}) == 1
    assert len({one.nonce for one in centre.heard}) == len(centre.heard) == 3
    assert len(banks.effects()) == 1


def test_a_confirmation_that_is_not_signed_counts_for_nothing(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    number = number_of("SIM-PROMPT")
    banks.admin("accounts", script("SIM-PROMPT", number, after_seconds=10))
    centre.signs = False
    centre.ask(centre.request("SIM-PROMPT", number))
    clock.advance(timedelta(seconds=10))
    wait_until(lambda: len(centre.heard) >= 2)
    assert not banks.admin("state")["requests"][0]["is_delivered"]
    centre.signs = True
    wait_until(lambda: bool(banks.admin("state")["requests"][0]["is_delivered"]))


def test_a_reminder_brings_an_answer_again_and_stops_nothing(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    number = number_of("SIM-PROMPT")
    banks.admin("accounts", script("SIM-PROMPT", number, after_seconds=10))
    asked = centre.request("SIM-PROMPT", number)
    centre.ask(asked)
    clock.advance(timedelta(seconds=10))
    wait_until(lambda: bool(banks.admin("state")["requests"][0]["is_delivered"]))
    reminder = centre.request("SIM-PROMPT", number, kind="reminder", about=asked.id)
    assert centre.ask(reminder).outcome == "received"
    wait_until(lambda: len(centre.heard) == 2)
    assert centre.heard[0].message_id == centre.heard[1].message_id
    assert len(banks.effects()) == 1


def test_nothing_is_lost_or_repeated_over_a_restart(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    late, prompt = number_of("SIM-SLOW", 40), centre.request("SIM-PROMPT")
    banks.admin("accounts", script("SIM-SLOW", late, after_seconds=60))
    first, _ = centre.send(prompt)
    slow = centre.request("SIM-SLOW", late)
    centre.ask(slow)
    before = banks.admin("state")
    banks.stop()
    # A kill in the middle of a write, and one between the journal and the ledger.
    folder = banks.home / "simulator"
    with (folder / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event":"requ')
    (folder / "ledger.jsonl").write_text("", encoding="utf-8")
    banks.start()
    assert banks.admin("state") == before
    assert centre.send(prompt)[0].body == first.body
    assert [effect["key"] for effect in banks.effects()] == [str(prompt.id)]
    clock.advance(timedelta(seconds=60))
    wait_until(lambda: len(centre.heard) == 1)
    wait_until(lambda: all(one["is_delivered"] for one in banks.admin("state")["requests"] if one["due_at"]))
    banks.stop()
    banks.start()
    assert [effect["effect"] for effect in banks.effects()] == ["stop", "stop"]
    assert len(centre.heard) == 1


def test_connections_are_kept(centre: Centre, banks: Banks) -> None:
    with requests.Session() as session:
        session.trust_env = False
        ports = set()
        for _ in range(3):
            response = session.get(f"http://127.0.0.1:{banks.port}/healthz", timeout=5, stream=True)
            connection: Any = response.raw.connection
            ports.add(connection.sock.getsockname()[1])
            assert response.json() == {"status": "ok"}
    assert len(ports) == 1


def refusal(centre: Centre, asked: BankRequest) -> None:
    received, facts = centre.send(asked)
    centre.verify(received, facts)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("unsigned", "unsigned"), ("bad_signature", "bad_signature"), ("tampered", "body_differs"), ("html", "unsigned")],
)
def test_an_answer_that_must_not_be_believed_is_not_and_the_next_one_is(
    centre: Centre, banks: Banks, kind: str, reason: str
) -> None:
    banks.fault("SIM-PROMPT", kind)
    asked = centre.request("SIM-PROMPT")
    with pytest.raises(SignatureRefused) as caught:
        refusal(centre, asked)
    assert caught.value.reason == reason
    assert centre.ask(asked).outcome == "full"
    assert len(banks.effects()) == 1


@pytest.mark.parametrize(
    ("kind", "status"), [("http_500", 500), ("http_503_retry_after", 503), ("redirect", 302), ("empty_204", 204)]
)
def test_status_faults_come_as_ordered_and_the_order_is_effective_once(
    centre: Centre, banks: Banks, kind: str, status: int
) -> None:
    banks.fault("SIM-PROMPT", kind, 2)
    asked = centre.request("SIM-PROMPT")
    first, second = centre.send(asked)[0], centre.send(asked)[0]
    assert (first.status, second.status) == (status, status)
    assert first.headers.get("Retry-After") == ("2" if status == 503 else None)
    assert centre.ask(asked).outcome == "full"
    assert len(banks.effects()) == 1


@pytest.mark.parametrize(
    ("kind", "reason", "effects"),
    [("hang", "read_timeout", 0), ("drop_response", "connection_lost", 1), ("slow_loris", "total_time", 1)],
)
def test_a_bank_that_hangs_hangs_up_or_drips_leaves_doubt_and_the_repeat_settles_it(
    centre: Centre, banks: Banks, kind: str, reason: str, effects: int
) -> None:
    banks.fault("SIM-PROMPT", kind)
    asked = centre.request("SIM-PROMPT")
    with pytest.raises(Ambiguous) as caught:
        centre.send(asked)
    assert caught.value.reason == reason
    assert len(banks.effects()) == effects
    assert centre.ask(asked).outcome == "full"
    assert len(banks.effects()) == 1


def test_a_callback_can_come_before_the_response_and_twice(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    banks.fault("SIM-PROMPT", "callback_before_response")
    answer = centre.ask(centre.request("SIM-PROMPT"))
    assert [one.answer for one in centre.heard] == [answer]
    number = number_of("SIM-SLOW")
    banks.admin("accounts", script("SIM-SLOW", number, after_seconds=5))
    banks.fault("SIM-SLOW", "duplicate_callback")
    centre.ask(centre.request("SIM-SLOW", number))
    clock.advance(timedelta(seconds=5))
    wait_until(lambda: len(centre.heard) == 3)
    assert centre.heard[1].answer == centre.heard[2].answer
    assert centre.heard[1].nonce != centre.heard[2].nonce


def test_only_the_centre_is_believed_and_each_message_once(centre: Centre, banks: Banks, clock: FrozenClock) -> None:
    asked = centre.request("SIM-PROMPT")
    prepared = centre.prepared(asked)
    assert centre.sender.send(prepared).status == 200
    assert centre.sender.send(prepared).status == 401
    stranger = Centre(clock, Signer("centre-1", Ed25519PrivateKey.generate(), "test"), banks=centre.banks)
    assert stranger.send(stranger.request("SIM-PROMPT"))[0].status == 401
    other_environment = Centre(clock, Signer("centre-1", Ed25519PrivateKey.generate(), "production"), centre.banks)
    assert other_environment.send(other_environment.request("SIM-PROMPT"))[0].status == 401
    clock.advance(timedelta(seconds=301))
    assert centre.sender.send(prepared).status == 401
    assert len(banks.effects()) == 1
    for other in (stranger, other_environment):
        other.sender.close()


def test_a_request_sent_to_the_wrong_bank_is_refused(centre: Centre, banks: Banks) -> None:
    asked = centre.request("SIM-PROMPT")
    centre.banks["SIM-PROMPT"] = centre.banks["SIM-PART"]
    assert centre.send(asked)[0].status == 422
    assert banks.effects() == []


def test_the_admin_routes_need_the_token_and_say_what_is_wrong(banks: Banks) -> None:
    url = f"http://127.0.0.1:{banks.port}/admin/"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url + "ledger", timeout=5).status_code == 401
        assert session.get(url + "state", headers={"Authorization": "Bearer no"}, timeout=5).status_code == 401
        token = (banks.home / "simulator" / "token").read_text().strip()
        wrong = [{"institution": "SIM-PROMPT", "number": number_of("SIM-PART"), "asset": "CNY", "balance_minor": -1}]
        response = session.post(url + "accounts", json=wrong, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert response.status_code == 422
    assert [one["pointer"] for one in response.json()["errors"]] == ["/0/balance_minor"]


def test_prepare_keeps_the_keys_and_takes_new_addresses(banks: Banks) -> None:
    banks.stop()
    folder = banks.home / "simulator"
    before = load_config(banks.home)
    assert (folder / "config.json").stat().st_mode & 0o077 == 0
    assert (folder / "token").stat().st_mode & 0o077 == 0
    keys = json.loads((folder / "config.json").read_text())["centre_keys"]
    found = prepare(
        banks.home, centre_url="http://a", base_url="http://127.0.0.1:9/", centre_keys=keys, environment="test"
    )
    after = load_config(banks.home)
    assert [bank.code for bank in found] == [bank.code for bank in INVENTED]
    assert found[0].url == "http://127.0.0.1:9/banks/SIM-PROMPT/requests"
    for code, bank in before.banks.items():
        assert after.banks[code].signer.verify_key == bank.signer.verify_key
    with pytest.raises(ValueError, match="public key"):
        prepare(
            banks.home,
            centre_url="http://a",
            base_url="http://b",
            centre_keys=[{"key_id": "k", "public_key": "no"}],
            environment="test",
        )
