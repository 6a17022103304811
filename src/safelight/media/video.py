"""Video: hashed frame by frame in the sandbox, child after child, so that its length is no matter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import VIDEO
from safelight.media.sandbox.limits import MAX_WALL_SECONDS, Limits
from safelight.media.sandbox.messages import Body, FrameFound, ResumeFound, StreamsFound, VideoFound
from safelight.media.video_bookmark import Bookmark, keep_place
from safelight.signals.vpdq import vpdq_signal
from safelight.types import WHOLE, Part, Picture, Problem, Unhashable, UnscannedReason

MIMES: Final = frozenset(
    {
        "video/3gpp",
        "video/matroska",
        "video/mp2t",
        "video/mp4",
        "video/mpeg",
        "video/ogg",
        "video/quicktime",
        "video/vnd.avi",
        "video/webm",
        "video/x-flv",
        "video/x-ms-asf",
    }
)
"""What FFmpeg's demuxers are asked to open."""

MAX_STREAMS: Final = 8
"""Streams of moving pictures that are looked at; a film on disc has some angles, no file has this many."""

MOST_CHILDREN: Final = 2_000
"""Children after which a video is left, whatever time is allowed: those of a sound one take seconds each."""

_SHARE: Final = 0.5
"""Of the time a file may take, what a child decodes before it pauses at the next keyframe."""
PATIENCE: Final = 6
"""Times the time a file may take that a child has for reaching that keyframe: ten seconds of large pictures
take a small processor minutes."""

Progress = Callable[[float, float | None], None]
"""Called with the seconds of video looked at, and how many there are where the header tells."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Follows a long video: ``progress`` is told of it, and in ``bookmarks``, a directory, its place is kept.

    A look that was broken off goes on from there, if it is at the same file (its SHA-256 is ``file``).
    """

    progress: Progress = lambda _done, _whole: None
    bookmarks: Path | None = None
    file: str = ""

    def of(self, sha256: str) -> Watch:
        """The same for this very file."""
        return replace(self, file=sha256)

    @contextmanager
    def bookmark(self) -> Iterator[Bookmark | None]:
        """The file's bookmark, if places are kept and nobody else looks at the same file just now."""
        if self.bookmarks is None or not self.file:
            yield None
            return
        with keep_place(self.bookmarks, self.file) as bookmark:
            yield bookmark


UNWATCHED: Final = Watch()


def look(fd: int, sandbox: Sandbox, watch: Watch = UNWATCHED, *, patience: int = PATIENCE) -> Findings:
    """The vPDQ of every stream of moving pictures, and what of them could not be read."""
    found, number, streams = [], 0, 1
    until = time.monotonic() + sandbox.limits.total_seconds
    with watch.bookmark() as bookmark:
        while number < min(streams, MAX_STREAMS):
            watching = _Watching(fd, number, sandbox, watch.progress, patience, until, bookmark)
            found.append(watching.findings())
            streams = watching.streams
            number += 1
    if streams > MAX_STREAMS:
        detail = f"it has {streams} streams of moving pictures; the first {MAX_STREAMS} were hashed"
        found.append(Findings.nothing(UnscannedReason.TOO_MANY_PARTS, detail))
    return Findings.joined(found)


@dataclass(slots=True)
class _Watching:
    """One stream, from its beginning to its end or to where it cannot be followed."""

    fd: int
    number: int
    sandbox: Sandbox
    progress: Progress
    patience: int
    until: float
    bookmark: Bookmark | None
    streams: int = 0
    _video: VideoFound | None = None
    _frames: list[FrameFound] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)

    @property
    def _part(self) -> Part:
        return WHOLE.select(stream=self.number + 1) if self.number else WHOLE

    def findings(self) -> Findings:
        """What was learnt of it."""
        resume: ResumeFound | None = None
        for resume in self._replies():
            if resume.until > self.sandbox.limits.max_video_seconds:
                detail = f"only the first {resume.until:,.0f} seconds were hashed"
                self._problem(UnscannedReason.TOO_MANY_PARTS, detail)
                break
            if time.monotonic() > self.until:
                seconds = self.sandbox.limits.total_seconds
                self._problem(UnscannedReason.TIMEOUT, f"looking at it took more than {seconds:,.0f} seconds")
                break
        part, video = self._part, self._video
        problems = tuple(self._problems)
        if video is None:
            return Findings(problems=problems)
        picture = Picture(part, video.width, video.height)
        hashed = vpdq_signal(
            [(f.hashes, f.quality, f.t) for f in self._frames], video.width, video.height, part
        )
        if hashed is None:
            return Findings((picture,), problems=problems)
        if isinstance(hashed, Unhashable):
            return Findings((picture,), unhashable=(hashed,), problems=problems)
        return Findings((picture,), (hashed,), problems=problems)

    def _replies(self) -> Iterator[ResumeFound]:
        """One pause after the other, until there is nothing to go on to."""
        limits = _limits(self.sandbox.limits, self.patience)
        asked: dict[str, object] = {
            "stream": self.number,
            "seconds": self.sandbox.limits.wall_seconds * _SHARE,
        }
        until, children = float("-inf"), 0
        if paused := self._where_it_was_left():
            until, asked["resume"] = paused.until, paused.model_dump()
        while True:
            reply = self.sandbox.decode(VIDEO.name, self.fd, json.dumps(asked).encode(), limits=limits)
            paused = self._take(reply.messages)
            if paused and self.bookmark and not reply.problems:
                self.bookmark.note(self.number, reply.messages)
            for problem in reply.problems:
                self._problem(problem.reason, problem.detail)
            if self._frames:
                self.progress(self._frames[-1].t, self._video.seconds if self._video else None)
            if paused is None:
                return
            children += 1
            if paused.until <= until or children == MOST_CHILDREN:
                detail = "the decoder paused where it had begun, or too often"
                self._problem(UnscannedReason.TIMEOUT, detail)
                return
            until = paused.until
            asked["resume"] = paused.model_dump()
            yield paused

    def _where_it_was_left(self) -> ResumeFound | None:
        """Where an earlier look at this stream was broken off, with what it had found."""
        return self._take(self.bookmark.noted(self.number)) if self.bookmark else None

    def _take(self, messages: Iterable[Body]) -> ResumeFound | None:
        """Keep what a decoder said; the pause, if it is one."""
        paused: ResumeFound | None = None
        for message in messages:
            match message:
                case StreamsFound():
                    self.streams = message.video
                case VideoFound():
                    self._video = message
                case FrameFound():
                    self._frames.append(message)
                case ResumeFound():
                    paused = message
        return paused

    def _problem(self, reason: UnscannedReason, detail: str) -> None:
        """Of a stream that was followed for a while, where it was left."""
        part = self._part
        if self._frames and reason not in _OF_THE_WHOLE:
            part = part.select(t=self._frames[-1].t)
        self._problems.append(Problem(reason, part, detail))


_OF_THE_WHOLE: Final = frozenset({UnscannedReason.TRUNCATED, UnscannedReason.DAMAGED})


def _limits(limits: Limits, patience: int) -> Limits:
    """What one child may use: more time than a picture has."""
    return replace(
        limits,
        wall_seconds=min(MAX_WALL_SECONDS, limits.wall_seconds * patience),
        cpu_seconds=min(MAX_WALL_SECONDS, limits.cpu_seconds * patience),
        max_parts=max(limits.max_parts, _MAX_FRAMES),
    )


_MAX_FRAMES: Final = 10_000
"""Frames that a child hashes before it pauses."""
