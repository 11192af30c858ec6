"""Passwords: argon2id hashes, so few at once that they cannot take the machine's memory, and passwords made for people.

Source: RFC 9106; OWASP Password Storage Cheat Sheet.
"""

import base64
import secrets
import threading
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from antifraud.auth.rules import LONGEST_PASSWORD, password_spelling
from antifraud.foundation.ids import receipt_code
from antifraud.foundation.problems import Unavailable

AT_ONCE: Final = 2
"""Verifications at once in one process: each takes 64 MiB and most of a core for some tenths of a second."""
WAIT_SECONDS: Final = 5.0

_HASHER: Final = argon2.PasswordHasher()
_SLOTS: Final = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """Return what is stored of a password. It takes tenths of a second: call it before a transaction, never in one."""
    return _HASHER.hash(password_spelling(password))


def made_password() -> str:
    """Return a random password of 80 bits that can be read out and typed."""
    return receipt_code().lower()


def hash_of_nothing() -> str:
    """Return a hash that no password fits and that costs as much to verify as any other."""
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    salt, value = (_base64(secrets.token_bytes(size)) for size in (_HASHER.salt_len, _HASHER.hash_len))
    return f"$argon2id$v=19${cost}${salt}${value}"


def is_right(password: str, password_hash: str | None) -> bool:
    """Tell whether a password fits. Without a hash the same work is done and the answer is no.

    Call it outside any transaction: a connection must not wait for it.

    Raises:
        Unavailable: Too many others are being verified; nothing was looked at.
    """
    if not _SLOTS.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("many people are signing in just now: try again in some seconds")
    try:
        # A longer one fits no hash of ours; it is cut so that its length buys no work.
        typed = password_spelling(password[: LONGEST_PASSWORD + 1])
        _HASHER.verify(password_hash or hash_of_nothing(), typed)
    except (VerificationError, InvalidHashError):
        return False
    else:
        return True
    finally:
        _SLOTS.release()


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with less work than is asked today."""
    return _HASHER.check_needs_rehash(password_hash)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
