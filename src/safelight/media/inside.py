"""What is inside a container, and the bytes of one member: for somebody who looks at them one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from safelight.media import archive, document
from safelight.media.content import Content
from safelight.media.findings import Findings
from safelight.media.inspection import CONTAINERS, is_container
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.members import Enough
from safelight.media.spool import Spool
from safelight.media.unpacking import Allowance, Place, Unpacking, no_memory
from safelight.types import Problem, UnscannedReason

_LAST: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Member:
    """Something inside a file, at any depth.

    ``path`` are the names that lead to it, outermost first, and ``steps`` the how manieth member each of them
    is, from 1; empty where it was never reached. ``reason`` is why its bytes cannot be had, or not all of
    them; ``mime`` and ``size`` are then what came of it, if anything did. ``of_page``: it is a picture of a
    document's page, and so is seen with that page.
    """

    path: tuple[str, ...]
    steps: tuple[int, ...] = ()
    mime: str = ""
    size: int = 0
    reason: UnscannedReason | None = None
    of_page: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """What is inside a file, in its order, and why there may be more: ``reasons`` are of the file itself."""

    members: tuple[Member, ...]
    reasons: tuple[UnscannedReason, ...]


def can_look_inside(mime: str) -> bool:
    """Whether files of this type are containers that are taken apart here."""
    return mime in CONTAINERS


def list_inside(fd: int, mime: str, sandbox: Sandbox, limits: Limits) -> Inside:
    """Take the container behind ``fd`` apart to its depth, within the limits, and say what is in it.

    What begins as something else may be a container as well: ``mime`` is what it first of all is. Nothing is
    decoded. Raises :class:`~safelight.errors.SandboxError` where there is no sandbox.
    """
    listing = _Listing(sandbox, limits)
    found = listing.open(fd, _container(fd, mime), (), ())
    return listing.told(found.problems)


class _Listing:
    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self._sandbox, self._limits = sandbox, limits
        self._allowance = Allowance.of(limits)
        self._found: dict[tuple[str, ...], Member] = {}

    def open(self, fd: int, mime: str, path: tuple[str, ...], steps: tuple[int, ...]) -> Findings:
        def note(place: Place, content: Content) -> Findings:
            there = (*path, place.name), (*steps, place.number)
            # Attachments are never named like that; pdf_reader sees to it.
            of_page = mime in document.MIMES and place.name.startswith("page=")
            return self._note(content, *there, of_page=of_page)

        unpacking = Unpacking(self._limits, self._allowance, note, is_container, self._sandbox.spools)
        with unpacking.members():
            itself = _unpack(fd, mime, self._sandbox, unpacking)
        return unpacking.findings + itself

    def _note(
        self, content: Content, path: tuple[str, ...], steps: tuple[int, ...], *, of_page: bool
    ) -> Findings:
        mime = content.formats[0].mime
        self._found[path] = Member(path, steps, mime, content.size, of_page=of_page)
        container = _container_of(content)
        if container is None:
            return Findings()
        if len(path) >= self._limits.max_depth:
            return Findings.nothing(UnscannedReason.TOO_MANY_PARTS, "nested too deep; it was not opened")
        return self.open(content.fd, container, path, steps)

    def told(self, problems: Iterable[Problem]) -> Inside:
        reasons = dict[UnscannedReason, None]()
        for problem in problems:
            path = problem.part.members
            if problem.reason is UnscannedReason.NOT_A_FILE or problem.part.selectors:
                continue  # a link holds nothing; and whoever looks at a page sees what is wrong with it
            if not path:
                reasons[problem.reason] = None
            else:
                self._found[path] = replace(self._found.get(path, Member(path)), reason=problem.reason)
        in_order = sorted(self._found.values(), key=lambda one: one.steps or (_LAST,))
        return Inside(tuple(in_order), tuple(reasons))


def take_out(fd: int, mime: str, steps: tuple[int, ...], sandbox: Sandbox) -> Spool | Problem:
    """The bytes of one member of the container behind ``fd``, by its steps; or why there are none.

    Each container on the way is opened in a child of its own. The caller closes the spool. Raises
    :class:`~safelight.errors.SandboxError` where there is no sandbox.
    """
    outer: Spool | None = None
    mime = _container(fd, mime)
    for step in steps:
        wanted = _One(sandbox.limits, sandbox.spools)
        try:
            told = _unpack(outer.fd if outer else fd, mime, sandbox, wanted, only=step)
            got = wanted.result(told.problems)
        finally:
            wanted.close()
            if outer is not None:
                outer.close()
        if isinstance(got, Problem):
            return got
        outer = got
        mime = _container(got.fd, "")
    assert outer is not None
    return outer


class _One:
    """Takes one member whole, and nothing after it; a sink of the sandbox's."""

    def __init__(self, limits: Limits, directory: Path | None) -> None:
        self._limits, self._directory = limits, directory
        self._spool: Spool | None = None
        self._whole = False

    def begin(self, name: str) -> None:  # noqa: ARG002 - it was asked for by its number
        if self._spool is not None:
            raise Enough(UnscannedReason.BAD_REPLY, "another member than the one that was asked for")
        try:
            self._spool = Spool(self._directory)
        except OSError as error:
            raise no_memory(error) from error

    def write(self, data: memoryview) -> None:
        assert self._spool is not None
        if self._spool.size + len(data) > self._limits.max_member_bytes:
            raise Enough(UnscannedReason.TOO_LARGE, "the member has more bytes than are allowed")
        try:
            self._spool.write(data)
        except OSError as error:
            raise no_memory(error) from error

    def end(self, *, whole: bool) -> None:
        self._whole = whole

    def result(self, problems: tuple[Problem, ...]) -> Spool | Problem:
        """The member's bytes, which are the caller's from now on; or why there are none."""
        spool = self._spool
        if spool is None or not self._whole or not spool.size:
            return next(iter(problems), Problem(UnscannedReason.TRUNCATED, detail="it is not there whole"))
        self._spool = None
        spool.seal()
        return spool

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _container(fd: int, mime: str) -> str:
    return mime if mime in CONTAINERS else _container_of(Content.of(fd, os.fstat(fd).st_size)) or ""


def _container_of(content: Content) -> str | None:
    return next((each.mime for each in content.formats if each.mime in CONTAINERS), None)


def _unpack(
    fd: int, mime: str, sandbox: Sandbox, members: Unpacking | _One, *, only: int | None = None
) -> Findings:
    unpack = archive.unpack if mime in archive.MIMES else document.unpack
    return unpack(fd, mime, sandbox, members, only=only)
