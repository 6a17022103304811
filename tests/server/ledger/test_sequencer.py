"""Every committed row has its one place under a signed head within a pass, whoever else is at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from at_once import at_once
from django.db import connection, transaction

from safelight.errors import LedgerError
from safelight.ids import uuid7
from safelight.keys import Keyring, Purpose
from safelight.ledger.archive import DirectoryArchive
from safelight.ledger.tree import MerkleTree, leaf_hash
from safelight.server.ids import clock_at
from safelight.server.ledger import keeping, pseudonyms, sequencer, signing
from safelight.server.ledger.events import Event
from safelight.server.ledger.keeping import HeadKeeper
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPending, LedgerRow
from safelight.server.ledger.sequencer import Sequencer, sequence_once
from safelight.server.ledger.services import record
from safelight.server.ledger.signing import origin, verifiers
from safelight.server.ledger.verification import verify_all
from safelight.server.people.actors import SystemActor
from safelight.server.secrets import ProcessKeys

WEB = SystemActor("web")


def _places() -> list[LedgerRow]:
    return [leaf.row for leaf in LedgerLeaf.objects.order_by("index").select_related("row")]


def _assert_sound(rows: int) -> None:
    report = verify_all()
    assert report.findings == ()
    assert (report.rows, report.proven, report.waiting) == (rows, rows, 0)


def test_the_first_row_names_the_key_and_every_row_has_a_place_under_a_head(db, placed):
    ids = placed(5, heads=3)
    places = _places()
    assert [row.pk for row in places if row.event == "role.granted"] == ids
    started = next(row for row in places if row.event == "ledger.started")
    assert started.subject == verifiers()[0].key_id
    assert [head.size for head in LedgerHead.objects.order_by("size")] == [6, 11, 16]
    tree = MerkleTree(leaf_hash(row.entry().canonical()) for row in places)
    for head in LedgerHead.objects.all():
        assert bytes(head.root) == tree.root(head.size)
        assert verifiers()[0].has_signed(head.signed(origin()))
    assert not LedgerPending.objects.exists()
    _assert_sound(16)


def test_nothing_new_means_no_new_head(db, placed):
    placed(2)
    assert sequence_once() == 0
    assert LedgerHead.objects.count() == 1


def test_many_rows_are_placed_in_batches(db, placed, monkeypatch):
    monkeypatch.setattr(sequencer, "BATCH", 4)
    placed(11)
    _assert_sound(12)
    assert LedgerHead.objects.count() == 4


def test_a_row_committed_late_is_placed_after_rows_with_younger_ids(db, recorded):
    """A long transaction commits last: nothing that was placed moves, and nothing is missed."""
    old = datetime(2020, 1, 1, tzinfo=UTC)
    recorded(2)
    sequence_once()
    with clock_at(lambda: old):
        recorded(1)
    sequence_once()
    assert _places()[-1].at == old
    _assert_sound(4)


def test_a_clock_that_is_set_back_changes_no_place(db, recorded):
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for step in range(5):
        with clock_at(lambda step=step: start - timedelta(hours=step)):
            recorded(2)
            sequence_once()
    _assert_sound(11)


def test_sequencers_at_once_give_every_row_one_place(committing_db, recorded):

    def often(act) -> Callable[[], None]:
        return lambda: [act() for _ in range(12)] and None

    acts = [often(sequence_once)] * 3 + [often(lambda: recorded(3))] * 3
    assert at_once(*acts) == [None] * 6
    sequence_once()
    _assert_sound(3 * 12 * 3 + 1)


def test_after_a_rotation_the_new_key_signs_and_the_former_heads_are_still_accepted(db, placed, monkeypatch):
    placed(3, heads=2)
    before = verifiers()[0]
    ring = Keyring.generate(signing.process_keys().workspace)
    old = signing.process_keys()

    def hold(keys: ProcessKeys) -> None:
        monkeypatch.setattr(signing, "process_keys", lambda: keys)
        monkeypatch.setattr(pseudonyms, "process_keys", lambda: keys)

    new = ProcessKeys.of(ring, Purpose)
    hold(ProcessKeys(new.workspace, new.primary_id, {**new.subkeys, **old.subkeys}))
    placed(2)
    rotated = LedgerRow.objects.get(event="ledger.key_rotated")
    assert rotated.subject == before.key_id
    assert LedgerHead.objects.order_by("-size")[0].key_id != before.key_id
    report = verify_all()
    assert (report.findings, report.former_heads) == ((), 0)

    hold(new)
    placed(2)
    report = verify_all()
    assert (report.findings, report.former_heads, report.proven) == ((), 2, report.rows)
    trusting = verify_all(trusted=[before])
    assert (trusting.findings, trusting.former_heads) == ((), 0)


def test_a_key_that_nobody_rotated_to_is_not_built_upon(db, placed, recorded, monkeypatch):
    placed(3)
    stranger = ProcessKeys.of(Keyring.generate(uuid7()), Purpose)
    monkeypatch.setattr(signing, "process_keys", lambda: stranger)
    recorded(1)
    with pytest.raises(LedgerError, match="none of the root keys held"):
        sequence_once()
    assert LedgerPending.objects.count() == 1


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("DELETE FROM ledger_ledgerhead WHERE size = (SELECT max(size) FROM ledger_ledgerhead)", "not cover"),
        ('DELETE FROM ledger_ledgerleaf WHERE "index" = 3', "not cover"),
        (
            "UPDATE ledger_ledgerhead SET root = salt FROM (SELECT salt FROM ledger_ledgerpayload) s",
            "altered",
        ),
        ("UPDATE ledger_ledgerhead SET at = '2020-01-01 00:00:00'", "none of the root keys held"),
    ],
)
def test_nothing_is_built_on_a_head_that_was_tampered_with(committing_db, placed, recorded, raw, harm, why):
    placed(3)
    raw.unguard()
    raw.run(harm)
    recorded(1)
    with pytest.raises(LedgerError, match=why):
        sequence_once()
    assert LedgerPending.objects.count() == 1


def test_a_row_that_was_altered_before_its_place_stops_no_other(committing_db, recorded, raw):
    recorded(3)
    raw.unguard()
    raw.run(
        "UPDATE ledger_ledgerrow SET event = 'x'"
        " WHERE id = (SELECT id FROM ledger_ledgerrow ORDER BY id LIMIT 1)"
    )
    assert sequence_once() == 3  # two of them, and the ledger's start
    assert sequence_once() == 0
    [finding] = verify_all().findings
    assert finding.fault == "never_placed"


def test_a_sequencer_waits_for_no_other(committing_db, recorded):
    """On PostgreSQL a second sequencer goes away at once, and the first one's crash lets the next one in."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time, whoever it is")
    recorded(2)
    with transaction.atomic():
        assert sequencer._is_the_only_one()
        found: list[int] = []
        assert at_once(lambda: found.append(sequence_once())) == [None]
        assert found == [0]
    assert sequence_once() == 3


