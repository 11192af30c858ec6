"""Ids that the same event makes again: a replay gives the same state to the byte."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def derived_id(at: datetime, *parts: UUID | str | int) -> UUID:
    """Return a UUIDv7 whose time is ``at`` and whose other bits come from ``parts``.

    The same arguments always give the same id; other parts give another one
    (74 bits of SHA-256). The order of two ids says nothing beyond the millisecond.
    """
    return numbered(time_of(at), "\x1f".join(map(str, parts)))


def time_of(at: datetime) -> int:
    """Return the bits of a UUIDv7 that its instant and its version decide."""
    milliseconds = (at - _EPOCH) // _MILLISECOND
    return (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | 0b10 << 62


def numbered(time_bits: int, text: str) -> UUID:
    """Return the UUIDv7 of an instant (`time_of`) whose other bits come from ``text``."""
    rest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:10], "big")
    return UUID(int=time_bits | (rest >> 62 & 0xFFF) << 64 | rest & (1 << 62) - 1)
