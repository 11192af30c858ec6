"""The published examples of RFC 9421, appendix B, through the library that the channel signs with.

Typed in from RFC 9421, B.1.3 and B.1.4 (keys), B.2 (messages), B.2.4 (ECDSA P-256 response) and B.2.6 (Ed25519
request). Ed25519 signatures are deterministic, so B.2.6 is compared byte for byte; ECDSA ones can only be verified.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

ED25519_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
# An example key that the RFC itself publishes: it opens nothing.
ED25519_PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
P256_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
"""
CREATED = datetime.fromtimestamp(1618884473, UTC)
REQUEST_BODY = b'{"hello": "world"}'
REQUEST_DIGEST = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
RESPONSE_BODY = b'{"message": "good dog"}'
RESPONSE_DIGEST = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
B24_INPUT = (
    'sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"'
)
B24_SIGNATURE = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:"
B26_INPUT = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
B26_SIGNATURE = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"


@dataclass
class RequestMessage:
    """The request of B.2."""

    method: str = "POST"
    url: str = "https://example.com/foo?param=Value&Pet=dog"
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Host": "example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Digest": REQUEST_DIGEST,
            "Content-Length": "18",
        }
    )


@dataclass
class ResponseMessage:
    """The response of B.2."""

    status_code: int = 200
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Date": "Tue, 20 Apr 2021 02:07:56 GMT",
            "Content-Type": "application/json",
            "Content-Digest": RESPONSE_DIGEST,
            "Content-Length": "23",
        }
    )


def verifier(algorithm: type, key_id: str, key: bytes) -> HTTPMessageVerifier:
    return HTTPMessageVerifier(
        signature_algorithm=algorithm, key_resolver=MappingKeyResolver(public_keys={key_id: key}, private_keys={})
    )


def test_b26_ed25519_signs_to_the_published_bytes() -> None:
    message = RequestMessage()
    HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={"test-key-ed25519": ED25519_PRIVATE}),
    ).sign(
        message,
        key_id="test-key-ed25519",
        created=CREATED,
        label="sig-b26",
        include_alg=False,
        use_existing_digest=True,
        covered_component_ids=("date", "@method", "@path", "@authority", "content-type", "content-length"),
    )
    assert message.headers["Signature-Input"] == B26_INPUT
    assert message.headers["Signature"] == B26_SIGNATURE


def test_b26_ed25519_verifies_and_a_changed_path_does_not() -> None:
    message = RequestMessage()
    message.headers |= {"Signature-Input": B26_INPUT, "Signature": B26_SIGNATURE}
    judge = verifier(algorithms.ED25519, "test-key-ed25519", ED25519_PUBLIC)
    assert [result.label for result in judge.verify(message, max_age=None)] == ["sig-b26"]
    message.url = "https://example.com/bar"
    with pytest.raises(InvalidSignature):
        judge.verify(message, max_age=None)


def test_b24_ecdsa_p256_response_verifies_with_its_body_and_not_with_another() -> None:
    message = ResponseMessage()
    message.headers |= {"Signature-Input": B24_INPUT, "Signature": B24_SIGNATURE}
    judge = verifier(algorithms.ECDSA_P256_SHA256, "test-key-ecc-p256", P256_PUBLIC)
    assert judge.verify(message, max_age=None, body=RESPONSE_BODY)[0].body == RESPONSE_BODY
    with pytest.raises(InvalidSignature):
        judge.verify(message, max_age=None, body=b'{"message": "bad dog"}')


def test_the_digests_of_the_examples_are_those_of_their_bodies() -> None:
    ContentDigest.verify(REQUEST_DIGEST, REQUEST_BODY)
    ContentDigest.verify(RESPONSE_DIGEST, RESPONSE_BODY)
