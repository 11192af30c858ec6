"""Hashes of the log: the chain of a stream, and the Merkle tree over all streams (RFC 9162, section 2.1)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from antifraud.foundation.json import canonical

GENESIS = b"\x00" * 32
"""The hash before the first entry of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it is hashed. `at` is when it happened, `recorded_at` when we wrote it."""

    stream: str
    seq: int
    id: UUID
    at: datetime
    recorded_at: datetime
    actor: str
    kind: str
    payload: dict[str, Any]
    cause_id: UUID | None
    prev_hash: bytes

    @property
    def hash(self) -> bytes:
        """Return the RFC 9162 leaf hash of the entry's canonical bytes; it is also the next entry's `prev_hash`."""
        return leaf_hash(
            canonical(
                {
                    "stream": self.stream,
                    "seq": self.seq,
                    "id": self.id,
                    "at": self.at,
                    "recorded_at": self.recorded_at,
                    "actor": self.actor,
                    "kind": self.kind,
                    "payload": self.payload,
                    "cause_id": self.cause_id,
                    "prev_hash": self.prev_hash.hex(),
                }
            )
        )


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A Merkle tree that only grows: its size and the roots of its complete subtrees, largest first."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def grown(self, leaves: Iterable[bytes]) -> "Tree":
        """Return the tree with ``leaves`` appended in order."""
        size, frontier = self.size, list(self.frontier)
        for leaf in leaves:
            node, level = leaf, size
            while level & 1:
                node = node_hash(frontier.pop(), node)
                level >>= 1
            frontier.append(node)
            size += 1
        return Tree(size, tuple(frontier))

    @property
    def root(self) -> bytes:
        """Return the root: the subtrees joined from the smallest up; of an empty tree, SHA-256 of nothing."""
        if not self.frontier:
            return hashlib.sha256(b"").digest()
        root = self.frontier[-1]
        for node in reversed(self.frontier[:-1]):
            root = node_hash(node, root)
        return root


def inclusion_path(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the audit path of leaf ``index`` in the tree over ``leaves`` (RFC 9162, 2.1.3.1)."""
    size = len(leaves)
    if size <= 1:
        return ()
    split = _split(size)
    if index < split:
        return (*inclusion_path(index, leaves[:split]), Tree().grown(leaves[split:]).root)
    return (*inclusion_path(index - split, leaves[split:]), Tree().grown(leaves[:split]).root)


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether ``path`` proves that ``leaf`` is entry ``index`` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, node = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = node_hash(step, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def origin_of(centre_id: UUID) -> str:
    """Return how the heads of a centre's log are named; it never changes, whatever the address of the service."""
    return f"antifraud/{centre_id}"


def checkpoint(origin: str, size: int, root: bytes, at: datetime) -> bytes:
    """Return the bytes of a signed head: origin, size, root and instant, one a line."""
    return f"{origin}\n{size}\n{root.hex()}\n{at.isoformat()}\n".encode()
