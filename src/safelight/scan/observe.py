"""What one file is and yields, before it is compared with anything: opened, digested, decoded in the sandbox.

Digests and decoders read the same descriptor, so they speak of the same bytes; a file that changed meanwhile
is told as such.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from safelight.errors import SandboxError
from safelight.media import Findings, inspect, open_media
from safelight.media.file import OpenedFile
from safelight.media.naming import mismatch
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.video import UNWATCHED, Watch
from safelight.signals.digest import digest
from safelight.types import MediaKind, Observation, Problem, UnscannedReason

Source = str | os.PathLike[str] | bytes
"""A path, or the bytes themselves."""


def now_utc() -> datetime:
    """The present time; the clock unless a test gives another."""
    return datetime.now(UTC)


def observe(source: Source, name: str, sandbox: Sandbox, limits: Limits, at: datetime) -> Observation:
    """Everything learnt about one file but its matches. What the file does wrong is told, never raised."""
    with open_media(source, max_bytes=limits.max_file_bytes) as opened:
        return unseen(name, opened, at) if isinstance(opened, Problem) else look(opened, name, sandbox, at)


def look(
    opened: OpenedFile, name: str, sandbox: Sandbox, at: datetime, watch: Watch = UNWATCHED
) -> Observation:
    """As :func:`observe`, of a file that is open; ``watch`` follows a long video."""
    try:
        digests = digest(opened.fd)
    except OSError as error:
        return unseen(name, Problem(UnscannedReason.UNREADABLE, detail=error.strerror or ""), at)
    try:
        found = inspect(opened, sandbox, watch.of(digests.sha256))
    except SandboxError as error:
        found = Findings(problems=(Problem(UnscannedReason.SANDBOX_UNAVAILABLE, detail=str(error)),))
    changed = opened.changed()
    if not changed and digests.size != opened.size:
        changed = Problem(UnscannedReason.CHANGED, detail="it ended elsewhere than it was said to")
    return Observation(
        name=name,
        size=opened.size,
        kind=opened.kind,
        mime=opened.mime,
        scanned_at=at,
        pictures=found.pictures,
        signals=(*opened.content.signals(digests), *found.signals),
        unhashable=found.unhashable,
        problems=(*found.problems, changed) if changed else found.problems,
        name_claims=mismatch(name, frozenset(each.kind for each in opened.content.formats)),
    )


def unseen(name: str, problem: Problem, at: datetime) -> Observation:
    """The observation of something that was not even read."""
    return Observation(name, 0, MediaKind.UNKNOWN, "", at, problems=(problem,))
