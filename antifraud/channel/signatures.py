"""Signatures of the native bank channel: what is covered, who may sign, and for how long a signature is good.

The library checks little of its own accord: without ``body`` a changed body passes, without ``require_components`` a
signature over ``@method`` alone does, and it reads the machine's clock. Everything it leaves to its caller is fixed
here, for both directions. Nonces are the caller's: it stores (key id, nonce) in the transaction of the effect.

Source: RFC 9421 (HTTP Message Signatures), RFC 9530 (Digest Fields).
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol, TypeAlias, cast

import requests
from cryptography.hazmat.primitives.asymmetric import ed25519
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    MappingKeyResolver,
    VerifyResult,
    algorithms,
)
from typing_extensions import override

from antifraud.channel.keys import Algorithm, PrivateKey, PublicKey, VerifyKey, public_key_text

__all__ = [
    "CLOCK_SKEW",
    "LIFETIME",
    "MAX_AGE",
    "MAX_NONCE_LENGTH",
    "NONCES_KEPT",
    "REQUEST_COMPONENTS",
    "RESPONSE_COMPONENTS",
    "Algorithm",
    "Headers",
    "PrivateKey",
    "PublicKey",
    "Reason",
    "RequestFacts",
    "SignatureRefused",
    "Signer",
    "Verified",
    "Verifier",
    "VerifyKey",
    "public_key_text",
    "tag_for",
]

Reason: TypeAlias = Literal[
    "unsigned",
    "malformed",
    "no_signature_of_this_channel",
    "several_signatures",
    "created_in_future",
    "too_old",
    "expired",
    "no_expiry",
    "expiry_too_far",
    "no_nonce",
    "unknown_key",
    "wrong_algorithm",
    "bad_signature",
    "under_covered",
    "body_differs",
]

LABEL: Final = "sig1"
REQUEST_COMPONENTS: Final = ("@method", "@target-uri", "content-type", "content-digest", "idempotency-key")
RESPONSE_COMPONENTS: Final = (
    '"@status"',
    '"content-type"',
    '"content-digest"',
    '"@method";req',
    '"@target-uri";req',
    '"content-digest";req',
    '"idempotency-key";req',
)
LIFETIME: Final = timedelta(seconds=300)
MAX_AGE: Final = timedelta(seconds=240)
CLOCK_SKEW: Final = timedelta(seconds=60)
MAX_NONCE_LENGTH: Final = 128
NONCES_KEPT: Final = timedelta(minutes=15)
"""How long a caller keeps a nonce: longer than any signature can be good."""

_ALGORITHMS: Final[Mapping[str, type[HTTPSignatureAlgorithm]]] = {
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
}
_CLOCK_REASONS: Final = frozenset({"created_in_future", "too_old", "expired"})


class SignatureRefused(Exception):
    """The message is not believed.

    ``reason`` is for the log; ``told`` is all that the sender may learn: an unknown key and a forged signature look
    alike to it, only a wrong clock is named.
    """

    def __init__(self, reason: Reason) -> None:
        """Keep the machine-readable reason."""
        super().__init__(reason)
        self.reason: Reason = reason

    @property
    def told(self) -> Literal["signature", "clock_skew"]:
        """Return the reason code that the sender is given."""
        return "clock_skew" if self.reason in _CLOCK_REASONS else "signature"


class Headers(Protocol):
    """Header fields of ``requests``, of Werkzeug, or a ``dict``: every line, in order."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return name and value of every field line."""
        ...


