"""Several web workers seal at once, and an orphan removal runs between them."""

from __future__ import annotations

import pytest
from at_once import at_once
from django.db import transaction

from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.ids import now
from safelight.server.intake.models import Intake, Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import SystemActor
from safelight.server.vault.errors import SealedTooLate
from safelight.server.vault.models import SealedObject
from safelight.server.vault.orphans import remove_orphans_once
from safelight.server.vault.services import keep, live_object, purge_once, seal, stands, store_sealed
from safelight.vault.retention import Standing

WEB = SystemActor("web")
pytestmark = pytest.mark.usefixtures("committing_db")


def test_the_same_item_sealed_by_many_at_once_is_one_row_with_its_bytes(vault, item_of, fd_of) -> None:
    item, fd = item_of(), fd_of(b"content" * 1000)
    outcomes = at_once(*[lambda: seal(item, fd, actor=WEB)] * 6)
    assert outcomes == [None] * 6
    assert list(vault.store.ids()) == [live_object(item).pk]
    assert LedgerRow.objects.filter(event="evidence.sealed").count() == 1


def test_recording_races_with_the_removal_of_orphans(vault, item_of, fd_of) -> None:
    for _ in range(8):
        item, sealed = item_of(), store_sealed(fd_of(b"content"))

        def record(item=item, sealed=sealed) -> None:
            with transaction.atomic():
                keep(sealed, item, actor=WEB)

        late, removal = at_once(record, lambda: remove_orphans_once(grace=-now().resolution * 10**6))
        assert removal is None
        assert late is None or isinstance(late, SealedTooLate)
        kept = set(SealedObject.objects.filter(state="sealed").values_list("pk", flat=True))
        assert kept == set(vault.store.ids())
        assert (sealed.object_id in kept) == (late is None)


def test_what_arrives_again_while_it_is_purged_is_either_kept_or_known_to_be_gone(seal_one, item_of) -> None:
    for _ in range(6):
        item = item_of()
        row = seal_one(b"content", item)
        stands(WEB, row.pk, Standing.DISMISSED, now().replace(year=2001))
        seen = []

        def arrive(item=item, seen=seen) -> None:
            with transaction.atomic():
                seen.append(live_object(item) is not None)
                occurrence = Occurrence.objects.create(
                    intake=Intake.objects.create(kind=Intake.Kind.UPLOAD), item=item
                )
                CaseOccurrence.objects.create(case=Case.objects.create(), occurrence=occurrence)

        assert at_once(arrive, purge_once) == [None, None]
        assert seen == [live_object(item) is not None]
