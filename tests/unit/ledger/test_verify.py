"""Whoever changes, deletes, inserts or reorders rows is found out, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.ledger.entry import Entry, VaultEvent
from safelight.ledger.heads import HeadSigner, SignedHead
from safelight.ledger.tree import MerkleTree, leaf_hash
from safelight.ledger.verify import Fault, Finding, StoredRow, Verification, verify

SIGNER = HeadSigner("ledger.example.org/1", bytes(range(32)))
START = datetime(2026, 3, 1, tzinfo=UTC)
SIZES = (4, 5, 9, 16, 20)
COUNT = 22


def entry(number: int, actor: str = "p1") -> Entry:
    at = START + timedelta(seconds=number)
    return Entry(UUID(int=number), at, VaultEvent.OPENED, actor, f"o{number}", bytes([number]) * 32)


def row(index: int, what: Entry) -> StoredRow:
    return StoredRow(index, what.canonical(), leaf_hash(what.canonical()))


def heads_of(rows: list[StoredRow], sizes: tuple[int, ...] = SIZES) -> list[SignedHead]:
    tree = MerkleTree(one.leaf for one in rows)
    return [SIGNER.sign(size, tree.root(size), START) for size in sizes]


ROWS = [row(i, entry(i)) for i in range(COUNT)]
HEADS = heads_of(ROWS)


def verified(rows: list[StoredRow], heads: list[SignedHead] | None = None) -> Verification:
    return verify(rows, HEADS if heads is None else heads, [SIGNER.verifier])


def renumbered(rows: list[StoredRow]) -> list[StoredRow]:
    return [replace(one, index=index) for index, one in enumerate(rows)]


def test_an_untouched_ledger_is_whole_and_says_what_no_head_covers() -> None:
    found = verified(ROWS)
    assert found == Verification(rows=22, proven=20)
    assert found.is_whole
    assert found.unproven == 2
    assert found.first_bad is None


def test_an_empty_ledger_is_whole() -> None:
    assert verify([], [], [SIGNER.verifier]) == Verification(rows=0, proven=0)
    assert verified([], heads_of([], (0,))).is_whole


@pytest.mark.parametrize("index", range(COUNT))
def test_every_altered_byte_of_every_row_is_located_exactly(index: int) -> None:
    """A row is kept as bytes and a leaf hash; the next head shows which of the two was touched."""
    target = ROWS[index]
    for position in range(len(target.canonical)):
        altered = bytearray(target.canonical)
        altered[position] ^= 0x01
        found = verified([*ROWS[:index], replace(target, canonical=bytes(altered)), *ROWS[index + 1 :]])
        heads = tuple(size for size in SIZES if size > index)
        assert found.findings == (Finding(Fault.CHANGED, index, index, heads),)
    for position in range(32):
        leaf = bytearray(target.leaf)
        leaf[position] ^= 0x01
        found = verified([*ROWS[:index], replace(target, leaf=bytes(leaf)), *ROWS[index + 1 :]])
        assert [(one.fault, one.first) for one in found.findings] == [(Fault.CHANGED, index)]
        assert found.proven == 20


@pytest.mark.parametrize("columns", [b"", b"{}"])
def test_columns_that_make_no_entry_any_more_are_a_change(columns: bytes) -> None:
    found = verified([*ROWS[:7], replace(ROWS[7], canonical=columns), *ROWS[8:]])
    assert found.first_bad == 7


@pytest.mark.parametrize("leaf", [b"", b"short", bytes(33)])
def test_a_leaf_column_that_holds_no_hash_is_a_change_not_a_crash(leaf: bytes) -> None:
    found = verified([*ROWS[:7], replace(ROWS[7], leaf=leaf), *ROWS[8:]])
    assert found.first_bad == 7
    assert found.proven == 20


@pytest.mark.parametrize("index", range(20))
def test_a_row_rewritten_with_its_leaf_hash_is_located_between_two_heads(index: int) -> None:
    found = verified([*ROWS[:index], row(index, entry(index, "p2")), *ROWS[index + 1 :]])
    before = max((size for size in SIZES if size <= index), default=0)
    after = min(size for size in SIZES if size > index)
    [finding] = found.findings
    assert (finding.fault, finding.first, finding.last) == (Fault.REWRITTEN, before, after - 1)
    assert finding.first <= index <= finding.last
    assert finding.heads[0] == after
    assert found.proven == before


@pytest.mark.parametrize("index", range(20))
def test_a_deleted_row_is_located(index: int) -> None:
    found = verified([*ROWS[:index], *ROWS[index + 1 :]])
    assert (found.findings[0].fault, found.first_bad) == (Fault.MISSING, index)
    closed_up = verified(renumbered([*ROWS[:index], *ROWS[index + 1 :]]))
    assert not closed_up.is_whole
    assert closed_up.findings[0].first <= index


@pytest.mark.parametrize("index", range(20))
def test_an_inserted_row_is_located(index: int) -> None:
    forged = row(index, entry(99))
    found = verified([*ROWS[:index], forged, *ROWS[index:]])
    assert found.first_bad is not None
    assert found.first_bad <= index
    assert not verified(renumbered([*ROWS[:index], forged, *ROWS[index:]])).is_whole


def test_a_row_that_stands_twice_is_located() -> None:
    found = verified([*ROWS[:6], ROWS[5], *ROWS[6:]])
    assert found.findings == (Finding(Fault.OUT_OF_PLACE, 5, 5, (9, 16, 20)),)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (3, 4), (2, 17), (18, 19)])
def test_swapped_rows_are_located(a: int, b: int) -> None:
    rows = list(ROWS)
    rows[a], rows[b] = rows[b], rows[a]
    for edited in (rows, renumbered(rows)):
        found = verified(edited)
        assert found.first_bad is not None
        assert found.first_bad <= b
        assert found.proven <= max([size for size in SIZES if size <= a], default=0)


@pytest.mark.parametrize("kept", range(20))
def test_rows_cut_off_the_end_are_missed_as_long_as_a_head_tells_of_them(kept: int) -> None:
    found = verified(ROWS[:kept])
    assert found.findings[-1] == Finding(Fault.MISSING, kept, 19, tuple(s for s in SIZES if s > kept))


def test_with_the_heads_gone_too_only_heads_kept_elsewhere_tell() -> None:
    forged = [*ROWS[:6], row(6, entry(6, "p2"))]
    local = heads_of(forged, (4, 5, 7))
    assert verified(forged, local).is_whole
    assert not verified(forged, [*local, *HEADS]).is_whole


def test_a_rewritten_history_with_new_heads_of_the_same_sizes_is_a_fork() -> None:
    forged = [*ROWS[:6], row(6, entry(6, "p2")), *ROWS[7:]]
    found = verified(forged, [*heads_of(forged), *HEADS])
    assert [one.fault for one in found.findings] == [Fault.FORKED] * 3
    assert {one.last for one in found.findings} == {8, 15, 19}


def test_a_forged_head_is_reported_and_not_used() -> None:
    forged = [*ROWS[:6], row(6, entry(6, "p2")), *ROWS[7:]]
    stranger = HeadSigner("ledger.example.org/1", bytes(32))
    fake = [stranger.sign(9, MerkleTree(one.leaf for one in forged[:9]).root(), START)]
    found = verified(forged, [*HEADS, *fake])
    assert {one.fault for one in found.findings} == {Fault.FORGED_HEAD, Fault.REWRITTEN}
    assert found.proven == 5


def test_the_same_fault_in_a_row_is_one_finding() -> None:
    rows = [replace(one, canonical=b"") if 6 <= one.index <= 12 else one for one in ROWS]
    assert [(one.first, one.last) for one in verified(rows).findings] == [(6, 12)]


def test_a_finding_says_where_and_what_shows_it() -> None:
    [finding] = verified([*ROWS[:7], replace(ROWS[7], canonical=b""), *ROWS[8:]]).findings
    assert str(finding) == "changed: row 7; covered by 3 signed heads from size 9"
    assert str(Finding(Fault.OUT_OF_PLACE, 2, 4)) == "out of place: rows 2 to 4"


Edit = Callable[[list[StoredRow], int, int], list[StoredRow]]


def _delete(rows: list[StoredRow], at: int, _: int) -> list[StoredRow]:
    return [*rows[:at], *rows[at + 1 :]]


def _insert(rows: list[StoredRow], at: int, other: int) -> list[StoredRow]:
    return [*rows[:at], row(at, entry(other + 100)), *rows[at:]]


def _rewrite(rows: list[StoredRow], at: int, other: int) -> list[StoredRow]:
    return [*rows[:at], row(at, entry(other + 100)), *rows[at + 1 :]]


def _move(rows: list[StoredRow], at: int, other: int) -> list[StoredRow]:
    rest = [*rows[:at], *rows[at + 1 :]]
    return [*rest[:other], rows[at], *rest[other:]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([_delete, _insert, _rewrite, _move]), st.integers(0, 19), st.integers(0, 18)
        ),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_no_edit_of_signed_rows_goes_unnoticed(edits: list[tuple[Edit, int, int]], renumber: bool) -> None:
    rows = list(ROWS)
    for edit, at, other in edits:
        rows = edit(rows, at, other)
    if renumber:
        rows = renumbered(rows)
    changed = [one.canonical for one in rows[:20]] != [one.canonical for one in ROWS[:20]] or (
        [one.index for one in rows[:20]] != list(range(20))
    )
    assert verified(rows).is_whole is not changed