def tag_for(environment: str) -> str:
    """Return the signature tag: a key of one environment is worth nothing in another."""
    return f"stop-payment-v1-{environment}"


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What of a request its answer is bound to by ``;req``."""

    method: str
    url: str
    content_digest: str
    idempotency_key: str

    @classmethod
    def of(cls, prepared: requests.PreparedRequest) -> "RequestFacts":
        """Take the facts of a request that ``Signer.sign_request`` has signed."""
        return cls(
            method=prepared.method or "",
            url=prepared.url or "",
            content_digest=prepared.headers["Content-Digest"],
            idempotency_key=prepared.headers["Idempotency-Key"],
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """A message that is believed, and what a later dispute needs: ``signature_base`` is what was signed."""

    key_id: str
    nonce: str
    created: datetime
    signature_base: str


@dataclass(slots=True)
class _Request:
    method: str
    url: str
    headers: Headers


@dataclass(slots=True)
class _Response:
    status_code: int
    headers: Headers
    request: _Request


class Signer:
    """Signs what one party sends, with one key, for one environment."""

    def __init__(self, key_id: str, private_key: PrivateKey, environment: str) -> None:
        """Take the key; P-256 keys sign by ECDSA with SHA-256, Ed25519 keys by Ed25519."""
        algorithm = "ed25519" if isinstance(private_key, ed25519.Ed25519PrivateKey) else "ecdsa-p256-sha256"
        self.key_id = key_id
        self.tag = tag_for(environment)
        self.verify_key = VerifyKey(key_id, cast("Algorithm", algorithm), private_key.public_key())
        self._signer = HTTPMessageSigner(
            signature_algorithm=_ALGORITHMS[algorithm],
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private_key}),
        )

    def sign_request(self, prepared: requests.PreparedRequest, *, now: datetime) -> None:
        """Write digest and signature into the headers of ``prepared``, replacing those of an earlier attempt.

        The body stays as it is; ``Content-Type`` and ``Idempotency-Key`` must be set. Every call makes a new nonce,
        so each attempt is a message of its own about the same request.
        """
        body = prepared.body
        if not isinstance(body, bytes):
            message = "only a body of bytes can be signed"
            raise TypeError(message)
        self._sign(prepared, body, REQUEST_COMPONENTS, now)

    def response_headers(
        self,
        status: int,
        body: bytes,
        request: RequestFacts,
        *,
        now: datetime,
        content_type: str = "application/json",
    ) -> dict[str, str]:
        """Return the headers that make ``body`` the signed answer to exactly this request."""
        headers = {"Content-Type": content_type}
        self._sign(_Response(status, headers, _bound(request)), body, RESPONSE_COMPONENTS, now)
        return headers

    def _sign(self, message: Any, body: bytes, components: Sequence[str], now: datetime) -> None:  # noqa: ANN401 - the library takes anything with headers
        message.headers.pop("Content-Digest", None)
        self._signer.sign(
            message,
            key_id=self.key_id,
            created=now,
            expires=now + LIFETIME,
            nonce=secrets.token_urlsafe(18),
            label=LABEL,
            tag=self.tag,
            include_alg=False,
            covered_component_ids=components,
            body=body,
        )


class Verifier:
    """Decides whether a message is believed; keeps nothing between two messages."""

    def verify_request(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
        *,
        keys: Callable[[str], VerifyKey | None],
        now: datetime,
        expected_tag: str,
    ) -> Verified:
        """Return who signed this request, or refuse it.

        Args:
            method: As received.
            url: The full address, built from the configured public address and never from ``Host``.
            headers: Every field line as received.
            body: The bytes as received, before any decoding.
            keys: The sender's registered key of an id; ``None`` for every key that may not sign now.
            now: Our instant.
            expected_tag: See ``tag_for``.

        Raises:
            SignatureRefused: See its reason.
        """
        return _verify(_Request(method, url, headers), body, REQUEST_COMPONENTS, keys, now, expected_tag)

    def verify_response(
        self,
        status: int,
        headers: Headers,
        body: bytes,
        *,
        request: RequestFacts,
        keys: Callable[[str], VerifyKey | None],
        now: datetime,
        expected_tag: str,
    ) -> Verified:
        """Return who signed this answer to our request, or refuse it; an answer to another request is refused.

        Raises:
            SignatureRefused: See its reason.
        """
        return _verify(_Response(status, headers, _bound(request)), body, RESPONSE_COMPONENTS, keys, now, expected_tag)


def _bound(request: RequestFacts) -> _Request:
    fields = {"Content-Digest": request.content_digest, "Idempotency-Key": request.idempotency_key}
    return _Request(request.method, request.url, fields)


def _verify(
    message: _Request | _Response,
    body: bytes,
    components: Sequence[str],
    keys: Callable[[str], VerifyKey | None],
    now: datetime,
    expected_tag: str,
) -> Verified:
    names = {name.lower() for name, _ in message.headers.items()}
    if not {"signature", "signature-input"} <= names:
        raise SignatureRefused("unsigned")
    verifier = _ProfileVerifier(keys, now)
    try:
        results = verifier.verify(
            message, max_age=MAX_AGE, expect_tag=expected_tag, require_components=components, body=body
        )
    except _OutsideProfile as outside:
        raise SignatureRefused(outside.reason) from None
    except InvalidSignature as invalid:
        raise SignatureRefused(_reason(invalid)) from None
    except Exception:  # noqa: BLE001 - bytes of a stranger: whatever the parsers stumble on is a refusal, never a fault
        raise SignatureRefused("malformed") from None
    if len(results) != 1 or results[0].body is None:
        raise SignatureRefused("body_differs")
    return _verified(results[0])


def _verified(result: VerifyResult) -> Verified:
    return Verified(
        key_id=str(result.parameters["keyid"]),
        nonce=str(result.parameters["nonce"]),
        created=datetime.fromtimestamp(int(result.parameters["created"]), UTC),
        signature_base="\n".join(f"{name}: {value}" for name, value in result.covered_components.items()),
    )


def _reason(invalid: InvalidSignature) -> Reason:
    """Sort the library's refusals for the log; its texts are all there is to tell them apart."""
    text = str(invalid)
    if "No signatures found" in text:
        return "no_signature_of_this_channel"
    if text.startswith("Required component"):
        return "under_covered"
    if "digest" in text.lower():
        return "body_differs"
    if text.startswith(("Malformed", "Signature-Input", "Signature member", "Parameter", "Unexpected signature")):
        return "malformed"
    return "bad_signature"


