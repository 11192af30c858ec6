"""The Merkle tree over all streams: each leaf is its entry's, each signed head is the tree's root at its size."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from cryptography.exceptions import InvalidSignature
from sqlalchemy import Row, select, text

from antifraud.audit.models import tree_heads
from antifraud.audit.rules import Tree, checkpoint, origin_of
from antifraud.verification.findings import Difference, Outcome, Scope, shown

CHECK = "tree"
SENTENCE = "every sealed entry has its leaf, every signed head is the root of the tree of its size"
BATCH = 5000


def check(scope: Scope) -> Outcome:
    """Recompute the tree from the leaves, and compare leaves with entries and roots with heads."""
    looked_at = 0
    differences: list[Difference] = []
    heads = scope.connection.execute(select(tree_heads).order_by(tree_heads.c.size)).all()
    pending = iter(heads)
    head = next(pending, None)
    tree = Tree()
    for chunk in _chunks(scope, [found.size for found in heads]):
        for offset, row in enumerate(chunk):
            differences += _leaf(row, tree.size + offset)
        tree = tree.grown(bytes(row.leaf_hash) for row in chunk)
        looked_at += len(chunk)
        while head is not None and head.size <= tree.size:
            differences += _head(scope, head, tree)
            head = next(pending, None)
    last_size = heads[-1].size if heads else 0
    if tree.size != last_size:
        differences.append(_difference("leaves", "number of leaves", last_size, tree.size))
    differences += _unsealed(scope, heads[-1] if heads else None)
    return Outcome(check=CHECK, sentence=SENTENCE, looked_at=looked_at, differences=tuple(differences))


def _chunks(scope: Scope, sizes: list[int]) -> Iterator[list[Row[Any]]]:
    """Yield the leaves in order, cut at each head's size so that its root can be compared."""
    rows = scope.connection.execute(
        text(
            "SELECT l.leaf_index, l.stream, l.seq, l.leaf_hash, e.hash AS entry_hash"
            " FROM leaves l LEFT JOIN entries e"
            " ON e.opened_month = l.opened_month AND e.stream = l.stream AND e.seq = l.seq ORDER BY l.leaf_index"
        ),
        execution_options={"yield_per": BATCH},
    )
    cuts = set(sizes)
    chunk: list[Row[Any]] = []
    for number, row in enumerate(rows, start=1):
        chunk.append(row)
        if number in cuts or len(chunk) >= BATCH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _leaf(row: Row[Any], index: int) -> Iterator[Difference]:
    where = f"leaf {row.leaf_index} of stream {row.stream} seq {row.seq}"
    if row.leaf_index != index:
        yield _difference(where, "leaf_index", index, row.leaf_index)
    if row.entry_hash is None:
        yield _difference(where, "entry", "an entry of the log", None)
    elif bytes(row.entry_hash) != bytes(row.leaf_hash):
        yield _difference(where, "leaf_hash", row.entry_hash, row.leaf_hash)


def _head(scope: Scope, head: Row[Any], tree: Tree) -> Iterator[Difference]:
    where = f"head of size {head.size}"
    if head.size != tree.size:
        yield _difference(where, "size", tree.size, head.size)
        return
    if bytes(head.root) != tree.root:
        yield _difference(where, "root", tree.root, head.root)
    if [bytes(node) for node in head.frontier] != list(tree.frontier):
        yield _difference(where, "frontier", [n.hex() for n in tree.frontier], [bytes(n).hex() for n in head.frontier])
    if head.key_id != scope.keys.seal_key_id:
        yield _difference(where, "key_id", scope.keys.seal_key_id, head.key_id)
        return
    try:
        scope.keys.seal.public_key().verify(
            bytes(head.signature),
            checkpoint(origin_of(scope.centre.id), head.size, bytes(head.root), head.at.astimezone(UTC)),
        )
    except InvalidSignature:
        yield _difference(where, "signature", f"one by {head.key_id} over this root", head.signature)


def _unsealed(scope: Scope, newest: Row[Any] | None) -> Iterator[Difference]:
    """Yield entries that an existing head should cover and that have no leaf."""
    if newest is None:
        return
    rows = scope.connection.execute(
        text(
            "SELECT e.stream, e.seq FROM entries e WHERE e.xid < CAST(:through AS xid8) AND NOT EXISTS (SELECT 1"
            " FROM leaves l WHERE l.opened_month = e.opened_month AND l.stream = e.stream AND l.seq = e.seq)"
            " ORDER BY e.stream, e.seq LIMIT 20"
        ),
        {"through": str(newest.through_xid)},
    )
    for row in rows:
        yield _difference(f"stream {row.stream} seq {row.seq}", "leaf", f"one below size {newest.size}", None)


def _difference(where: str, what: str, expected: Any, found: Any) -> Difference:  # noqa: ANN401 - any column
    return Difference(check=CHECK, where=where, what=what, expected=shown(expected), found=shown(found))
