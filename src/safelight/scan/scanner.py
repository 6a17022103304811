"""One file in, one observation and one verdict out: observe, compare, decide."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from safelight.errors import SafelightError
from safelight.lists import HashList
from safelight.matching.videos import matched_signals
from safelight.media.file import OpenedFile, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.video import UNWATCHED, Watch
from safelight.provenance import Anchors, anchors_of, in_order
from safelight.scan.observe import Source, look, now_utc, observe, unseen
from safelight.scan.origin import Examine, evidence_of, links, listed_models, named_models, wanted
from safelight.scan.policy import DEFAULT_POLICY, Policy
from safelight.scan.searching import Searched, anything_listed, open_lists
from safelight.scan.together import ShardMemory, look_together
from safelight.scan.walk import FoundSet, Refused
from safelight.types import (
    Match,
    Observation,
    Problem,
    ScanResult,
    SearchedList,
    Signal,
    Unhashable,
    UnscannedReason,
)
from safelight.workspace import Workspace

_log: Final = logging.getLogger("safelight.scan")

DEFAULT_LIMITS: Final = Limits()


class Scanner:
    """Scans files, from any number of threads, until closed.

    ``lists`` are hash lists in memory. ``workspace`` is one that ``safelight lists`` made, or its directory;
    ``only`` names those of its lists to search (default: every enabled one). ``policy`` decides; ``limits``
    bound what decoding one file may cost. ``accept_partial_sandbox`` decodes even where this machine lacks
    some of the sandbox's protections, which ``safelight doctor`` names; without, pictures are *unscanned*.
    ``searched`` and ``sandbox`` are what the caller opened, and closes. ``examine`` says of which files the
    evidence of origin is looked for, ``anchors`` whose signatures are trusted (default: the workspace's trust
    list, or the shipped one), ``prompts`` whether prompt texts are taken along.
    ``watch`` follows long videos, and keeps their places.

    Raises :class:`~safelight.errors.SafelightError` when something that it needs cannot be opened. What a
    *file* does wrong is never raised: it is told in the result.
    """

    def __init__(
        self,
        *,
        lists: Iterable[HashList] = (),
        workspace: Workspace | str | os.PathLike[str] | None = None,
        only: Iterable[str] | None = None,
        policy: Policy = DEFAULT_POLICY,
        limits: Limits = DEFAULT_LIMITS,
        accept_partial_sandbox: bool = False,
        clock: Callable[[], datetime] = now_utc,
        searched: Iterable[Searched] = (),
        sandbox: Sandbox | None = None,
        examine: Examine = Examine.MATCHED,
        anchors: Anchors | None = None,
        prompts: bool = False,
        watch: Watch = UNWATCHED,
    ) -> None:
        """Open the lists and start the sandbox."""
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._examine = examine
        self._anchors = anchors or anchors_of(_directory(workspace))
        self._prompts = prompts
        self._watch = watch
        self._shards = ShardMemory()
        with ExitStack() as opening:
            self._searched = (*searched, *opening.enter_context(open_lists(lists, workspace, only)))
            self._sandbox = sandbox or opening.enter_context(
                Sandbox(limits=limits, accept_partial=accept_partial_sandbox)
            )
            self._opened = opening.pop_all()

    def scan(
        self,
        source: Source,
        name: str | None = None,
        *,
        examine: Examine | None = None,
        watch: Watch | None = None,
    ) -> ScanResult:
        """One file's observation and verdict. ``name`` stands for the source in the result.

        ``examine`` and ``watch`` are for this file only.
        """
        shown = name if name is not None else "" if isinstance(source, bytes) else os.fsdecode(source)
        return self._scanned(
            shown, lambda: self._seen(source, shown, examine or self._examine, watch or self._watch)
        )

    def scan_shards(self, found: FoundSet) -> ScanResult:
        """The shards of one model as one file: with the matches of all their tensors together."""

        def seen() -> Observation:
            return self._matched(
                look_together(found, self._looked, self._shards, self._limits, self._clock())
            )

        return self._scanned(found.path, seen)

    def _scanned(self, shown: str, see: Callable[[], Observation]) -> ScanResult:
        try:
            seen = see()
        except Exception as error:  # noqa: BLE001 - a fault of ours must neither stop a run nor pass unseen
            _log.exception("scanning %r failed", shown)
            detail = (
                f"Safelight itself failed ({type(error).__name__}); the log has the details, please report it"
            )
            seen = self._matched(
                unseen(shown, Problem(UnscannedReason.CRASHED, detail=detail), self._clock())
            )
        return ScanResult(seen, self._policy.verdict(seen))

    def _seen(self, source: Source, shown: str, examine: Examine, watch: Watch) -> Observation:
        with open_media(source, max_bytes=self._limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                return self._matched(unseen(shown, opened, self._clock()))
            looked = self._looked(opened, shown, watch)
            self._shards.keep(opened, looked)
            return self._examined(opened, self._matched(looked), examine)

    def _looked(self, opened: OpenedFile, shown: str, watch: Watch = UNWATCHED) -> Observation:
        return look(opened, shown, self._sandbox, self._clock(), watch)

    def compare(self, seen: Observation) -> ScanResult:
        """The verdict on an observation that was made elsewhere, such as hashes that were told."""
        matched = self._matched(seen)
        return ScanResult(matched, self._policy.verdict(matched))

    def refuse(self, refused: Refused) -> ScanResult:
        """The result for a path that a walk did not take for a file."""
        seen = self._matched(unseen(refused.path, refused.problem, self._clock()))
        return ScanResult(seen, self._policy.verdict(seen))

    def anything_listed(self) -> bool:
        """Whether there is anything to find; without, every file is *unscanned*."""
        return anything_listed(self._searched)

    def made_with(self) -> str:
        """A digest of everything but the file that a verdict depends on: lists, policy, limits, version."""
        lists = [(one.state(), one.lists()) for one in self._searched]
        text = repr((version("safelight"), self._policy.fingerprint(), self._limits, self._examine, lists))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _examined(self, opened: OpenedFile, seen: Observation, examine: Examine) -> Observation:
        """With the evidence of origin, where it is wanted; a listed model that it names is a match."""
        if not wanted(examine, self._policy.verdict(seen), self._searched):
            return seen
        found = evidence_of(opened.fd, opened.mime, self._sandbox, self._anchors, prompts=self._prompts)
        named = named_models(found)
        models = tuple(listed_models(named, self._searched))
        return replace(
            seen,
            signals=(*seen.signals, *named),
            matches=(*seen.matches, *models),
            provenance=in_order((*found, *links(models))),
            provenance_examined=True,
        )

    def _matched(self, seen: Observation) -> Observation:
        matches: list[Match] = []
        searched: list[SearchedList] = []
        problems = list(seen.problems)
        capped = False
        for lists in self._searched:
            try:
                found = lists.match(seen.signals)
            except SafelightError as error:
                problems.append(Problem(UnscannedReason.DEPENDENCY_DOWN, detail=str(error)))
                continue
            matches += found.matches
            searched += found.searched
            capped = capped or found.capped
            if found.failed:
                problems.append(Problem(UnscannedReason.DEPENDENCY_DOWN, detail=str(found.failed)))
        return replace(
            seen,
            signals=(*seen.signals, *matched_signals(matches, seen.signals)),
            matches=tuple(matches),
            matches_capped=capped,
            searched=tuple(searched),
            problems=tuple(problems),
        )

    def close(self) -> None:
        """Stop the sandbox and close the lists; scans that are under way end as unscanned."""
        self._opened.close()

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _directory(workspace: Workspace | str | os.PathLike[str] | None) -> Path | None:
    if workspace is None or isinstance(workspace, Workspace):
        return workspace.directory if workspace else None
    return Path(workspace)


def scan(
    source: Source,
    *,
    lists: Iterable[HashList] = (),
    workspace: Workspace | str | os.PathLike[str] | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> ScanResult:
    """Scan one path, or bytes. For more than a few files keep a :class:`Scanner`: starting one takes time."""
    with Scanner(lists=lists, workspace=workspace, policy=policy) as scanner:
        return scanner.scan(source)


def hash(source: Source) -> tuple[Signal | Unhashable | Problem, ...]:  # noqa: A001 - the field's word
    """Every hash of one path, or bytes; with what could not be hashed or looked at, and why."""
    with Sandbox(limits=DEFAULT_LIMITS) as sandbox:
        seen = observe(source, "", sandbox, DEFAULT_LIMITS, now_utc())
    return (*seen.signals, *seen.unhashable, *seen.problems)
