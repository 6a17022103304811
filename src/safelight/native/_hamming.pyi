"""Bindings of native/hamming; the headers there say what each function promises.

Hashes are 32 bytes as the signal is written (byte 0 = first two hexadecimal digits); rows are the list
store's row numbers, below 2**63. Everything may be called from any thread and lets others run meanwhile.
"""

import builtins
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Bytes: TypeAlias = NDArray[np.uint8]
_Rows: TypeAlias = NDArray[np.uint64]
_Progress: TypeAlias = Callable[[str, float], object] | None

def isa() -> str:
    """Which kernels run: ``scalar``, ``avx2`` or ``avx512``; SAFELIGHT_ISA in the environment forces one."""

class BuildStats:
    """What a build wrote: distinct values, (value, row) pairs, and the bytes of the file."""

    @property
    def unique(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...

class _IndexFile:
    """What both kinds of index file tell about themselves; ``len()`` counts distinct values."""

    def __len__(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def stamp(self) -> builtins.bytes: ...
    def blocks(self) -> int:
        """How many blocks of at most 4 MiB carry a checksum."""

    def verify(self, start_block: int = 0, blocks: int | None = None) -> tuple[int, int | None]:
        """Compare blocks with their checksums: (how many were read, the first bad one or None)."""

class Snapshot(_IndexFile):
    """An immutable, mapped file of 256-bit hashes, searched within a Hamming radius."""

    @staticmethod
    def build(
        path: str,
        hashes: _Bytes | str,
        rows: _Rows | str,
        layout_key: bytes,
        stamp: bytes,
        progress: _Progress = None,
        buffer_bytes: int = 1 << 30,
        *,
        scan_below: int = 8192,
    ) -> BuildStats:
        """Write the index of ``hashes`` (n, 32) or of a raw file of them, and swap it in at ``path``.

        ``progress(phase, fraction)`` may raise to stop. Raises ``OSError`` (a full disk), ``ValueError`` and
        :class:`~safelight.errors.WorkspaceBusy` (another process builds the same file); the file at ``path``
        is then as before. Below ``scan_below`` distinct
        hashes no search tables are written.
        """

    @staticmethod
    def open(path: str, layout_key: bytes) -> Snapshot:
        """Map a file; takes the same time at any size.

        Raises IndexDamaged, IndexTooNew and IndexKeyMismatch of :mod:`safelight.errors`, or ``OSError``.
        """

    def search(
        self, queries: _Bytes, radius: int, cap: int, *, plan: Literal["auto", "tables", "scan"] = "auto"
    ) -> tuple[_Rows, NDArray[np.uint16], NDArray[np.int64], NDArray[np.bool_]]:
        """As the module's ``search``. ``plan`` forces a way for tests and measurements; all are exact."""

    def touched(self, query: bytes, radius: int) -> tuple[int, int, int, int]:
        """What a search reads: fragments, hashes looked up, hashes run through, and bytes in whole lines."""

class Delta:
    """The changes since a snapshot, in memory; ``len()`` counts the added rows that are live."""

    def __init__(self, layout_key: bytes) -> None: ...
    def __len__(self) -> int: ...
    @property
    def withdrawn(self) -> int:
        """How many rows were ever withdrawn here."""

    def add(self, hashes: _Bytes, rows: _Rows) -> None: ...
    def withdraw(self, rows: _Rows) -> None:
        """Forget rows added here and hide them in the snapshot, for good."""

    def hidden(self, rows: _Rows) -> NDArray[np.bool_]:
        """Which of these rows are hidden in the snapshot."""

    def search(
        self, queries: _Bytes, radius: int, cap: int
    ) -> tuple[_Rows, NDArray[np.uint16], NDArray[np.int64], NDArray[np.bool_]]: ...

class ExactSnapshot(_IndexFile):
    """An immutable, mapped file of exact values of one width (1-32 bytes), found by equality."""

    @staticmethod
    def build(
        path: str,
        values: _Bytes | str,
        width: int,
        rows: _Rows | str,
        layout_key: bytes,
        stamp: bytes,
        progress: _Progress = None,
        buffer_bytes: int = 1 << 30,
    ) -> BuildStats: ...
    @staticmethod
    def open(path: str, layout_key: bytes, width: int) -> ExactSnapshot: ...
    def search(self, values: _Bytes, cap: int) -> tuple[_Rows, NDArray[np.int64], NDArray[np.bool_]]: ...

class ExactDelta:
    """As :class:`Delta`, for exact values of one width."""

    def __init__(self, layout_key: bytes, width: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def withdrawn(self) -> int: ...
    def add(self, values: _Bytes, rows: _Rows) -> None: ...
    def withdraw(self, rows: _Rows) -> None: ...
    def hidden(self, rows: _Rows) -> NDArray[np.bool_]: ...
    def search(self, values: _Bytes, cap: int) -> tuple[_Rows, NDArray[np.int64], NDArray[np.bool_]]: ...

def search(
    snapshot: Snapshot | None, delta: Delta | None, queries: _Bytes, radius: int, cap: int
) -> tuple[_Rows, NDArray[np.uint16], NDArray[np.int64], NDArray[np.bool_]]:
    """Rows and distances of all queries, where each query's begin (q + 1 offsets), and which were capped.

    Each query's rows are ordered by distance, then row, and are the nearest ``cap``; withdrawn rows are left
    out first. Exact at any radius of 0-256.
    """

def search_one(
    snapshot: Snapshot | None, delta: Delta | None, query: bytes, radius: int, cap: int
) -> tuple[list[tuple[int, int]], bool]:
    """The same for one query of 32 bytes, quicker: ([(distance, row)], capped)."""

def search_exact(
    snapshot: ExactSnapshot | None, delta: ExactDelta | None, values: _Bytes, cap: int
) -> tuple[_Rows, NDArray[np.int64], NDArray[np.bool_]]:
    """Rows (ascending) of all values, where each value's begin, and which were capped."""
