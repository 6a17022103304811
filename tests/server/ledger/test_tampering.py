"""Whatever is changed behind the server's back is found, and the finding says where."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from safelight.ledger.archive import DirectoryArchive
from safelight.ledger.heads import HeadSigner, SignedHead
from safelight.server.ids import new_id
from safelight.server.ledger.erasing import erase_payload
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPayload, LedgerPending, LedgerRow
from safelight.server.ledger.sequencer import sequence_once
from safelight.server.ledger.signing import origin
from safelight.server.ledger.verification import LedgerReport, verify_all

ON_SQLITE = connection.vendor == "sqlite"


def _others(value: Any) -> Iterator[Any]:
    """Values that differ from this one in each of its bytes or characters in turn, and in kind."""
    match value:
        case None:
            yield new_id()
        case memoryview() | bytes():
            raw = bytes(value)
            for place in range(len(raw)):
                yield raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            yield raw[:-1]
            yield b""
        case UUID():
            for place in range(32):
                digit = "0" if value.hex[place] != "0" else "1"
                yield UUID(value.hex[:place] + digit + value.hex[place + 1 :])
        case bool():
            pass
        case str():
            for place in range(len(value)):
                letter = "1" if value[place] != "1" else "2"
                yield value[:place] + letter + value[place + 1 :]
            yield value[:-1]
        case int():
            yield from (value + 1000, -1 - value)
        case datetime():
            yield from (value + timedelta(microseconds=1), value - timedelta(days=1))


def _concerns(report: LedgerReport, index: int, row_id: str) -> bool:
    return any(
        (found.first is not None and found.last is not None and found.first <= index <= found.last)
        or row_id in found.rows
        for found in report.findings
    )


@pytest.mark.parametrize(
    ("model", "place"),
    [(LedgerRow, 3), (LedgerRow, 8), (LedgerPayload, 5), (LedgerLeaf, 3), (LedgerLeaf, 8), (LedgerHead, 2)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_byte_of_every_column_counts(committing_db, placed, raw, model, place):
    """Row ``place`` of the ledger (or the head over it) in turn, in each column, past dropped guards."""
    placed(3, heads=3)
    raw.unguard()
    leaf = LedgerLeaf.objects.get(index=place)
    key = {LedgerRow: leaf.row_id, LedgerPayload: leaf.row_id, LedgerLeaf: leaf.pk}.get(model, 7)
    table, key_column = model._meta.db_table, model._meta.pk.column
    row_id = leaf.row_id.hex
    tried = 0
    for field in model._meta.concrete_fields:
        [(value,)] = raw.run(f'SELECT "{field.column}" FROM {table} WHERE "{key_column}" = ?', _in(key))
        for other in _others(value):
            raw.run(f'UPDATE {table} SET "{field.column}" = ? WHERE "{key_column}" = ?', _in(other), _in(key))
            now_key = other if field.primary_key else key
            report = verify_all()
            # What is wrong with a head is told of every row that it covered.
            assert _concerns(report, 0 if model is LedgerHead else place, row_id), (field.column, other)
            tried += 1
            raw.run(
                f'UPDATE {table} SET "{field.column}" = ? WHERE "{key_column}" = ?', _in(value), _in(now_key)
            )
    assert tried > 30
    assert verify_all().findings == ()


def _in(value: Any) -> Any:
    """A value as the database's own driver takes it."""
    return value.hex if ON_SQLITE and isinstance(value, UUID) else value


@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL's columns have types")
@pytest.mark.parametrize(
    "model", [LedgerRow, LedgerPayload, LedgerLeaf, LedgerHead], ids=lambda m: m.__name__
)
def test_values_of_another_kind_are_found_and_stop_nothing(committing_db, placed, raw, model):
    placed(3, heads=2)
    raw.unguard()
    table, key = model._meta.db_table, model._meta.pk.column
    for field in model._meta.concrete_fields:
        rowids = f'SELECT rowid, "{field.column}" FROM {table} ORDER BY "{key}" LIMIT 1 OFFSET 1'
        [(rowid, value)] = raw.run(rowids)
        for other in ("words", b"\xff\xfe", 3.5, 10**15, "2026-13-45 99:99:99", f"{value}+00:00", "0" * 32):
            if other == value:
                continue
            try:
                raw.run(f'UPDATE {table} SET "{field.column}" = ? WHERE rowid = ?', other, rowid)
            except sqlite3.IntegrityError:
                continue  # another row's key
            assert verify_all().findings != (), (field.column, other)
            raw.run(f'UPDATE {table} SET "{field.column}" = ? WHERE rowid = ?', value, rowid)
    assert verify_all().findings == ()


