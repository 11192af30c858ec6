"""Which messages of a bank are believed, and which are not."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm, MappingKeyResolver, algorithms

from antifraud.channel.signatures import (
    REQUEST_COMPONENTS,
    PrivateKey,
    RequestFacts,
    SignatureRefused,
    Signer,
    Verified,
    Verifier,
    VerifyKey,
    public_key_text,
    tag_for,
)

# Far from the machine's clock on purpose: a verifier that reads it believes nothing here.
NOW = datetime(2031, 5, 6, 7, 8, 9, 250_000, tzinfo=UTC)
URL = "https://centre.example/api/bank/v1/requests/r-1/replies"
BODY = b'{"outcome":"full"}'
TAG = tag_for("development")
KEY = Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "bank-1": VerifyKey("bank-1", "ed25519", KEY.public_key()),
    "bank-p": VerifyKey("bank-p", "ecdsa-p256-sha256", P256.public_key()),
}


@dataclass
class Sent:
    """A signed request as it arrives."""

    method: str = "POST"
    url: str = URL
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = BODY


def prepared(body: bytes = BODY) -> requests.PreparedRequest:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "m-1"}
    return requests.Request("POST", URL, data=body, headers=headers).prepare()


def signed(key_id: str = "bank-1", key: PrivateKey = KEY, environment: str = "development", at: datetime = NOW) -> Sent:
    request = prepared()
    Signer(key_id, key, environment).sign_request(request, now=at)
    return Sent(headers=dict(request.headers))


def signed_otherwise(
    components: tuple[str, ...] = REQUEST_COMPONENTS,
    *,
    expires: timedelta | None = timedelta(seconds=300),
    nonce: str | None = "n-1",
    tag: str | None = TAG,
    include_alg: bool = False,
    algorithm: type[HTTPSignatureAlgorithm] = algorithms.ED25519,
    key_id: str = "bank-1",
    key: PrivateKey = KEY,
    body: bytes | None = BODY,
) -> Sent:
    request = prepared()
    HTTPMessageSigner(
        signature_algorithm=algorithm, key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: key})
    ).sign(
        request,
        key_id=key_id,
        created=NOW,
        expires=None if expires is None else NOW + expires,
        nonce=nonce,
        tag=tag,
        include_alg=include_alg,
        covered_component_ids=components,
        body=body,
    )
    return Sent(headers=dict(request.headers))


def verify(sent: Sent, *, at: datetime = NOW, keys: Mapping[str, VerifyKey] | None = None, tag: str = TAG) -> Verified:
    known = KEYS if keys is None else keys
    return Verifier().verify_request(
        sent.method, sent.url, sent.headers, sent.body, keys=known.get, now=at, expected_tag=tag
    )


def refused(attempt: Callable[[], object]) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as caught:
        attempt()
    return caught.value


@pytest.mark.parametrize(("key_id", "key"), [("bank-1", KEY), ("bank-p", P256)])
def test_a_signed_request_is_believed_and_names_its_key_and_instant(key_id: str, key: PrivateKey) -> None:
    verified = verify(signed(key_id, key))
    assert verified.key_id == key_id
    assert verified.created == NOW.replace(microsecond=0)
    assert '"@method": POST' in verified.signature_base
    assert f'"@target-uri": {URL}' in verified.signature_base


def test_every_attempt_has_a_nonce_of_its_own_and_the_same_body() -> None:
    request = prepared()
    signer = Signer("bank-1", KEY, "development")
    nonces = set()
    for minute in range(3):
        at = NOW + timedelta(minutes=minute)
        signer.sign_request(request, now=at)
        nonces.add(verify(Sent(headers=dict(request.headers)), at=at).nonce)
    assert len(nonces) == 3
    assert request.body == BODY


@pytest.mark.parametrize("seconds", [-300, -290, -240, 0, 50, 60])
def test_a_senders_clock_may_be_so_far_off(seconds: int) -> None:
    at = NOW.replace(microsecond=0)
    assert verify(signed(at=at + timedelta(seconds=seconds)), at=at).key_id == "bank-1"


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(-301, "too_old"), (-310, "too_old"), (61, "created_in_future"), (70, "created_in_future")],
)
def test_a_senders_clock_may_not_be_further_off_and_it_is_told_that(seconds: int, reason: str) -> None:
    at = NOW.replace(microsecond=0)
    caught = refused(lambda: verify(signed(at=at + timedelta(seconds=seconds)), at=at))
    assert (caught.reason, caught.told) == (reason, "clock_skew")


def test_a_short_expiry_is_respected() -> None:
    sent = signed_otherwise(expires=timedelta(seconds=10))
    assert verify(sent, at=NOW + timedelta(seconds=69)).key_id == "bank-1"
    assert refused(lambda: verify(sent, at=NOW + timedelta(seconds=71))).reason == "expired"


def test_an_expiry_is_needed_and_may_not_be_longer_than_five_minutes() -> None:
    assert refused(lambda: verify(signed_otherwise(expires=None))).reason == "no_expiry"
    assert refused(lambda: verify(signed_otherwise(expires=timedelta(seconds=301)))).reason == "expiry_too_far"


@pytest.mark.parametrize("nonce", [None, "", "n" * 129])
def test_a_nonce_is_needed_and_is_short(nonce: str | None) -> None:
    assert refused(lambda: verify(signed_otherwise(nonce=nonce))).reason == "no_nonce"


def test_a_changed_body_is_refused() -> None:
    assert refused(lambda: verify(replace(signed(), body=b'{"outcome":"gone"}'))).reason == "body_differs"
    assert refused(lambda: verify(replace(signed(), body=b""))).reason == "body_differs"


def test_a_changed_body_with_a_fitting_digest_is_refused() -> None:
    sent, other = signed(), Sent(body=b'{"outcome":"gone"}')
    request = prepared(other.body)
    Signer("bank-1", KEY, "development").sign_request(request, now=NOW)
    other.headers = sent.headers | {"Content-Digest": request.headers["Content-Digest"]}
    assert refused(lambda: verify(other)).reason == "bad_signature"


@pytest.mark.parametrize(
    ("field_name", "value"), [("Content-Type", "text/plain"), ("Idempotency-Key", "m-2"), ("Idempotency-Key", None)]
)
def test_a_changed_or_missing_covered_header_is_refused(field_name: str, value: str | None) -> None:
    sent = signed()
    if value is None:
        del sent.headers[field_name]
    else:
        sent.headers[field_name] = value
    assert refused(lambda: verify(sent)).reason == "bad_signature"


def test_another_method_or_address_is_refused() -> None:
    assert refused(lambda: verify(replace(signed(), method="PUT"))).reason == "bad_signature"
    assert refused(lambda: verify(replace(signed(), url=URL.replace("r-1", "r-2")))).reason == "bad_signature"


@pytest.mark.parametrize("left_out", REQUEST_COMPONENTS)
def test_a_signature_that_leaves_a_component_open_is_refused(left_out: str) -> None:
    components = tuple(one for one in REQUEST_COMPONENTS if one != left_out)
    body = None if left_out == "content-digest" else BODY
    assert refused(lambda: verify(signed_otherwise(components, body=body))).reason in {"under_covered", "body_differs"}


def test_a_signature_for_another_environment_or_without_a_tag_is_refused() -> None:
    assert refused(lambda: verify(signed(environment="production"))).reason == "no_signature_of_this_channel"
    assert refused(lambda: verify(signed_otherwise(tag=None))).reason == "no_signature_of_this_channel"


def test_a_second_signature_with_our_tag_is_refused_and_a_foreign_one_beside_ours_is_not() -> None:
    ours, second, foreign = signed(), signed(), signed(environment="production")
    for other, allowed in ((second, False), (foreign, True)):
        sent = Sent(headers=dict(ours.headers))
        for name in ("Signature", "Signature-Input"):
            sent.headers[name] += ", " + other.headers[name].replace("sig1=", "sig2=", 1)
        if allowed:
            assert verify(sent).key_id == "bank-1"
        else:
            assert refused(partial(verify, sent)).reason == "several_signatures"


def test_an_unknown_key_and_a_forged_signature_look_alike_to_the_sender() -> None:
    unknown = refused(lambda: verify(signed("bank-9")))
    forged = refused(lambda: verify(signed(key=Ed25519PrivateKey.generate())))
    assert (unknown.reason, forged.reason) == ("unknown_key", "bad_signature")
    assert unknown.told == forged.told == "signature"


def test_the_algorithm_is_the_registered_one_whatever_the_message_says() -> None:
    told_rightly = signed_otherwise(include_alg=True)
    assert verify(told_rightly).key_id == "bank-1"
    as_p256 = signed_otherwise(include_alg=True, algorithm=algorithms.ECDSA_P256_SHA256, key=P256)
    assert refused(lambda: verify(as_p256)).reason == "wrong_algorithm"
    # A shared-secret signature made with the public key, which everybody has.
    secret = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    request = prepared()
    HTTPMessageSigner(
        signature_algorithm=algorithms.HMAC_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={"bank-1": secret}),
    ).sign(
        request,
        key_id="bank-1",
        created=NOW,
        expires=NOW + timedelta(seconds=300),
        nonce="n",
        tag=TAG,
        include_alg=False,
        covered_component_ids=REQUEST_COMPONENTS,
        body=BODY,
    )
    assert refused(lambda: verify(Sent(headers=dict(request.headers)))).reason == "bad_signature"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Signature": "sig1=:AA==:"},
        {"Signature": "sig1=:AA==:", "Signature-Input": "sig1=("},
        {"Signature": "sig1=:AA==:", "Signature-Input": f'sig1=();created=1.5;tag="{TAG}"'},
        {"Signature": "sig1=:AA==:", "Signature-Input": f'sig1=();created=99999999999999;expires=1;tag="{TAG}"'},
        {"Signature": "sig1=1", "Signature-Input": f'sig1=("@method");created=1;tag="{TAG}"'},
        {"Signature": "\udcff", "Signature-Input": "\udcff"},
        {"Signature": "é", "Signature-Input": "é"},
    ],
)
def test_what_is_no_signature_at_all_is_refused_and_never_a_fault(headers: dict[str, str]) -> None:
    caught = refused(lambda: verify(Sent(headers=headers)))
    assert caught.told == "signature"
    assert caught.reason in {"unsigned", "malformed", "bad_signature"}


FACTS = RequestFacts(
    method="POST", url="https://bank.example/stop", content_digest="sha-256=:AA==:", idempotency_key="r"
)


def verify_answer(headers: Mapping[str, str], *, status: int = 200, request: RequestFacts = FACTS) -> Verified:
    return Verifier().verify_response(status, headers, BODY, request=request, keys=KEYS.get, now=NOW, expected_tag=TAG)


def test_an_answer_is_bound_to_its_request_and_status() -> None:
    headers = Signer("bank-1", KEY, "development").response_headers(200, BODY, FACTS, now=NOW)
    assert verify_answer(headers).key_id == "bank-1"
    assert refused(lambda: verify_answer(headers, status=202)).reason == "bad_signature"
    for other in (
        replace(FACTS, method="PUT"),
        replace(FACTS, url="https://bank.example/release"),
        replace(FACTS, content_digest="sha-256=:AB==:"),
        replace(FACTS, idempotency_key="s"),
    ):
        assert refused(partial(verify_answer, headers, request=other)).reason == "bad_signature"


def test_a_signed_request_cannot_be_turned_into_an_answer() -> None:
    sent = signed()
    facts = RequestFacts("POST", URL, sent.headers["Content-Digest"], "m-1")
    assert refused(lambda: verify_answer(sent.headers, request=facts)).reason == "bad_signature"


def test_the_facts_of_a_signed_request_are_those_that_its_answer_needs() -> None:
    request = prepared()
    Signer("bank-1", KEY, "development").sign_request(request, now=NOW)
    facts = RequestFacts.of(request)
    headers = Signer("bank-1", KEY, "development").response_headers(200, BODY, facts, now=NOW)
    assert verify_answer(headers, request=facts).key_id == "bank-1"


def test_registered_keys_are_read_as_pem_and_as_der_and_only_with_their_algorithm() -> None:
    pem = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert VerifyKey.from_text("k", "ecdsa-p256-sha256", pem).public_key == P256.public_key()
    assert VerifyKey.from_text("k", "ed25519", public_key_text(KEY.public_key())).public_key == KEY.public_key()
    for algorithm, text in (
        ("ed25519", pem),
        ("ecdsa-p256-sha256", public_key_text(KEY.public_key())),
        ("hmac-sha256", public_key_text(KEY.public_key())),
        ("ed25519", "no key"),
        ("ed25519", base64.b64encode(b"no key").decode()),
        (
            "ecdsa-p256-sha256",
            public_key_text(ec.generate_private_key(ec.SECP384R1()).public_key()),
        ),
    ):
        with pytest.raises(ValueError, match="key"):
            VerifyKey.from_text("k", algorithm, text)
