"""A store's stream of changes in memory, grown by a script that any process can repeat from its seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence

from safelight.lists.store import Change, ChangeKind, Stamp

HASH_BITS = 256


def near(center: int, bits: Sequence[int]) -> str:
    """The hash at the given bits' distance from a center."""
    for bit in bits:
        center ^= 1 << bit
    return f"{center:064x}"


def distance(a: str, b: str) -> int:
    """The Hamming distance of two hashes."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def brute_force(rows: dict[int, str], query: str, radius: int) -> list[tuple[int, int]]:
    """What an exact search must find: (distance, row), nearest first."""
    return sorted((d, row) for row, value in rows.items() if (d := distance(value, query)) <= radius)


class RecordedSource:
    """An index source whose changes are all remembered; row numbers are sequence numbers, as in the real store."""

    def __init__(self, workspace: str = "workspace", epoch: str = "epoch-1") -> None:
        self.workspace = workspace
        self.epoch = epoch
        self._lock = threading.RLock()
        self._log: list[Change] = []
        self._rows: dict[int, tuple[str, str]] = {}
        self.kept: set[int] = set()

    def add(self, value: str, signal_type: str = "pdq") -> int:
        with self._lock:
            row = len(self._log) + 1
            self._log.append(Change(row, ChangeKind.ADD, row, signal_type, value))
            self._rows[row] = signal_type, value
            return row

    def withdraw(self, row: int) -> None:
        with self._lock:
            signal_type, _ = self._rows.pop(row)
            self._log.append(Change(len(self._log) + 1, ChangeKind.WITHDRAW, row, signal_type))

    def rows(self, signal_type: str = "pdq", at: int | None = None) -> dict[int, str]:
        """The live rows, now or at an earlier sequence."""
        with self._lock:
            rows: dict[int, str] = {}
            for change in self._log[:at]:
                if change.signal_type != signal_type:
                    continue
                if change.kind is ChangeKind.ADD:
                    rows[change.row] = change.value or ""
                else:
                    del rows[change.row]
            return rows

    def cut_back(self, sequence: int) -> None:
        """As if a backup taken at that sequence had been restored."""
        with self._lock:
            self._log = self._log[:sequence]
            kinds = {change.row: change.signal_type for change in self._log}
            live = {t: self.rows(t) for t in set(kinds.values())}
            self._rows = {row: (t, value) for t, rows in live.items() for row, value in rows.items()}

    def grow(self, script: random.Random, sequence: int, centers: int = 8) -> None:
        """Go on with a script of additions around a few centers, and withdrawals, up to a sequence."""
        while len(self._log) < sequence:
            loose = sorted(self._rows.keys() - self.kept)
            if loose and script.random() < 0.3:
                self.withdraw(script.choice(loose))
            else:
                center = random.Random(script.randrange(centers)).getrandbits(HASH_BITS)
                self.add(near(center, script.sample(range(HASH_BITS), script.randrange(70))))

    def stamp(self) -> Stamp:
        with self._lock:
            return Stamp(self.workspace, self.epoch, len(self._log))

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        with self._lock:
            return self._log[after : after + limit]

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        with self._lock:
            return iter([(row, value) for row, (t, value) in self._rows.items() if t == signal_type])
