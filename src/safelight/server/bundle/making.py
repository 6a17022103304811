"""Makes a bundle that two people released: streams the files from the vault and seals them as they come."""

from __future__ import annotations

from typing import BinaryIO, Final
from uuid import UUID

from django.db import transaction

from safelight.bundle.recipients import RecipientKey
from safelight.bundle.signing import BundleSigner
from safelight.bundle.writing import Content, SealedBundle, write_bundle
from safelight.errors import LedgerError
from safelight.keys import Purpose
from safelight.server.bundle import shelf
from safelight.server.bundle.describing import describe
from safelight.server.bundle.events import Event
from safelight.server.bundle.models import Export
from safelight.server.ids import now
from safelight.server.ledger.proofs import prove
from safelight.server.ledger.services import record
from safelight.server.ledger.signing import signer as ledger_signer
from safelight.server.people.actors import SystemActor
from safelight.server.secrets import process_keys
from safelight.server.vault.context import context_of
from safelight.server.vault.services import stream

ACTOR: Final = SystemActor("bundle")


def make(bundle_id: UUID) -> None:
    """Make a released bundle. Can be killed and repeated; a made one is left alone.

    Raises :class:`~safelight.errors.LedgerError` while its release has no place in the ledger yet,
    :class:`~safelight.errors.BundleDamaged` where a sealed file is not the recorded one, other
    :class:`~safelight.errors.VaultError`, and ``OSError``.
    """
    export = Export.objects.select_related(
        "case", "recipient", "proposal", "proposal__proposed_by", "proposal__decided_by"
    ).get(pk=bundle_id)
    if export.state != Export.State.RELEASED:
        return
    recipient, signer = RecipientKey(export.recipient.key), signing_key()
    described = describe(export, signer=signer.verifier.fingerprint)
    if not any(step.event == Event.BUNDLE_RELEASED for step in described.description.custody):
        raise LedgerError("The release has no place in the ledger yet. It is tried again in a moment.")
    rows = prove(ACTOR, described.rows, with_details=True)
    context = context_of(export.case).to_bytes()
    reason = f"bundle {bundle_id}"

    def write(out: BinaryIO) -> SealedBundle:
        items = (stream(ACTOR, object_id, reason) for object_id in described.objects)
        content = Content(described.description, rows, ledger_signer().verifier, context, items)
        return write_bundle(out, recipient, signer, content)

    sealed = shelf.put(bundle_id, write)
    with transaction.atomic():
        export.state, export.made_at = Export.State.MADE, now()
        export.sha256, export.sums, export.size = sealed.sha256, sealed.sums_sha256, sealed.size
        export.save(update_fields=["state", "made_at", "sha256", "sums", "size"])
        record(
            Event.BUNDLE_MADE,
            ACTOR,
            subject=export.case_id,
            payload={
                "bundle": str(bundle_id),
                "sha256": sealed.sha256,
                "sums": sealed.sums_sha256,
                "fingerprint": export.recipient.fingerprint,
            },
        )


def signing_key() -> BundleSigner:
    """The key that signs bundles: a subkey of the primary root key."""
    return BundleSigner(process_keys().subkey(Purpose.BUNDLE_SIGNING))
