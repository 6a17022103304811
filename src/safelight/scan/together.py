"""A model cut into shards as one file: the observations of its shards, joined before they are compared."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from pathlib import PurePath
from typing import Final

from safelight.media.file import OpenedFile, open_media
from safelight.media.findings import Findings
from safelight.media.sandbox.limits import Limits
from safelight.media.shards import is_shard, together
from safelight.scan.policy import DIGESTS
from safelight.scan.walk import FoundSet
from safelight.signals.weights import WEIGHTS
from safelight.types import MediaKind, Observation, Problem

MOST_REMEMBERED: Final = 100_000
"""Signals, some 40 MB. Shards beyond are read a second time when their model is looked at."""

_KINDS: Final = DIGESTS | WEIGHTS


class ShardMemory:
    """What shards yielded a moment ago, so that they are not digested again with their model. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Observation] = OrderedDict()
        self._signals = 0

    def keep(self, opened: OpenedFile, seen: Observation) -> None:
        """Remember a model file that is named as a shard is; the oldest are forgotten for it."""
        if opened.kind is not MediaKind.MODEL_FILE or not is_shard(PurePath(seen.name).name):
            return
        self.take(opened)
        with self._lock:
            self._kept[opened.identity] = seen
            self._signals += len(seen.signals)
            while self._signals > MOST_REMEMBERED:
                self._signals -= len(self._kept.popitem(last=False)[1].signals)

    def take(self, opened: OpenedFile) -> Observation | None:
        """What this very file yielded, unchanged since; it is forgotten then."""
        with self._lock:
            seen = self._kept.pop(opened.identity, None)
            self._signals -= len(seen.signals) if seen else 0
            return seen


def look_together(
    found: FoundSet,
    look: Callable[[OpenedFile, str], Observation],
    memory: ShardMemory,
    limits: Limits,
    at: datetime,
) -> Observation:
    """The observation of a model in shards, before it is compared: tensors as those of one file.

    What is of a whole shard has the shard's name as a member's. Shards that are missing, or that could not be
    read, are told; what there is of the model is there to be compared.
    """
    gathered: list[Findings] = []
    size, kind, mime = 0, MediaKind.UNKNOWN, ""
    for name, path in zip(found.shards.names, found.paths, strict=True):
        with open_media(path, max_bytes=limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                gathered.append(Findings(problems=(opened,)).within(name))
                continue
            seen = memory.take(opened) or look(opened, path)
            size += opened.size
            if kind is not MediaKind.MODEL_FILE:
                kind, mime = opened.kind, opened.mime
            signals = tuple(signal for signal in seen.signals if signal.type in _KINDS)
            gathered.append(Findings(signals=signals, problems=seen.problems).within(name))
    joined = together(Findings.joined(gathered), found.shards)
    return Observation(found.path, size, kind, mime, at, signals=joined.signals, problems=joined.problems)
