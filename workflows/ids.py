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
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    rest = int.from_bytes(digest[:10], "big")
    milliseconds = (at - _EPOCH) // _MILLISECOND
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (rest >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | rest & (1 << 62) - 1
    return UUID(int=value)
