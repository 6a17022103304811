"""Details go by one permitted way; rows prove themselves to whoever has no database."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from safelight.errors import LedgerError
from safelight.ledger.bundle import Bundle
from safelight.ledger.heads import HeadSigner
from safelight.server.ids import new_id
from safelight.server.ledger.erasing import erase_payload
from safelight.server.ledger.models import LedgerHead, LedgerPayload
from safelight.server.ledger.proofs import prove
from safelight.server.ledger.signing import origin, verifiers
from safelight.server.people.actors import SystemActor


def test_whoever_may_not_erase_erases_nothing(db, placed, auditor):
    [_, row] = placed(2)
    for actor in (auditor, SystemActor("web")):
        with pytest.raises(PermissionDenied):
            erase_payload(actor, row, "because")
    assert LedgerPayload.objects.get(pk=row).details() is not None


def test_details_are_erased_once(db, placed, administrator):
    [_, row] = placed(2)
    erase_payload(administrator, row, "the person asked for it")
    for missing in (row, new_id()):
        with pytest.raises(LedgerError, match="no details"):
            erase_payload(administrator, missing, "again")


def test_a_bundle_proves_its_rows_without_the_database(db, placed, auditor):
    rows = placed(5, heads=2)
    bundle = Bundle.parse(prove(auditor, [rows[7], rows[1]], with_details=True).to_json())
    assert bundle.problems([verifiers()[0]]) == ()
    assert [row.entry.id for row in bundle.rows] == [rows[1], rows[7]]
    assert bundle.rows[0].payload is not None
    assert b"number 1" in bundle.rows[0].payload.body
    assert bundle.problems([HeadSigner.generate(origin()).verifier]) != ()


def test_a_bundle_discloses_no_details_unless_asked(db, placed, auditor):
    rows = placed(4)
    assert all(row.payload is None for row in prove(auditor, rows).rows)


def test_erased_details_are_not_in_a_bundle_and_their_row_is(db, placed, auditor, administrator):
    [_, row] = placed(2)
    erase_payload(administrator, row, "the person asked for it")
    [proven] = prove(auditor, [row], with_details=True).rows
    assert proven.payload is None


def test_a_row_without_a_place_cannot_be_proven_yet(db, placed, recorded, auditor):
    placed(1)
    for rows in (recorded(1), [new_id()], []):
        with pytest.raises(LedgerError, match="few seconds"):
            prove(auditor, rows)


def test_a_tree_that_is_not_the_signed_one_proves_nothing(committing_db, placed, auditor, raw):
    rows = placed(3)
    raw.unguard()
    raw.run('UPDATE ledger_ledgerleaf SET leaf_hash = ? WHERE "index" = 0', b"\0" * 32)
    with pytest.raises(LedgerError, match="ledger verify"):
        prove(auditor, rows)
    assert LedgerHead.objects.count() == 1


def test_only_who_may_read_the_ledger_gets_a_bundle(db, placed, administrator):
    with pytest.raises(PermissionDenied):
        prove(administrator, placed(1))
