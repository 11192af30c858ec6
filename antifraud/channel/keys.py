"""The keys of the bank channel: which kinds there are, and how a directory writes one down."""

import base64
import binascii
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

PublicKey: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
PrivateKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
Algorithm: TypeAlias = Literal["ed25519", "ecdsa-p256-sha256"]


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A registered public key; its record, never a message, says by which algorithm it is used."""

    key_id: str
    algorithm: Algorithm
    public_key: PublicKey

    @classmethod
    def from_text(cls, key_id: str, algorithm: str, text: str) -> "VerifyKey":
        """Read a key as directories keep it: PEM, or base64 of the DER SubjectPublicKeyInfo.

        Raises:
            ValueError: Not a public key, an algorithm that the channel does not take, or the two do not fit.
        """
        try:
            if text.lstrip().startswith("-----BEGIN"):
                found = load_pem_public_key(text.strip().encode("ascii"))
            else:
                found = load_der_public_key(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            message = "not a public key: give PEM, or base64 of the DER SubjectPublicKeyInfo"
            raise ValueError(message) from None
        if algorithm == "ed25519" and isinstance(found, ed25519.Ed25519PublicKey):
            return cls(key_id, "ed25519", found)
        if (
            algorithm == "ecdsa-p256-sha256"
            and isinstance(found, ec.EllipticCurvePublicKey)
            and isinstance(found.curve, ec.SECP256R1)
        ):
            return cls(key_id, "ecdsa-p256-sha256", found)
        message = "the channel takes Ed25519 keys as ed25519 and P-256 keys as ecdsa-p256-sha256"
        raise ValueError(message)


def public_key_text(key: PublicKey) -> str:
    """Return base64 of the DER SubjectPublicKeyInfo, as ``VerifyKey.from_text`` reads it."""
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")
