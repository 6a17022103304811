"""The Merkle tree of RFC 9162, section 2.1: one hash that fixes every row and their order.

Hashing of leaves and nodes, proofs and their verification follow the RFC's algorithms step by step, so that
any other implementation of it can check what we export.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from safelight.errors import LedgerMalformed

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(row: bytes) -> bytes:
    """The hash of one row's canonical bytes."""
    return hashlib.sha256(b"\x00" + row).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append and to know the root: the complete subtrees, largest first.

    At most 64 hashes for any size. The sequencer keeps one and never reads the rows again.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.nodes) != self.size.bit_count():
            raise LedgerMalformed("The tree's frontier does not fit its size. Rebuild it from the rows.")
        if any(len(node) != HASH_BYTES for node in self.nodes):
            raise LedgerMalformed("The tree's frontier holds something that is no hash. Rebuild it.")

    def append(self, leaf: bytes) -> Frontier:
        """The frontier after one more leaf hash."""
        nodes, carry = list(self.nodes), self.size
        while carry & 1:
            leaf = node_hash(nodes.pop(), leaf)
            carry >>= 1
        return Frontier(self.size + 1, (*nodes, leaf))

    def root(self) -> bytes:
        """The tree's root."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root

    def to_bytes(self) -> bytes:
        """Size (8, big-endian) and the hashes, for one database column."""
        return self.size.to_bytes(8, "big") + b"".join(self.nodes)

    @classmethod
    def parse(cls, raw: bytes) -> Frontier:
        """Read :meth:`to_bytes` back. Raises :class:`~safelight.errors.LedgerMalformed`."""
        hashes = raw[8:]
        nodes = tuple(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))
        found = cls(int.from_bytes(raw[:8], "big"), nodes)
        if found.to_bytes() != raw:
            raise LedgerMalformed("The tree's frontier was cut short. Rebuild it from the rows.")
        return found


class MerkleTree:
    """A tree that can prove. Holds every complete subtree: 64 bytes a row; proofs take logarithmic time."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """From leaf hashes, in order."""
        self._levels: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        if len(leaf) != HASH_BYTES:
            raise LedgerMalformed("A leaf hash has 32 bytes.")
        index, level = len(self), 0
        self._levels[0] += leaf
        while index & 1:
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level + 1] += node_hash(self._node(level, index - 1), self._node(level, index))
            index >>= 1
            level += 1

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` leaves, of all by default."""
        size = self._checked(size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """That leaf ``index`` is in the tree of the first ``size`` leaves (section 2.1.3.1)."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} among {size}")
        return tuple(self._path(index, 0, size))

    def consistency_proof(self, first: int, second: int | None = None) -> tuple[bytes, ...]:
        """That the tree of ``second`` leaves begins with the tree of ``first`` (section 2.1.4.1)."""
        second = self._checked(second)
        if not 0 <= first <= second:
            raise ValueError(f"a tree of {second} does not begin with one of {first}")
        return () if first in {0, second} else tuple(self._subproof(first, 0, second, whole=True))

    def _checked(self, size: int | None) -> int:
        size = len(self) if size is None else size
        if not 0 <= size <= len(self):
            raise ValueError(f"the tree has {len(self)} leaves, not {size}")
        return size

    def _node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _range(self, start: int, end: int) -> bytes:
        length = end - start
        level = length.bit_length() - 1
        if length == 1 << level and start % length == 0:
            return self._node(level, start >> level)
        split = start + _largest_power_below(length)
        return node_hash(self._range(start, split), self._range(split, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        split = start + _largest_power_below(end - start)
        if index < split:
            return [*self._path(index, start, split), self._range(split, end)]
        return [*self._path(index, split, end), self._range(start, split)]

    def _subproof(self, first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        if first == end:
            return [] if whole else [self._range(start, end)]
        split = start + _largest_power_below(end - start)
        if first <= split:
            return [*self._subproof(first, start, split, whole=whole), self._range(split, end)]
        return [*self._subproof(first, split, end, whole=False), self._range(start, split)]


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows leaf hash ``leaf`` at ``index`` of the tree (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    inner, last, found = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return False
        if inner & 1 or inner == last:
            found = node_hash(node, found)
            while inner and not inner & 1:
                inner, last = inner >> 1, last >> 1
        else:
            found = node_hash(found, node)
        inner, last = inner >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, root)


def is_consistent(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the second tree begins with the first (section 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and hmac.compare_digest(first_root, second_root)
    if first == 0:
        return not proof and hmac.compare_digest(first_root, EMPTY_ROOT)
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    inner, last = first - 1, second - 1
    while inner & 1:
        inner, last = inner >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if inner & 1 or inner == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while inner and not inner & 1:
                inner, last = inner >> 1, last >> 1
        else:
            new = node_hash(new, node)
        inner, last = inner >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old, first_root) and hmac.compare_digest(new, second_root)


def _largest_power_below(length: int) -> int:
    return 1 << ((length - 1).bit_length() - 1)