def test_heads_are_kept_elsewhere_when_rows_stop_and_once_a_minute_while_they_come(
    db, recorded, tmp_path, monkeypatch
):
    clock = [0.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: clock[0])
    archive = DirectoryArchive(tmp_path)
    works = Sequencer(HeadKeeper(archive))

    def sizes() -> list[int]:
        return [head.head.size for head in archive]

    recorded(1)
    works.once()
    assert sizes() == [2]
    for _ in range(3):
        recorded(1)
        works.once()
    assert sizes() == [2]
    works.once()
    assert sizes() == [2, 5]
    recorded(1)
    clock[0] += keeping.SECONDS
    works.once()
    assert sizes() == [2, 5, 6]
    assert verify_all(kept=archive).findings == ()


def test_a_place_for_heads_that_fails_stops_nothing_and_is_tried_again(
    db, recorded, tmp_path, monkeypatch, caplog
):
    clock = [0.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: clock[0])
    there = tmp_path / "mount"
    works = Sequencer(HeadKeeper(DirectoryArchive(there)))
    recorded(1)
    assert works.once() == 2
    works.once()
    assert "Check the mount" in caplog.text
    assert len(caplog.records) == 1
    there.mkdir()
    clock[0] += keeping.SECONDS
    works.once()
    assert [head.head.size for head in DirectoryArchive(there)] == [2]


def test_keys_are_not_shown(db):
    keys = ProcessKeys.of(Keyring.generate("w"), Purpose)
    assert "subkeys" not in repr(keys)
    record(Event.SIGNED_OUT, WEB)
