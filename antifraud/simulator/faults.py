"""Faults on order: what a test asks a bank to get wrong next."""

import threading
from collections import deque
from collections.abc import Collection
from typing import Final

IN_RESPONSE: Final = frozenset(
    {
        "hang",
        "http_500",
        "http_503_retry_after",
        "redirect",
        "empty_204",
        "html",
        "unsigned",
        "bad_signature",
        "tampered",
        "slow_loris",
        "callback_before_response",
        "drop_response",
    }
)
IN_CALLBACK: Final = frozenset({"duplicate_callback"})
BEFORE_EFFECT: Final = frozenset({"hang", "http_500", "http_503_retry_after", "redirect"})
"""Faults in which the bank never got as far as reading the request; in all others it has acted."""


class Faults:
    """The faults that each bank still has to commit, oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[str]] = {}

    def order(self, bank: str, kind: str, count: int) -> None:
        """Have ``bank`` get it wrong in this way ``count`` times."""
        with self._lock:
            self._waiting.setdefault(bank, deque()).extend([kind] * count)

    def take(self, bank: str, among: Collection[str]) -> str | None:
        """Return the next fault if it is one of ``among``; it is then used up."""
        with self._lock:
            waiting = self._waiting.get(bank)
            return waiting.popleft() if waiting and waiting[0] in among else None

    def waiting(self) -> dict[str, list[str]]:
        """Return what each bank still has to get wrong."""
        with self._lock:
            return {bank: list(kinds) for bank, kinds in self._waiting.items() if kinds}
