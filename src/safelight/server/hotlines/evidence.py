"""The bytes that go with a report: read from the vault piece by piece, never spooled, each time on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.hotlines.errors import EvidenceGone
from safelight.server.hotlines.events_sending import Event
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault import place
from safelight.server.vault.key_records import key_record
from safelight.server.vault.sealing import live_object
from safelight.vault.wrapping import KeyRecord

_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sealed object, allowed to be read once."""

    key: KeyRecord
    length: int

    def pieces(self) -> Iterator[bytes]:
        """The whole content. Raises :class:`~safelight.errors.VaultError` in the middle of it, too."""
        for start in range(0, self.length, _PIECE):
            yield place.vault().read(self.key, start, min(_PIECE, self.length - start))


def open_evidence(actor: Actor, report: Report, file: ReportFile) -> Evidence:
    """Allow the bytes of a report's file to be read for its hotline; the ledger has it before anybody does.

    Raises :class:`EvidenceGone`, and ``PermissionDenied``.
    """
    with transaction.atomic(durable=True):
        row = live_object(file.item)
        if row is None:
            told = _("The evidence of file {number} of this report is not there any more.")
            raise EvidenceGone(told.format(number=file.position + 1))
        require(actor, Permission.EVIDENCE_VIEW, item=file.item)
        record(
            Event.EVIDENCE_SENT,
            actor,
            subject=row.pk,
            payload={"report": str(report.pk), "environment": report.environment},
        )
        return Evidence(key_record(row), row.length)
