"""Whether the server can do its work now: each check is one fact with a plain reason when it is not well."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from safelight.errors import SafelightError
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import FAMILIES
from safelight.server.config import Config
from safelight.server.ids import now
from safelight.server.jobs.clock import due_time
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerPending
from safelight.server.processes.index_state import indexes_behind
from safelight.server.processes.run_directory import SANDBOX, run_directory
from safelight.server.processes.status import read_status
from safelight.server.vault.client import VaultClient, socket_path
from safelight.server.vault.keys import unopenable
from safelight.server.vault.services import refuse_untrusted_clock
from safelight.server.vault.stores import destruction_log_path

JOBS_LAG: Final = timedelta(minutes=10)
"""Work that is due is taken within seconds, unless much is due at once or nobody takes it."""
LEAST_FREE_BYTES: Final = 512 << 20
LEAST_FREE_ELSEWHERE: Final = 8 << 20
"""Where only sockets, counts, heads or the log of destructions are written."""
LEDGER_LAG: Final = timedelta(seconds=30)
"""The sequencer places rows within a second; this long means that it does not run."""
_ANSWER_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """One check. ``says`` is empty when all is well, else what is wrong and what to do."""

    name: str
    says: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.says


def readiness() -> tuple[Health, ...]:
    """Every check, in the order in which a fault in one explains those after it."""
    return tuple(_health(name, check) for name, check in CHECKS.items())


def _health(name: str, check: Callable[[Config], str]) -> Health:
    try:
        return Health(name, check(settings.CONFIG))
    except Error:
        return Health(name, "The database does not answer. See that it runs and that its disk has room.")
    except (SafelightError, OSError) as error:
        return Health(name, str(error))


def _database(_config: Config) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations(_config: Config) -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "The database is of an older version. Restart `safelight serve`, which brings it up to date."
    return ""


@functools.cache
def _sandbox_client() -> Sandbox:
    return Sandbox(directory=run_directory() / SANDBOX, accept_partial=True)


def _sandbox(config: Config) -> str:
    gaps = [
        f"{family.name}: {gap}"
        for family in FAMILIES
        for gap in _sandbox_client().protections(family.name).missing
    ]
    if gaps and not config.accept_partial_sandbox:
        return f"The decoders' sandbox is not complete ({'; '.join(gaps)}). See `safelight doctor`."
    return ""


def _indexes(config: Config) -> str:
    behind = indexes_behind(config)
    if behind:
        return f"The indexes lack the last {behind:,} changes of the lists. The index writer catches up."
    return ""


def _processes(_config: Config) -> str:
    status = read_status(run_directory())
    missing = [p.name for p in status.processes if p.pid is None] if status else ["the supervisor"]
    return f"Not running, and about to be restarted: {', '.join(missing)}." if missing else ""


def _vault(_config: Config) -> str:
    VaultClient(socket_path(), patience=0, slowest=_ANSWER_SECONDS).keys()
    return ""


def _keys(_config: Config) -> str:
    held = VaultClient(socket_path(), patience=0, slowest=_ANSWER_SECONDS).keys()
    if missing := unopenable(held.ids):
        return (
            f"Evidence was sealed to {len(missing)} vault keys that this root key does not give. Nothing "
            "more is sealed. Restore the key file of this workspace from your copy."
        )
    return ""


def _jobs(_config: Config) -> str:
    late = due_time() - JOBS_LAG
    if waiting := Job.objects.filter(state=Job.State.DUE, due_at__lt=late).count():
        return f"{waiting:,} jobs have waited for more than {JOBS_LAG}. See the job worker's log."
    return ""


def _ledger(_config: Config) -> str:
    if malformed := LedgerPending.objects.filter(malformed=True).count():
        return f"{malformed} ledger rows were altered and have no place. Run `safelight ledger verify`."
    waiting = LedgerPending.objects.order_by("row__at").values_list("row__at", flat=True).first()
    if waiting is not None and now() - waiting > LEDGER_LAG:
        seconds = int((now() - waiting).total_seconds())
        return f"The ledger's sequencer is {seconds} seconds behind. See the job worker's log."
    return ""


def _disk(config: Config) -> str:
    places = {config.workspace: LEAST_FREE_BYTES, run_directory(): LEAST_FREE_ELSEWHERE}
    places |= {
        place: LEAST_FREE_ELSEWHERE
        for place in (config.heads_directory, destruction_log_path(config).parent)
        if place is not None
    }
    low = {place: free for place, least in places.items() if (free := shutil.disk_usage(place).free) < least}
    return " ".join(
        f"Only {free >> 20} MiB are free at {place}. Free or add space." for place, free in low.items()
    )


def _clock(_config: Config) -> str:
    refuse_untrusted_clock()
    return ""


CHECKS: Final[dict[str, Callable[[Config], str]]] = {
    "database": _database,
    "migrations": _migrations,
    "sandbox": _sandbox,
    "indexes": _indexes,
    "processes": _processes,
    "vault": _vault,
    "keys": _keys,
    "jobs": _jobs,
    "ledger": _ledger,
    "disk": _disk,
    "clock": _clock,
}
