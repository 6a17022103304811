"""The tree is RFC 9162's: its published values come out, and proofs prove what is so and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.errors import LedgerMalformed
from safelight.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    includes,
    is_consistent,
    leaf_hash,
    node_hash,
)

# The eight leaves and the roots that the Certificate Transparency reference implementation tests itself with
# (merkle_tree_test.cc, "Reference implementation" vectors for RFC 6962).
LEAVES = [
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
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH_OF_0_IN_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
PATH_FROM_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


def tree_of(count: int) -> MerkleTree:
    return MerkleTree(leaf_hash(b"row %d" % i) for i in range(count))


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of section 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def test_the_published_roots_come_out() -> None:
    tree = MerkleTree(leaf_hash(leaf) for leaf in LEAVES)
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    assert tree.root(0) == EMPTY_ROOT
    frontier = Frontier()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier = frontier.append(leaf_hash(leaf))
        assert frontier.root().hex() == root


def test_the_published_proofs_come_out() -> None:
    tree = MerkleTree(leaf_hash(leaf) for leaf in LEAVES)
    assert [node.hex() for node in tree.inclusion_proof(0)] == PATH_OF_0_IN_8
    assert [node.hex() for node in tree.consistency_proof(6, 8)] == PATH_FROM_6_TO_8


def test_the_example_of_the_rfc_is_shaped_as_it_says() -> None:
    """Section 2.1.5: of seven leaves, the path of d0 is [b, h, l] and that of d6 is [i, k]."""
    a, b, c, d, e, f, j = (leaf_hash(b"d%d" % i) for i in range(7))
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, el = node_hash(g, h), node_hash(i, j)
    tree = MerkleTree([a, b, c, d, e, f, j])
    assert tree.root() == node_hash(k, el)
    assert tree.inclusion_proof(0) == (b, h, el)
    assert tree.inclusion_proof(3) == (c, g, el)
    assert tree.inclusion_proof(4) == (f, j, k)
    assert tree.inclusion_proof(6) == (i, k)
    assert tree.consistency_proof(3, 7) == (c, d, g, el)
    assert tree.consistency_proof(4, 7) == (el,)
    assert tree.consistency_proof(6, 7) == (i, j, k)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_both_trees_make_the_root_of_the_definition(leaves: list[bytes]) -> None:
    tree, frontier = MerkleTree(), Frontier()
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
        frontier = frontier.append(leaf_hash(leaf))
    assert tree.root() == frontier.root() == recursive_root(leaves)
    assert Frontier.parse(frontier.to_bytes()) == frontier


@given(st.integers(1, 200), st.data())
def test_every_row_is_provably_in_every_later_tree(count: int, data: st.DataObject) -> None:
    tree = tree_of(count)
    size = data.draw(st.integers(1, count))
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = leaf_hash(b"row %d" % index), tree.inclusion_proof(index, size)
    assert includes(tree.root(size), size, index, leaf, proof)
    assert not includes(tree.root(size), size, index, leaf_hash(b"another"), proof)
    assert not includes(tree.root(size), size, index, leaf, (*proof, leaf))
    assert not proof or not includes(tree.root(size), size, index, leaf, proof[:-1])
    wrong_place = data.draw(st.integers(-1, size + 1).filter(lambda other: other != index))
    assert not includes(tree.root(size), size, wrong_place, leaf, proof)


@given(st.integers(0, 200), st.data())
def test_every_tree_is_provably_the_start_of_every_later_one(count: int, data: st.DataObject) -> None:
    tree = tree_of(count)
    first = data.draw(st.integers(0, count))
    proof = tree.consistency_proof(first)
    root, new = tree.root(first), tree.root()
    assert is_consistent(first, root, count, new, proof)
    other = leaf_hash(b"another root")
    assert not is_consistent(first, other, count, new, proof)
    assert not is_consistent(first, root, count, new, (*proof, other))
    if 0 < first < count:
        assert not is_consistent(first, root, count, other, proof)
        assert not is_consistent(first, root, count, new, proof[:-1])


@settings(max_examples=50)
@given(st.integers(2, 60), st.data())
def test_a_proof_with_any_node_changed_proves_nothing(count: int, data: st.DataObject) -> None:
    tree = tree_of(count)
    index = data.draw(st.integers(0, count - 1))
    first = data.draw(st.integers(1, count - 1))
    paths = tree.inclusion_proof(index), tree.consistency_proof(first)
    for which, proof in enumerate(paths):
        for at in range(len(proof)):
            changed = (*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :])
            if which == 0:
                assert not includes(tree.root(), count, index, leaf_hash(b"row %d" % index), changed)
            else:
                assert not is_consistent(first, tree.root(first), count, tree.root(), changed)


def test_a_leaf_cannot_pass_for_a_node() -> None:
    a, b = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(a + b) != node_hash(a, b)


def test_nonsense_is_refused() -> None:
    tree = tree_of(3)
    for call in (lambda: tree.root(4), lambda: tree.inclusion_proof(3), lambda: tree.consistency_proof(4)):
        with pytest.raises(ValueError, match=r"leaf|leaves|begin"):
            call()
    assert not is_consistent(3, tree.root(), 2, tree.root(2), ())
    assert not is_consistent(2, tree.root(2), 3, tree.root(), ())
    for broken in (b"", b"\x00" * 7, (1).to_bytes(8, "big"), (1).to_bytes(8, "big") + bytes(31)):
        with pytest.raises(LedgerMalformed):
            Frontier.parse(broken)
    with pytest.raises(LedgerMalformed):
        tree.append(b"short")