class _OutsideProfile(InvalidSignature):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class _ProfileVerifier(HTTPMessageVerifier):
    """The library's verifier held to the channel's profile, at an instant that is given to it.

    The library calls ``validate_created_and_expires`` first for every selected signature, before it looks for a key,
    and reads ``signature_algorithm`` after it: so the one hook replaces the machine's clock by ours, and chooses the
    algorithm by the record of the key.
    """

    max_clock_skew = CLOCK_SKEW

    def __init__(self, keys: Callable[[str], VerifyKey | None], now: datetime) -> None:
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey())
        self._keys = keys
        self._now = now
        self._seen = 0

    @override
    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Refuse what is not fresh or not of the profile; choose the key."""
        self._seen += 1
        if self._seen > 1:
            raise _OutsideProfile("several_signatures")
        parameters: Mapping[str, object] = sig_input.params
        self._check_times(parameters, max_age or MAX_AGE)
        nonce = parameters.get("nonce")
        if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE_LENGTH:
            raise _OutsideProfile("no_nonce")
        key_id = parameters.get("keyid")
        key = self._keys(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise _OutsideProfile("unknown_key")
        if parameters.get("alg", key.algorithm) != key.algorithm:
            raise _OutsideProfile("wrong_algorithm")
        self.signature_algorithm = _ALGORITHMS[key.algorithm]
        self.key_resolver = _OneKey(key)

    def _check_times(self, parameters: Mapping[str, object], max_age: timedelta) -> None:
        created, expires = _instant(parameters.get("created")), parameters.get("expires")
        if expires is None:
            raise _OutsideProfile("no_expiry")
        expires_at = _instant(expires)
        if created > self._now + CLOCK_SKEW:
            raise _OutsideProfile("created_in_future")
        # The skew lengthens the age: a sender's clock may be a minute behind ours.
        if created < self._now - max_age - CLOCK_SKEW:
            raise _OutsideProfile("too_old")
        if expires_at < self._now - CLOCK_SKEW:
            raise _OutsideProfile("expired")
        if expires_at > created + LIFETIME:
            raise _OutsideProfile("expiry_too_far")


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: VerifyKey | None = None) -> None:
        self._key = key

    @override
    def resolve_public_key(self, key_id: str) -> PublicKey | None:
        """Return the key that the profile chose, and no other."""
        return self._key.public_key if self._key is not None and self._key.key_id == key_id else None


def _instant(value: object) -> datetime:
    if type(value) is not int:
        raise _OutsideProfile("malformed")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise _OutsideProfile("malformed") from None
