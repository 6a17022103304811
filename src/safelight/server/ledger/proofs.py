"""Rows that prove themselves, to go with evidence to whoever has no access to the database."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from safelight.errors import LedgerError
from safelight.ledger.bundle import Bundle
from safelight.ledger.tree import MerkleTree
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPayload
from safelight.server.ledger.signing import origin
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def prove(actor: Actor, row_ids: Sequence[UUID], *, with_details: bool = False) -> Bundle:
    """Rows with their proofs under the newest head, in the order of their places; details where asked for.

    Reads every leaf hash: 64 bytes of memory a ledger row. Raises :class:`~safelight.errors.LedgerError` when
    a row has no place yet, or the tree is not the signed one.
    """
    require(actor, Permission.LEDGER_READ)
    newest = LedgerHead.objects.order_by("-size").first()
    leaves = list(LedgerLeaf.objects.filter(row__in=row_ids).select_related("row").order_by("index"))
    if newest is None or not leaves or len(leaves) != len(set(row_ids)) or leaves[-1].index >= newest.size:
        raise LedgerError("Not every row has its place in the ledger yet. Try again in a few seconds.")
    hashes = LedgerLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)
    tree = MerkleTree(bytes(leaf) for leaf in hashes[: newest.size].iterator())
    if len(tree) != newest.size or tree.root() != bytes(newest.root):
        raise LedgerError("The rows do not make the signed tree. Run `safelight ledger verify`.")
    kept = LedgerPayload.objects.filter(row__in=row_ids) if with_details else LedgerPayload.objects.none()
    details = {payload.row_id: payload.details() for payload in kept}
    return Bundle.of(
        tree,
        newest.signed(origin()),
        ((leaf.index, leaf.row.entry(), details.get(leaf.row_id)) for leaf in leaves),
    )
