"""The bank channel byte for byte, in both directions, against signatures made and checked without our code.

The signature base is written out here as RFC 9421, 2.5 says, with `cryptography` alone for the key operation: what a
bank that never saw this repository would do.
"""

import base64
import hashlib
from datetime import UTC, datetime

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from antifraud.channel.signatures import RequestFacts, Signer, Verifier, VerifyKey, tag_for

URL = "https://bank.example/stop?unit=7"
BODY = b'{"kind":"stop"}'
KEY_ID = "centre-1"
REQUEST_ID = "01936b5e-7c00-7a11-8a11-0a0b0c0d0e0f"
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
CREATED = int(NOW.timestamp())
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
ANSWER = b'{"outcome":"received"}'
ANSWER_DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(ANSWER).digest()).decode()}:"
FACTS = RequestFacts(method="POST", url=URL, content_digest=DIGEST, idempotency_key=REQUEST_ID)


def parameters(components: str, nonce: str, *, order: str = "library") -> str:
    if order == "library":
        rest = f'created={CREATED};keyid="{KEY_ID}";expires={CREATED + 300};nonce="{nonce}"'
    else:
        rest = f'expires={CREATED + 300};nonce="{nonce}";created={CREATED};keyid="{KEY_ID}"'
    return f'({components});{rest};tag="stop-payment-v1-development"'


REQUEST_COMPONENTS = '"@method" "@target-uri" "content-type" "content-digest" "idempotency-key"'
RESPONSE_COMPONENTS = (
    '"@status" "content-type" "content-digest" '
    '"@method";req "@target-uri";req "content-digest";req "idempotency-key";req'
)


def request_base(params: str) -> bytes:
    return "\n".join(
        (
            '"@method": POST',
            f'"@target-uri": {URL}',
            '"content-type": application/json',
            f'"content-digest": {DIGEST}',
            f'"idempotency-key": {REQUEST_ID}',
            f'"@signature-params": {params}',
        )
    ).encode()


def response_base(params: str) -> bytes:
    return "\n".join(
        (
            '"@status": 200',
            '"content-type": application/json',
            f'"content-digest": {ANSWER_DIGEST}',
            '"@method";req: POST',
            f'"@target-uri";req: {URL}',
            f'"content-digest";req: {DIGEST}',
            f'"idempotency-key";req: {REQUEST_ID}',
            f'"@signature-params": {params}',
        )
    ).encode()


def sent_signature(headers: dict[str, str]) -> tuple[str, bytes]:
    label, _, params = headers["Signature-Input"].partition("=")
    assert label == "sig1"
    name, _, value = headers["Signature"].partition("=")
    assert name == "sig1"
    assert value.startswith(":")
    assert value.endswith(":")
    return params, base64.b64decode(value.strip(":"), validate=True)


def nonce_of(params: str) -> str:
    return params.split('nonce="', 1)[1].split('"', 1)[0]


def test_a_request_of_ours_is_signed_over_exactly_these_bytes() -> None:
    prepared = requests.Request(
        "POST", URL, data=BODY, headers={"Content-Type": "application/json", "Idempotency-Key": REQUEST_ID}
    ).prepare()
    Signer(KEY_ID, KEY, "development").sign_request(prepared, now=NOW)
    params, signature = sent_signature(dict(prepared.headers))
    assert params == parameters(REQUEST_COMPONENTS, nonce_of(params))
    assert prepared.headers["Content-Digest"] == DIGEST
    KEY.public_key().verify(signature, request_base(params))


def test_a_response_of_ours_is_signed_over_exactly_these_bytes() -> None:
    headers = Signer(KEY_ID, KEY, "development").response_headers(200, ANSWER, FACTS, now=NOW)
    params, signature = sent_signature(headers)
    assert params == parameters(RESPONSE_COMPONENTS, nonce_of(params))
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Digest"] == ANSWER_DIGEST
    KEY.public_key().verify(signature, response_base(params))


def key_of(key_id: str) -> VerifyKey | None:
    return VerifyKey(KEY_ID, "ed25519", KEY.public_key()) if key_id == KEY_ID else None


def test_a_request_signed_by_hand_is_believed_whatever_label_and_order_it_uses() -> None:
    params = parameters(REQUEST_COMPONENTS, "n-1", order="other")
    signature = base64.b64encode(KEY.sign(request_base(params))).decode()
    headers = {
        "content-type": "application/json",
        "content-digest": DIGEST,
        "idempotency-key": REQUEST_ID,
        "signature-input": f"bank={params}",
        "signature": f"bank=:{signature}:",
    }
    verified = Verifier().verify_request(
        "POST", URL, headers, BODY, keys=key_of, now=NOW, expected_tag=tag_for("development")
    )
    assert (verified.key_id, verified.nonce, verified.created) == (KEY_ID, "n-1", NOW)
    assert verified.signature_base.encode() == request_base(params)


def test_a_response_signed_by_hand_is_believed() -> None:
    params = parameters(RESPONSE_COMPONENTS, "n-2")
    signature = base64.b64encode(KEY.sign(response_base(params))).decode()
    headers = {
        "Content-Type": "application/json",
        "Content-Digest": ANSWER_DIGEST,
        "Signature-Input": f"sig1={params}",
        "Signature": f"sig1=:{signature}:",
    }
    verified = Verifier().verify_response(
        200, headers, ANSWER, request=FACTS, keys=key_of, now=NOW, expected_tag=tag_for("development")
    )
    assert verified.signature_base.encode() == response_base(params)
