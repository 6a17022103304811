"""The bytes of what somebody looks at: streamed out of the vault, a member taken out, and soon let go again.

Files without a name hold them, so that a kill leaves nothing. Those of a large file are held a little longer
than one view, because a video is played in many requests and an archive is looked at member by member; a
process holds few of them, and whoever asks is still permitted, and the file still kept, each time.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from safelight.media.inside import take_out
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.spool import Spool
from safelight.server.console.words import in_words
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.processes.run_directory import SANDBOX, run_directory
from safelight.server.review.errors import NotShown
from safelight.server.vault import services as vault
from safelight.types import Problem

LARGEST: Final = Limits().max_file_bytes
"""Bytes of a file that can be shown: what the sandbox takes."""
LARGE: Final = 8 << 20
"""Bytes of a file, or of what was taken out of it, from which it is held."""
HELD_SECONDS: Final = 60.0
"""How long after it was last asked for."""
MOST_HELD: Final = 4
"""Of one process; one more, and the one that was not asked for longest is let go."""

_Key = tuple[UUID, UUID, tuple[int, ...]]
"""For whom, which sealed object, and the steps to something inside it."""

_sandbox: Sandbox | None = None


def process_sandbox() -> Sandbox:
    """Where this process has renderings made."""
    global _sandbox  # noqa: PLW0603 - one a process, as for scans
    if _sandbox is None:
        _sandbox = Sandbox(
            directory=run_directory() / SANDBOX,
            accept_partial=settings.CONFIG.accept_partial_sandbox,
            spools=settings.CONFIG.workspace,
        )
    return _sandbox


@contextlib.contextmanager
def content_of(actor: PersonActor, item: Item, reason: str, steps: tuple[int, ...] = ()) -> Iterator[int]:
    """A descriptor, for the sandbox, of a file's bytes or those of a member of it.

    Reading the vault takes a ``reason``, which the ledger is told. Raises :class:`NotShown`.
    """
    sealed = vault.live_object(item)
    if sealed is None:
        raise NotShown(_("Its bytes are not kept here."))
    if item.size > LARGEST:
        raise NotShown(_("This file is too large to be shown here."))

    def whole() -> Spool:
        return _spooled(actor, sealed.pk, reason)

    def member() -> Spool:
        with _held.asked((actor.person.pk, sealed.pk, ()), item.size, whole) as fd:
            found = take_out(fd, item.mime, steps, process_sandbox())
        if isinstance(found, Problem):
            why = in_words(found.reason.value, "reason")
            raise NotShown(_("It could not be taken out: {why}.").format(why=why))
        return found

    make = member if steps else whole
    with _held.asked((actor.person.pk, sealed.pk, steps), item.size, make) as fd:
        yield fd


def _spooled(actor: PersonActor, sealed: UUID, reason: str) -> Spool:
    try:
        spool = Spool(settings.CONFIG.workspace)
    except OSError as error:
        raise _no_room(error) from error
    try:
        for piece in vault.stream(actor, sealed, reason):
            spool.write(memoryview(piece))
        spool.seal()
    except OSError as error:
        spool.close()
        raise _no_room(error) from error
    except BaseException:
        spool.close()
        raise
    return spool


def _no_room(error: OSError) -> NotShown:
    return NotShown(
        _("There is no room to open it ({why}). Tell whoever runs this server.").format(why=error.strerror)
    )


class _Held:
    """Large contents that were asked for not long ago. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spools: OrderedDict[_Key, tuple[Spool, threading.Timer]] = OrderedDict()

    @contextlib.contextmanager
    def asked(self, key: _Key, size: int, make: Callable[[], Spool]) -> Iterator[int]:
        """A descriptor of a content, made unless it is held; ``size`` is that of the file it belongs to."""
        fd = self._find(key)
        if fd is None:
            spool = make()
            fd = self._hold(key, spool) if max(size, spool.size) > LARGE else spool.fd
        try:
            yield fd
        finally:
            os.close(fd)

    def _find(self, key: _Key) -> int | None:
        with self._lock:
            if key not in self._spools:
                return None
            spool, timer = self._spools.pop(key)
            timer.cancel()
            self._keep(key, spool)
            return os.dup(spool.fd)

    def _hold(self, key: _Key, spool: Spool) -> int:
        with self._lock:
            self._let_go(key)  # somebody else may have been as quick
            self._keep(key, spool)
            while len(self._spools) > MOST_HELD:
                self._let_go(next(iter(self._spools)))
            return os.dup(spool.fd)

    def _keep(self, key: _Key, spool: Spool) -> None:
        timer = threading.Timer(HELD_SECONDS, self._expire, (key, spool))
        timer.daemon = True
        timer.start()
        self._spools[key] = spool, timer

    def _expire(self, key: _Key, spool: Spool) -> None:
        with self._lock:
            found = self._spools.get(key)
            if found is not None and found[0] is spool and found[1] is threading.current_thread():
                self._let_go(key)

    def _let_go(self, key: _Key) -> None:
        if key in self._spools:
            spool, timer = self._spools.pop(key)
            timer.cancel()
            spool.close()


_held = _Held()
