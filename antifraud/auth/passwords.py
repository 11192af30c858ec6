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


class Passwords:
    """Hashes and verifies; one for a process, as the cap on verifications is the process's."""

    def __init__(
        self,
        hasher: argon2.PasswordHasher | None = None,
        *,
        at_once: int = AT_ONCE,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Take the work that a hash is to cost, how many are verified at once, and how long the others wait."""
        self._hasher = hasher or argon2.PasswordHasher()
        self._slots = threading.BoundedSemaphore(at_once)
        self._wait_seconds = wait_seconds

    def hashed(self, password: str) -> str:
        """Return what is stored of a password. It takes tenths of a second: never call it in a transaction."""
        return self._hasher.hash(password_spelling(password))

    def hash_of_nothing(self) -> str:
        """Return a hash that no password fits and that costs as much to verify as any other."""
        cost = f"m={self._hasher.memory_cost},t={self._hasher.time_cost},p={self._hasher.parallelism}"
        salt, value = (_base64(secrets.token_bytes(size)) for size in (self._hasher.salt_len, self._hasher.hash_len))
        return f"$argon2id$v=19${cost}${salt}${value}"

    def is_right(self, password: str, password_hash: str | None) -> bool:
        """Tell whether a password fits. Without a hash the same work is done and the answer is no.

        Call it outside any transaction: a connection must not wait for it.

        Raises:
            Unavailable: Too many others are being verified; nothing was looked at.
        """
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise Unavailable("many people are signing in just now: try again in some seconds")
        try:
            # A longer one fits no hash of ours; it is cut so that its length buys no work.
            typed = password_spelling(password[: LONGEST_PASSWORD + 1])
            self._hasher.verify(password_hash or self.hash_of_nothing(), typed)
        except (VerificationError, InvalidHashError):
            return False
        else:
            return True
        finally:
            self._slots.release()

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made with less work than is asked today."""
        return self._hasher.check_needs_rehash(password_hash)


PASSWORDS: Final = Passwords()
"""This process's own."""


def made_password() -> str:
    """Return a random password of 80 bits that can be read out and typed."""
    return receipt_code().lower()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
