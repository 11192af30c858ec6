"""The hashes of RFC 9162: tree, paths, and a chain in which every field counts."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antifraud.audit.rules import GENESIS, Entry, Tree, included, inclusion_path, leaf_hash, node_hash

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
# The leaves and roots of the test vectors of Certificate Transparency (RFC 6962 and 9162 share the hashes).
VECTOR_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(root_by_definition(leaves[:split]), root_by_definition(leaves[split:]))


def test_the_roots_are_those_of_the_published_vectors() -> None:
    hashes = [leaf_hash(leaf) for leaf in VECTOR_LEAVES]
    assert [Tree().grown(hashes[: n + 1]).root.hex() for n in range(len(hashes))] == VECTOR_ROOTS


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_that_grew_in_two_steps_has_the_root_of_the_definition(first: int, second: int) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(first + second)]
    tree = Tree().grown(leaves[:first]).grown(leaves[first:])
    assert tree.size == len(leaves)
    assert tree.root == root_by_definition(leaves)


@given(st.integers(1, 60), st.data())
def test_a_path_proves_its_leaf_and_no_other(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    root, path = Tree().grown(leaves).root, inclusion_path(index, leaves)
    assert included(leaves[index], index, size, path, root)
    assert not included(leaf_hash(b"other"), index, size, path, root)
    assert not included(leaves[index], index + 1, size, path, root)
    assert not included(leaves[index], index, size, (*path, GENESIS), root)


def entry() -> Entry:
    return Entry(
        stream="case:1",
        seq=1,
        id=UUID(int=1),
        at=AT,
        recorded_at=AT,
        actor="source:110",
        kind="ReportAccepted",
        payload={"amount": 1},
        cause_id=None,
        prev_hash=GENESIS,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "case:2"},
        {"seq": 2},
        {"id": UUID(int=2)},
        {"at": AT + timedelta(microseconds=1)},
        {"recorded_at": AT + timedelta(microseconds=1)},
        {"actor": "user:somebody"},
        {"kind": "ReportForgotten"},
        {"payload": {"amount": 2}},
        {"cause_id": UUID(int=3)},
        {"prev_hash": b"\x01" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_of_an_entry_counts_for_its_hash(change: dict[str, Any]) -> None:
    assert replace(entry(), **change).hash != entry().hash


def test_the_order_of_keys_and_the_zone_of_an_instant_do_not_count() -> None:
    one = replace(entry(), payload={"a": 1, "b": 2})
    assert replace(one, payload={"b": 2, "a": 1}).hash == one.hash
