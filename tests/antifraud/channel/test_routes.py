"""Who is let in: only what an institution signed for this environment, whole, just now, with a key that is good now."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from requests import PreparedRequest
from typing_extensions import override

from antifraud.channel.routes import MOST_REFUSALS_A_MINUTE
from antifraud.channel.signatures import Signer, public_key_text
from antifraud.foundation.json import loads
from tests.factories.wire import Wire, at_once


@pytest.fixture
def asked(wire: Wire) -> UUID:
    """A request that a bank has acknowledged and not answered."""
    request_id = wire.report("SIM-MUTE")
    wire.round()
    return request_id


def key_of(wire: Wire) -> Ed25519PrivateKey:
    document = loads((wire.installation.settings.home / "simulator" / "config.json").read_bytes(), max_bytes=1_000_000)
    assert isinstance(document, dict)
    bank = next(one for one in document["banks"] if one["code"] == "SIM-MUTE")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(bank["private_key"]))


class OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.key = key

    @override
    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self.key


def under_covered(wire: Wire, prepared: PreparedRequest) -> None:
    for name in ("Signature", "Signature-Input", "Content-Digest"):
        del prepared.headers[name]
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=OneKey(key_of(wire))).sign(
        prepared,
        key_id="sim-mute-1",
        created=wire.clock.now(),
        expires=wire.clock.now() + timedelta(seconds=300),
        nonce="n" * 20,
        label="sig1",
        tag="stop-payment-v1-test",
        include_alg=False,
        covered_component_ids=("@method", "@target-uri"),
    )


def bytes_of(prepared: PreparedRequest) -> bytes:
    assert isinstance(prepared.body, bytes)
    return prepared.body


def unsigned(_: Wire, prepared: PreparedRequest) -> None:
    for name in ("Signature", "Signature-Input", "Content-Digest"):
        del prepared.headers[name]


def tampered(_: Wire, prepared: PreparedRequest) -> None:
    prepared.body = bytes_of(prepared).replace(b"full", b"gone")


def redirected(_: Wire, prepared: PreparedRequest) -> None:
    prepared.url = str(prepared.url).replace("/replies", "/replies?x=1")


def rekeyed(_: Wire, prepared: PreparedRequest) -> None:
    prepared.headers["Idempotency-Key"] = "another"


@pytest.mark.parametrize("spoil", [unsigned, tampered, redirected, rekeyed, under_covered])
def test_a_message_that_is_not_believed_leaves_only_its_digest_and_the_reason(
    wire: Wire, asked: UUID, spoil: Callable[[Wire, PreparedRequest], None]
) -> None:
    prepared = wire.prepared("SIM-MUTE", asked, wire.answer(asked))
    spoil(wire, prepared)
    received = wire.sender.send(prepared)
    assert received.status == 401
    assert str(asked).encode() not in received.body
    (kept,) = wire.rows("SELECT reason, body_digest FROM signature_refusals")
    assert bytes(kept.body_digest) == hashlib.sha256(bytes_of(prepared)).digest()
    assert wire.request(asked).stage == "received"
    assert wire.rows("SELECT 1 FROM replies WHERE via = 'callback'") == []
    assert wire.call_back("SIM-MUTE", asked, wire.answer(asked)).status == 200


def test_a_key_or_an_environment_that_is_not_ours_is_refused_in_the_same_words(wire: Wire, asked: UUID) -> None:
    own = key_of(wire)
    signers = [
        Signer("sim-mute-1", own, "production"),
        Signer("sim-mute-1", Ed25519PrivateKey.generate(), "test"),
        Signer("nobody-1", own, "test"),
    ]
    received = [wire.call_back("SIM-MUTE", asked, wire.answer(asked), signer) for signer in signers]
    assert {one.status for one in received} == {401}
    assert len({one.body for one in received}) == 1
    assert len({row.reason for row in wire.rows("SELECT reason FROM signature_refusals")}) > 1


@pytest.mark.parametrize(
    ("banks_clock", "status"), [(-299, 200), (-300, 200), (-301, 401), (60, 200), (61, 401), (-3600, 401)]
)
def test_a_banks_clock_may_be_a_minute_wrong_and_beyond_it_learns_our_time(
    wire: Wire, asked: UUID, banks_clock: int, status: int
) -> None:
    now = wire.clock.now()
    wire.clock.set(now + timedelta(seconds=banks_clock))
    prepared = wire.prepared("SIM-MUTE", asked, wire.answer(asked, executed_at=now))
    wire.clock.set(now)
    received = wire.sender.send(prepared)
    assert received.status == status
    if status == 401:
        assert b"clock_skew" in received.body
        assert now.isoformat().encode() in received.body


def test_a_flood_of_forged_messages_does_not_fill_the_database(wire: Wire, asked: UUID) -> None:
    stranger = Signer("sim-mute-1", Ed25519PrivateKey.generate(), "test")
    for _ in range(MOST_REFUSALS_A_MINUTE + 5):
        assert wire.call_back("SIM-MUTE", asked, wire.answer(asked), stranger).status == 401
    assert len(wire.rows("SELECT 1 FROM signature_refusals")) == MOST_REFUSALS_A_MINUTE
    wire.clock.advance(timedelta(seconds=61))
    wire.call_back("SIM-MUTE", asked, wire.answer(asked), stranger)
    assert len(wire.rows("SELECT 1 FROM signature_refusals")) == MOST_REFUSALS_A_MINUTE + 1


def register(wire: Wire, key_id: str, key: Ed25519PrivateKey) -> Signer:
    wire.rows(
        "INSERT INTO institution_keys (key_id, centre_id, institution_id, algorithm, public_key, not_before)"
        " VALUES (:key_id, :centre, :bank, 'ed25519', :public_key, :now)",
        key_id=key_id,
        centre=wire.centre.id,
        bank=wire.institution("SIM-MUTE"),
        public_key=public_key_text(key.public_key()),
        now=wire.clock.now(),
    )
    return Signer(key_id, key, "test")


def test_two_live_keys_are_both_good_and_a_revoked_one_is_refused_at_once(wire: Wire, asked: UUID) -> None:
    second = register(wire, "sim-mute-2", Ed25519PrivateKey.generate())
    statuses = [
        wire.call_back("SIM-MUTE", asked, wire.answer(asked, message_id=f"m{place}"), signer).status
        for place, signer in enumerate([None, second, None])
    ]
    assert statuses == [200, 200, 200]
    wire.rows("UPDATE institution_keys SET revoked_at = :now WHERE key_id = 'sim-mute-1'", now=wire.clock.now())
    assert wire.call_back("SIM-MUTE", asked, wire.answer(asked, message_id="m3")).status == 401
    assert wire.call_back("SIM-MUTE", asked, wire.answer(asked, message_id="m4"), second).status == 200
    assert len(wire.rows("SELECT 1 FROM replies WHERE via = 'callback'")) == 4


def test_a_key_of_one_bank_signs_for_no_other(wire: Wire, asked: UUID) -> None:
    received = wire.call_back("SIM-NO", asked, wire.answer(asked))
    assert received.status == 404
    absent = uuid4()
    assert received.body == wire.call_back("SIM-MUTE", absent, wire.answer(absent)).body


@pytest.mark.parametrize("size", [1_048_577, 1_999_999, 2_000_001])
def test_a_giant_message_is_refused_before_it_is_read(wire: Wire, asked: UUID, size: int) -> None:
    assert wire.call_back("SIM-MUTE", asked, b"[" * size).status == 413
    assert wire.rows("SELECT 1 FROM signature_refusals") == []


def test_many_banks_answers_for_one_case_while_its_deadlines_fire(wire: Wire) -> None:
    """Several answers and every due wait of one case at the same instant: each finds its place, none is an error."""
    first = wire.report("SIM-MUTE")
    wire.round()
    account = {"institution": "SIM-MUTE", "scheme": "card", "amount_minor": 10, "asset": "CNY"}
    hops = [{**account, "number": f"9991050000000{serial}0"} for serial in range(10, 16)]
    answer = wire.answer(first, "moved_on", held_minor=0, next=hops)
    assert wire.call_back("SIM-MUTE", first, answer).status == 200
    wire.round()
    requests = [row.id for row in wire.rows("SELECT id FROM requests WHERE id <> :id", id=first)]
    wire.clock.advance(timedelta(minutes=24))

    def one(place: int) -> int:
        if place >= len(requests):
            return wire.fire()
        more = {"next": hops[place : place + 2]} if place % 2 else {"next": hops[place + 1 : place : -1]}
        document = wire.answer(requests[place], "partial", message_id=f"p{place}", held_minor=5, asset="CNY", **more)
        return wire.call_back("SIM-MUTE", requests[place], document).status

    results = at_once(one, len(requests) + 2)
    assert results[: len(requests)] == [200] * len(requests)
    wire.fire()
    assert {wire.request(one).outcome for one in requests} == {"partial"}
    assert wire.rows("SELECT 1 FROM replies WHERE state = 'stored'") == []
    assert wire.rows("SELECT 1 FROM deadlines WHERE state = 'running' AND due_at <= :now", now=wire.clock.now()) == []
