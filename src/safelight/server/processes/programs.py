"""What `safelight serve` runs, in the order of starting, and which keys each process is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from safelight.keys import Purpose

_RECORDS: Final = frozenset(
    {
        Purpose.DJANGO_SECRET,
        Purpose.RECORD_SEAL,
        Purpose.RECORD_LOOKUP,
        Purpose.LEDGER_PSEUDONYM,
    }
)
_LISTS: Final = frozenset({Purpose.LIST_VALUE_SEAL, Purpose.LIST_VALUE_LOOKUP, Purpose.INDEX_LAYOUT})


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of process: a module that is run, and the keys that it may hold.

    ``patience`` is how long it may say nothing before it counts as hung, in seconds.
    """

    name: str
    module: str
    purposes: frozenset[Purpose]
    patience: float = 30.0


PREPARE: Final = Program("prepare", "safelight.server.processes.prepare", _RECORDS | _LISTS)
VAULT: Final = Program("vault", "safelight.server.processes.vault", frozenset({Purpose.VAULT_PRIVATE}))
INDEXES: Final = Program("indexes", "safelight.server.processes.indexes", _LISTS | {Purpose.DJANGO_SECRET})
JOBS: Final = Program(
    "jobs",
    "safelight.server.processes.jobs",
    _RECORDS | _LISTS | {Purpose.LEDGER_SIGNING, Purpose.BUNDLE_SIGNING},
    patience=120.0,  # it waits for a database that is busy or away
)
WEB: Final = Program("web", "safelight.server.processes.web", _RECORDS | _LISTS)
WITHOUT_KEYS: Final = Program("web", "safelight.server.processes.web_without_keys", frozenset())

BEHIND_WEB: Final = (VAULT, INDEXES, JOBS)
"""Started before the web processes and stopped after them."""
