"""The job worker: does what is due in a few threads, and sequences the ledger every second.

``python -m safelight.server.processes.jobs``; the supervisor starts it. SIGTERM makes it finish what it is
at; what is not finished in time is taken over when its lease runs out.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import django
from django.db import Error, connection

from safelight.errors import LedgerError, SafelightError
from safelight.server.processes.beats import Beat
from safelight.server.processes.beginning import begin, stopping

if TYPE_CHECKING:
    from safelight.server.ledger.sequencer import Sequencer

POLL_SECONDS: Final = 0.5
SEQUENCE_SECONDS: Final = 0.8
"""So that a row has its place within a second."""
SCHEDULE_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 30.0
_TELL_SECONDS: Final = 60.0
_HANG_MARGIN: Final = 60.0
_log = logging.getLogger(__name__)


class Worker(threading.Thread):
    """Does one job after another until told to stop; while the database is away, it waits for it."""

    def __init__(self, stop: threading.Event, worker_id: str, lane: str) -> None:
        """It has to be started."""
        super().__init__(name=f"worker {worker_id}", daemon=True)
        self.lane = lane
        self._stopping, self._id = stop, worker_id
        self._turn_began = time.monotonic()

    def hangs(self, longest: float) -> bool:
        """Whether one job has taken it more than ``longest`` seconds; its lease is another's by then."""
        return time.monotonic() - self._turn_began > longest

    def run(self) -> None:
        """Work."""
        work(self._stopping, self._id, self._begin, self.lane)

    def _begin(self) -> None:
        self._turn_began = time.monotonic()


def work(
    stop: threading.Event,
    worker_id: str,
    begin_turn: Callable[[], None] = lambda: None,
    lane: str | None = None,
) -> None:
    """Do one job after another until told to stop; ``begin_turn`` is called before each.

    Without a ``lane``, of any of them.
    """
    from safelight.server.jobs.working import work_once  # noqa: PLC0415 - needs Django's set-up

    while not stop.is_set():
        begin_turn()
        try:
            worked = work_once(worker_id, lane)
        except Error as error:
            _log.warning("The database did not answer (%s); trying again.", type(error).__name__)
            connection.close()
            worked = False
        if not worked:
            stop.wait(POLL_SECONDS)
    connection.close()


def _prove_keys(stop: threading.Event) -> None:
    """Once the vault is up: that it can open what there is. Nothing is sealed until then."""
    from safelight.server.vault.services import prove_keys  # noqa: PLC0415 - needs Django's set-up

    while not stop.is_set():
        try:
            prove_keys()
        except (SafelightError, Error) as error:
            _log.warning("The vault's keys are not proven yet (%s); trying again.", type(error).__name__)
        else:
            break
        finally:
            connection.close()
        stop.wait(SEQUENCE_SECONDS * 10)


class _Sequencing:
    """The ledger's sequencer, whose failures stop nothing and are told once a minute."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._told = -_TELL_SECONDS

    def once(self) -> None:
        try:
            self._sequencer.once()
        except (Error, LedgerError) as error:
            connection.close()
            if time.monotonic() - self._told >= _TELL_SECONDS:
                self._told = time.monotonic()
                why = str(error) if isinstance(error, LedgerError) else type(error).__name__
                _log.error("The ledger was not sequenced: %s", why)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or SIGINT. Exits with 1 when a worker thread died, to be started anew."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--threads", type=int, default=0, help="common workers; by default 4, with SQLite 1")
    told = parser.parse_args(arguments)
    begin("jobs")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safelight.server.settings")
    django.setup()
    from safelight.server.jobs.clock import machine_time  # noqa: PLC0415 - needs Django's set-up
    from safelight.server.jobs.registry import HANDLERS, load_handlers  # noqa: PLC0415
    from safelight.server.jobs.scheduling import ensure_scheduled  # noqa: PLC0415
    from safelight.server.ledger.sequencer import Sequencer  # noqa: PLC0415

    load_handlers()
    machine_time()  # told as early as possible, before anybody sets the clock
    ensure_scheduled(HANDLERS.values())
    stop = stopping()
    name = f"{socket.gethostname()[:40]}:{os.getpid()}"
    common = told.threads or (1 if connection.vendor == "sqlite" else 4)
    lanes = [""] * common + sorted({known.lane for known in HANDLERS.values()} - {""})
    workers = [Worker(stop, f"{name}:{number}", lane) for number, lane in enumerate(lanes)]
    threading.Thread(target=_prove_keys, args=(stop,), name="safelight-keys", daemon=True).start()
    for worker in workers:
        worker.start()
    sequencing = _Sequencing(Sequencer.configured())
    beat = Beat()
    longest = {
        lane: max(known.longest_seconds for known in HANDLERS.values() if known.lane == lane) + _HANG_MARGIN
        for lane in lanes
    }
    scheduled_at = time.monotonic()
    while not stop.wait(SEQUENCE_SECONDS):
        # A worker that hangs serves nobody else: say nothing, and be started anew.
        if not any(worker.hangs(longest[worker.lane]) for worker in workers):
            beat()
        sequencing.once()
        if time.monotonic() - scheduled_at >= SCHEDULE_SECONDS:
            scheduled_at = time.monotonic()
            with contextlib.suppress(Error):  # a database that is away was told of by others
                ensure_scheduled(HANDLERS.values())
        if not all(worker.is_alive() for worker in workers):
            sys.exit(1)
    drained_by = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < drained_by and (alive := [worker for worker in workers if worker.is_alive()]):
        alive[0].join(SEQUENCE_SECONDS)
        sequencing.once()
    sequencing.once()


if __name__ == "__main__":
    main()