FROM_SEVEN = 'SELECT row_id FROM ledger_ledgerleaf WHERE "index" > 6'
SUBJECT = "SELECT subject FROM ledger_ledgerrow WHERE id = {other}"
HARM: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "a row is deleted": (("DELETE FROM ledger_ledgerrow WHERE id = {row}",), {"changed", "row_gone"}),
    "a row, its leaf and its details are deleted": (
        (
            "DELETE FROM ledger_ledgerrow WHERE id = {row}",
            "DELETE FROM ledger_ledgerleaf WHERE row_id = {row}",
            "DELETE FROM ledger_ledgerpayload WHERE row_id = {row}",
        ),
        {"missing"},
    ),
    "details are deleted": (("DELETE FROM ledger_ledgerpayload WHERE row_id = {row}",), {"details_gone"}),
    "details are blanked": (
        ("UPDATE ledger_ledgerpayload SET body = NULL, salt = NULL WHERE row_id = {row}",),
        {"details_gone"},
    ),
    "details are blanked and some row named": (
        (
            "UPDATE ledger_ledgerpayload SET body = NULL, salt = NULL WHERE row_id = {row}",
            "UPDATE ledger_ledgerpayload SET erased_by_id = {other} WHERE row_id = {row}",
        ),
        {"details_gone"},
    ),
    "two rows change places": (
        (
            'UPDATE ledger_ledgerleaf SET "index" = -1 WHERE "index" = 4',
            'UPDATE ledger_ledgerleaf SET "index" = 4 WHERE "index" = 5',
            'UPDATE ledger_ledgerleaf SET "index" = 5 WHERE "index" = -1',
        ),
        {"rewritten"},
    ),
    "what happened to one happened to another": (
        (f"UPDATE ledger_ledgerrow SET subject = ({SUBJECT}) WHERE id = {{row}}",),
        {"changed"},
    ),
    "the newest head is deleted": (("DELETE FROM ledger_ledgerhead WHERE size = 10",), {"unsigned"}),
    "every head is deleted": (("DELETE FROM ledger_ledgerhead",), {"unsigned"}),
    "the end is cut off": (
        (
            f"DELETE FROM ledger_ledgerrow WHERE id IN ({FROM_SEVEN})",
            'DELETE FROM ledger_ledgerleaf WHERE "index" > 6',
        ),
        {"missing", "row_gone"},
    ),
}


@pytest.mark.parametrize("what", HARM)
def test_what_is_taken_away_or_moved_is_found(committing_db, placed, raw, what):
    statements, faults = HARM[what]
    placed(3, heads=3)
    raw.unguard()
    rows = list(
        LedgerLeaf.objects.filter(index__in=[4, 5]).order_by("-index").values_list("row_id", flat=True)
    )
    row, other = (f"'{id_.hex}'" for id_ in rows)
    for statement in statements:
        raw.run(statement.format(row=row, other=other))
    assert {found.fault for found in verify_all().findings} == faults


def test_a_row_that_waits_and_is_deleted_is_missed(committing_db, placed, recorded, raw):
    placed(2)
    [waiting] = recorded(1)
    raw.unguard()
    raw.run("DELETE FROM ledger_ledgerrow WHERE id = ?", _in(waiting))
    [finding] = verify_all().findings
    assert (finding.fault, finding.rows) == ("row_gone", (waiting.hex,))


def test_a_row_that_is_made_to_wait_no_more_is_found(committing_db, placed, recorded):
    placed(2)
    [waiting] = recorded(1)
    LedgerPending.objects.all().delete()
    [finding] = verify_all().findings
    assert (finding.fault, finding.rows) == ("never_placed", (waiting.hex,))


def test_history_signed_anew_with_another_key_is_found(committing_db, placed, raw):
    placed(3, heads=3)
    raw.unguard()
    stranger = HeadSigner.generate(origin())
    for head in LedgerHead.objects.all():
        signed = stranger.sign(head.size, bytes(head.root), head.at)
        raw.run(
            "UPDATE ledger_ledgerhead SET key_id = ?, signature = ? WHERE size = ?",
            signed.key_id,
            signed.signature,
            head.size,
        )
    report = verify_all()
    assert {found.fault for found in report.findings} == {"unknown_key", "unsigned"}
    assert report.proven == 0


def test_rows_and_heads_cut_off_together_are_missed_by_heads_kept_elsewhere(
    committing_db, placed, raw, tmp_path
):
    placed(3, heads=3)
    archive = DirectoryArchive(tmp_path)
    archive.write(LedgerHead.objects.get(size=10).signed(origin()))
    raw.unguard()
    for statement in (
        f"DELETE FROM ledger_ledgerpayload WHERE row_id IN ({FROM_SEVEN})",
        f"DELETE FROM ledger_ledgerrow WHERE id IN ({FROM_SEVEN})",
        'DELETE FROM ledger_ledgerleaf WHERE "index" > 6',
        "DELETE FROM ledger_ledgerhead WHERE size > 7",
    ):
        raw.run(statement)
    assert verify_all().findings == ()  # nothing in the database can tell
    [finding] = verify_all(kept=archive).findings
    assert (finding.fault, finding.first, finding.last) == ("missing", 7, 9)


def test_a_damaged_file_among_the_kept_heads_is_told(db, placed, tmp_path):
    placed(1)
    (tmp_path / "00000000000000000001.head").write_text("nothing")
    [finding] = verify_all(kept=DirectoryArchive(tmp_path)).findings
    assert finding.fault == "kept_heads_damaged"


def test_erased_details_leave_the_ledger_whole_and_their_row_proven(db, placed, administrator):
    rows = placed(4)
    with_details = LedgerPayload.objects.filter(row__in=rows)
    for payload in list(with_details):
        erase_payload(administrator, payload.pk, "the person asked for it")
    sequence_once()
    for payload in with_details.all():
        assert payload.details() is payload.body is payload.salt is None
        assert payload.erased_by.subject == payload.pk.hex
    report = verify_all()
    assert (report.findings, report.erased) == ((), 2)


def test_progress_is_told_to_the_end(db, placed):
    placed(4)
    told: list[tuple[int, int]] = []
    progress: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731
    verify_all(progress)
    assert told == [(0, 5), (5, 5)]


def test_rows_that_come_while_heads_are_read_are_no_finding(db, placed, recorded):
    """The server goes on writing; heads kept elsewhere may be newer than what was read a moment ago."""
    placed(2)

    def kept() -> Iterator[SignedHead]:
        yield LedgerHead.objects.latest("size").signed(origin())
        recorded(2)
        sequence_once()
        yield LedgerHead.objects.latest("size").signed(origin())

    report = verify_all(kept=kept())
    assert (report.findings, report.rows, report.kept_heads) == ((), 5, 2)
