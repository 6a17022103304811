"""Gives every committed row its place in the tree, for good, and signs a head over it.

One sequencer works at a time. Rows, heads and what waits change in one transaction, so a killed sequencer
leaves nothing half done. Places follow the order in which rows were written and found committed, never that
of clocks.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from safelight.errors import LedgerError, LedgerMalformed
from safelight.ledger.archive import DirectoryArchive
from safelight.ledger.entry import LedgerEvent
from safelight.ledger.heads import HeadSigner, is_signed_by_any
from safelight.ledger.tree import Frontier, leaf_hash
from safelight.server.ids import now
from safelight.server.ledger.keeping import HeadKeeper
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPending
from safelight.server.ledger.services import write
from safelight.server.ledger.signing import origin, signer, verifiers
from safelight.server.people.actors import SystemActor

BATCH: Final = 500
_LOCK: Final = 0x5AFE_1ED6
"""The number of PostgreSQL's advisory lock. Whoever holds it is the sequencer, until its transaction ends."""
_ME: Final = SystemActor("jobs")
_log = logging.getLogger(__name__)


class Sequencer:
    """Places rows, and keeps heads elsewhere if the operator named a place."""

    def __init__(self, keeper: HeadKeeper | None = None) -> None:
        """For the process that calls :meth:`once` every second."""
        self._keeper = keeper

    @classmethod
    def configured(cls) -> Sequencer:
        """As the settings say."""
        directory = settings.CONFIG.heads_directory
        return cls(None if directory is None else HeadKeeper(DirectoryArchive(directory)))

    def once(self) -> int:
        """Place all that waits; see :func:`sequence_once`."""
        placed = sequence_once()
        if self._keeper is not None:
            self._keeper.keep(idle=not placed)
        return placed


def sequence_once() -> int:
    """Place every row committed so far under a signed head, and return how many that were.

    0 also while another sequencer is at work. Raises :class:`~safelight.errors.LedgerError`, and places
    nothing, when the newest head is not one that it can build on.
    """
    placed = 0
    while LedgerPending.objects.filter(malformed=False).exists():
        found = _place_batch(signer())
        placed += found
        if not found:
            break
    return placed


@dataclass(frozen=True, slots=True)
class _Base:
    """What a batch is appended to."""

    frontier: Frontier
    key_id: str


def _place_batch(signs: HeadSigner) -> int:
    with transaction.atomic(durable=True):
        if not _is_the_only_one():
            return 0
        base = _base()
        waiting = LedgerPending.objects.filter(malformed=False).select_related("row").order_by("id")
        rows = [pending.row for pending in waiting[: BATCH - 1]]
        if not rows:
            return 0
        if base.key_id != signs.verifier.key_id:
            # The row that names the former key is what `verify` accepts that key's heads by.
            event = LedgerEvent.KEY_ROTATED if base.key_id else LedgerEvent.STARTED
            subject = base.key_id or signs.verifier.key_id
            rows.append(write(event, _ME, subject, {"key": signs.verifier.to_text()}))
        frontier = base.frontier
        leaves = []
        for row in rows:
            try:
                leaf = leaf_hash(row.entry().canonical())
            except LedgerMalformed:
                _log.error("Ledger row %s can have no place: its columns were altered.", row.id)
                LedgerPending.objects.filter(row=row).update(malformed=True)
                continue
            leaves.append(LedgerLeaf(index=frontier.size, row=row, leaf_hash=leaf))
            frontier = frontier.append(leaf)
        if leaves:
            LedgerLeaf.objects.bulk_create(leaves)
            LedgerPending.objects.filter(row__in=[leaf.row_id for leaf in leaves]).delete()
            _sign(signs, frontier)
        return len(leaves)


def _is_the_only_one() -> bool:
    """SQLite's BEGIN IMMEDIATE lets one writer in; PostgreSQL is asked for a lock that a crash releases."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _base() -> _Base:
    """The newest head, unless something about it is not as this sequencer would have left it."""
    last = LedgerLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    leaves = 0 if last is None else last + 1
    newest = LedgerHead.objects.order_by("-size").first()
    if newest is None and not leaves:
        return _Base(Frontier(), "")
    if newest is None or newest.size != leaves:
        raise _cannot_build(f"there are {leaves} placed rows, which the newest signed head does not cover")
    frontier = Frontier.parse(bytes(newest.frontier))
    if (frontier.size, frontier.root()) != (newest.size, bytes(newest.root)):
        raise _cannot_build("the newest signed head was altered")
    if not is_signed_by_any(newest.signed(origin()), verifiers()):
        raise _cannot_build(
            f"the newest head was signed with key {newest.key_id}, which comes from none of the root keys "
            "held. If you retired a root key while the server was stopped, put back your copy of the key file"
        )
    return _Base(frontier, newest.key_id)


def _cannot_build(why: str) -> LedgerError:
    return LedgerError(
        f"Ledger rows wait for their place: {why}. Nothing is lost. Run `safelight ledger verify`, "
        "and restore the database if it was altered."
    )


def _sign(signs: HeadSigner, frontier: Frontier) -> None:
    signed = signs.sign(frontier.size, frontier.root(), now())
    LedgerHead.objects.create(
        size=signed.head.size,
        root=signed.head.root,
        at=signed.head.at,
        key_id=signed.key_id,
        signature=signed.signature,
        frontier=frontier.to_bytes(),
    )
