"""Takes heads to a second place, where whoever can rewrite the database cannot reach them."""

from __future__ import annotations

import logging
import time
from typing import Final

from safelight.errors import LedgerError
from safelight.ledger.archive import HeadArchive
from safelight.server.ledger.models import LedgerHead
from safelight.server.ledger.signing import origin

SECONDS: Final = 60.0
"""How often a head is written while rows keep coming, and how soon a failure is tried again."""

_log = logging.getLogger(__name__)


class HeadKeeper:
    """Writes the newest head as soon as rows stop coming, and one a minute while they do."""

    def __init__(self, archive: HeadArchive) -> None:
        """``archive`` must write durably, and take the same head twice."""
        self._archive = archive
        self._kept: int | None = None
        self._failed = False
        self._next = time.monotonic()

    def keep(self, *, idle: bool) -> None:
        """Keep the newest head if it is time; ``idle`` says that no row came. A failure is logged."""
        newest = LedgerHead.objects.order_by("-size").first()
        if newest is None or newest.size == self._kept:
            return
        if time.monotonic() < self._next and (self._failed or not idle):
            return
        self._next = time.monotonic() + SECONDS
        try:
            self._archive.write(newest.signed(origin()))
        except LedgerError as error:
            self._failed = True
            _log.error("The newest ledger head was not kept elsewhere. %s", error)
        else:
            self._failed, self._kept = False, newest.size
