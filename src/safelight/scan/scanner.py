"""One file in, one observation and one verdict out: open, digest, decode in the sandbox, match, decide."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Final, Self

from safelight.errors import SafelightError
from safelight.lists.store import ListStore
from safelight.matching import Matched, Matcher
from safelight.media import inspect, open_media
from safelight.media.sandbox import Limits, Sandbox
from safelight.scan.policy import DEFAULT_POLICY, Policy
from safelight.scan.walk import Refused
from safelight.signals.digest import digest
from safelight.types import (
    Match,
    MediaKind,
    Observation,
    Problem,
    ScanResult,
    SearchedList,
    Signal,
    UnscannedReason,
)

_log: Final = logging.getLogger("safelight.scan")

DEFAULT_LIMITS: Final = Limits()

Source = str | os.PathLike[str] | bytes
"""A path, or the bytes themselves."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A store, what searches it, and which of its lists (None: every enabled one)."""

    store: ListStore
    matcher: Matcher
    only: frozenset[str] | None = None

    def match(self, signals: Sequence[Signal]) -> Matched:
        """What the chosen lists have to say. When matches were capped, they stay so: some may be hidden."""
        found = self.matcher.match(signals)
        if self.only is None:
            return found
        return Matched(
            tuple(match for match in found.matches if match.list in self.only),
            found.capped,
            tuple(searched for searched in found.searched if searched.name in self.only),
        )


def _now() -> datetime:
    return datetime.now(UTC)


class Scanner:
    """Scans files, from any number of threads, until closed.

    ``searched`` are the lists to compare with; :func:`safelight.scan.open_scanner` gathers them from a
    workspace and from lists in memory. ``policy`` decides; ``limits`` bound what decoding one file may cost.

    What a *file* does wrong is never raised: it is told in the result.
    """

    def __init__(
        self,
        searched: Iterable[Searched],
        *,
        policy: Policy = DEFAULT_POLICY,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Start the sandbox. Raises :class:`~safelight.errors.SandboxError`."""
        self._searched = tuple(searched)
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._resources = ExitStack()
        self._sandbox = self._resources.enter_context(Sandbox(limits))

    def scan(self, source: Source, name: str | None = None) -> ScanResult:
        """One file's observation and verdict. ``name`` stands for the source in the result."""
        shown = name if name is not None else "" if isinstance(source, bytes) else os.fsdecode(source)
        try:
            observation = self._observe(source, shown)
        except Exception as error:  # noqa: BLE001 - a fault of ours must neither stop a run nor pass unseen
            _log.exception("scanning %r failed", shown)
            detail = (
                f"Safelight itself failed ({type(error).__name__}); the log has the details, please report it"
            )
            observation = self._unseen(shown, Problem(UnscannedReason.CRASHED, detail=detail))
        return ScanResult(observation, self._policy.verdict(observation))

    def refuse(self, refused: Refused) -> ScanResult:
        """The result for a path that a walk did not take for a file."""
        observation = self._unseen(refused.path, refused.problem)
        return ScanResult(observation, self._policy.verdict(observation))

    def made_with(self) -> str:
        """A digest of everything but the file that a verdict depends on: lists, policy, limits, version."""
        lists = [(s.store.stamp(), s.store.lists(), sorted(s.only or ())) for s in self._searched]
        text = repr((version("safelight"), self._policy.fingerprint(), self._limits, lists))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _observe(self, source: Source, name: str) -> Observation:
        with open_media(source, max_bytes=self._limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                return self._unseen(name, opened)
            digests = digest(opened.fd)
            found = inspect(opened, self._sandbox)
            changed = opened.changed()
        problems = found.problems + ((changed,) if changed else ())
        signals = (*digests, *found.signals)
        seen = Observation(
            name=name,
            size=opened.size,
            kind=opened.kind,
            mime=opened.mime,
            scanned_at=self._clock(),
            pictures=found.pictures,
            signals=signals,
            unhashable=found.unhashable,
            problems=problems,
        )
        return self._matched(seen)

    def _unseen(self, name: str, problem: Problem) -> Observation:
        """The observation of a file that was not even read."""
        empty = Observation(name, 0, MediaKind.UNKNOWN, "", self._clock(), problems=(problem,))
        return self._matched(empty)

    def _matched(self, seen: Observation) -> Observation:
        matches: list[Match] = []
        lists: list[SearchedList] = []
        problems = list(seen.problems)
        capped = False
        for searched in self._searched:
            try:
                found = searched.match(seen.signals)
            except SafelightError as error:
                problems.append(Problem(UnscannedReason.DEPENDENCY_DOWN, detail=str(error)))
                continue
            matches += found.matches
            lists += found.searched
            capped = capped or found.capped
        return replace(
            seen,
            matches=tuple(matches),
            matches_capped=capped,
            searched=tuple(lists),
            problems=tuple(problems),
        )

    def close(self) -> None:
        """Stop the sandbox; scans that are under way end as unscanned."""
        self._resources.close()

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
