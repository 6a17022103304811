"""Sends a file to the decoders of its kind, and what they unpack of it to theirs; nothing is passed over."""

from __future__ import annotations

from typing import Final

from safelight.media import archive, audio, document, image, model_file, sound_types, video
from safelight.media.content import Content
from safelight.media.file import OpenedFile
from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.shards import shard_sets, together
from safelight.media.sniff import Sniffed
from safelight.media.unpacking import Allowance, Unpacking
from safelight.types import WHOLE, MediaKind, Problem, UnscannedReason

_NAMES: Final = {
    MediaKind.AUDIO: "audio",
    MediaKind.ARCHIVE: "this kind of archive",
    MediaKind.DOCUMENT: "this kind of document",
    MediaKind.MODEL_FILE: "this kind of model file",
    MediaKind.TEXT: "text",
}

CONTAINERS: Final = archive.MIMES | document.MIMES
"""What is unpacked rather than looked at whole."""

_NOT_THAT_AFTER_ALL: Final = frozenset(
    {UnscannedReason.DAMAGED, UnscannedReason.EMPTY, UnscannedReason.TRUNCATED}
)
"""Reasons, told of the whole, for which a file is not another format as well, beside what it is."""


def inspect(opened: OpenedFile, sandbox: Sandbox, watch: video.Watch = video.UNWATCHED) -> Findings:
    """Everything that can be learnt from a file's content, decoded in the sandbox.

    ``watch`` follows a video, not one within a container.

    What a file does wrong is in the findings' problems. Ask :meth:`OpenedFile.changed` when the last reader
    has finished. Raises :class:`~safelight.errors.SandboxError` when there is no sandbox to decode in.
    """
    return _Inspection(sandbox, watch).look(opened.content, depth=0)


class _Inspection:
    """One file with all that it holds."""

    def __init__(self, sandbox: Sandbox, watch: video.Watch) -> None:
        self._sandbox = sandbox
        self._watch = watch
        self._allowance = Allowance.of(sandbox.limits)

    def look(self, content: Content, depth: int) -> Findings:
        """The findings of a file as every format that it validly is."""
        if content.size == 0:
            return Findings.nothing(UnscannedReason.EMPTY, "the file has no bytes")
        first, *others = content.formats
        found = [self._as(first, content, depth)]
        for other in others:
            more = self._as(other, content, depth)
            if more or not all(_denies(problem) for problem in more.problems):
                found.append(more)
        if first.kind is MediaKind.UNKNOWN and len(found) > 1:
            del found[0]  # what it begins with is unknown, what it is is not
        return Findings.joined(found)

    def _as(self, format_: Sniffed, content: Content, depth: int) -> Findings:
        mime = format_.mime
        if mime in image.NATIVE | image.PILLOWS:
            return image.look(content.fd, mime, self._sandbox)
        if mime in video.MIMES | sound_types.MIMES:
            return self._recording(content, depth)
        if mime in model_file.MIMES:
            return model_file.look(content.fd, content.size, mime, self._sandbox)
        if mime in CONTAINERS:
            return self._unpack(content, mime, depth)
        if format_.kind is MediaKind.UNKNOWN:
            detail = "its first bytes are of no format that is known here"
            return Findings.nothing(UnscannedReason.UNSUPPORTED, detail)
        name = _NAMES.get(format_.kind, "this image format")
        return Findings.nothing(
            UnscannedReason.UNSUPPORTED, f"{name} ({mime}) is not decoded by this version"
        )

    def _recording(self, content: Content, depth: int) -> Findings:
        # Films have sound, and recordings hold covers, or films under another name.
        watch = video.UNWATCHED if depth else self._watch
        shown = video.look(content.fd, self._sandbox, watch)
        return (shown + audio.look(content.fd, content.size, self._sandbox)).without_repeats()

    def _unpack(self, content: Content, mime: str, depth: int) -> Findings:
        limits = self._sandbox.limits
        if depth >= limits.max_depth:
            detail = f"nested more than {limits.max_depth} deep; it was not opened"
            return Findings.nothing(UnscannedReason.TOO_MANY_PARTS, detail)
        unpacking = Unpacking(
            limits,
            self._allowance,
            lambda _place, member: self.look(member, depth + 1),
            is_container,
            self._sandbox.spools,
        )
        unpack = archive.unpack if mime in archive.MIMES else document.unpack
        with unpacking.members():
            itself = unpack(content.fd, mime, self._sandbox, unpacking)
        told = (*unpacking.names, *(each.part.members[0] for each in itself.problems if each.part.members))
        found = unpacking.findings
        for shards in shard_sets(told):
            found = together(found, shards, shards.name)
        return found + itself


def _denies(problem: Problem) -> bool:
    """Whether a problem says that a file is not of a format after all; one of a member says that it is."""
    return problem.part == WHOLE and problem.reason in _NOT_THAT_AFTER_ALL


def is_container(content: Content) -> bool:
    """Whether it is unpacked, as anything that it validly is."""
    return any(each.mime in CONTAINERS for each in content.formats)
