"""Looks at each member of a container as at a file of its own, and inside containers again, to a depth.

A member is spooled, digested and inspected while its container's decoder waits, then forgotten. Members that
are containers themselves are kept until that decoder has ended, since a container's turn in the sandbox must
not wait for another: a full house of them would wait for ever.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from safelight.media.content import Content, digest_signals
from safelight.media.findings import Findings
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.members import Enough
from safelight.media.spool import Spool
from safelight.types import UnscannedReason


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked out of one file, over all its depths."""

    members: int
    unpacked_bytes: int

    @classmethod
    def of(cls, limits: Limits) -> Allowance:
        """All that the limits allow."""
        return cls(limits.max_members, limits.max_unpacked_bytes)


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    spool: Spool
    whole: bool
    content: Content


@dataclass(slots=True)
class Unpacking:
    """Takes the members of one container; a :class:`~safelight.media.sandbox.members.MemberSink`.

    ``inspect`` looks at a member's content, ``nests`` tells containers. Decode the container inside
    ``with unpacking.members():``; the findings are there afterwards.
    """

    limits: Limits
    allowance: Allowance
    inspect: Callable[[Content], Findings]
    nests: Callable[[Content], bool]
    _name: str = ""
    _spool: Spool | None = None
    _over: bool = False
    _names: set[str] = field(default_factory=set)
    _kept: list[_Member] = field(default_factory=list)
    _found: list[Findings] = field(default_factory=list)

    @property
    def findings(self) -> Findings:
        """What every member held, each part with the member's name."""
        return Findings.joined(self._found)

    @contextmanager
    def members(self) -> Iterator[None]:
        """Inside, members are taken; when it is left, those that were kept are looked at."""
        try:
            yield
            for member in self._kept:
                self._look(member)
        finally:
            for member in self._kept:
                member.spool.close()
            self._kept.clear()
            self._forget()

    def begin(self, name: str) -> None:
        """A member begins."""
        if not self.allowance.members:
            detail = f"more than {self.limits.max_members:,} members in all; the first ones were looked at"
            raise Enough(UnscannedReason.TOO_MANY_PARTS, detail)
        self.allowance.members -= 1
        self._name = self._unique(name)
        self._over = False
        self._spool = Spool()

    def _unique(self, name: str) -> str:
        """A container may have one name twice; an address is of one member."""
        if name in self._names:
            name = next(n for count in itertools.count(2) if (n := f"{name}~{count}") not in self._names)
        self._names.add(name)
        return name

    def write(self, data: memoryview) -> None:
        """Bytes of the member, up to its limit; past the limit of all, no more is taken."""
        assert self._spool is not None
        self.allowance.unpacked_bytes -= len(data)
        if self.allowance.unpacked_bytes < 0:
            detail = f"it unpacks to more than {self.limits.max_unpacked_bytes:,} bytes in all"
            raise Enough(UnscannedReason.TOO_LARGE, detail)
        if self._over or self._spool.size + len(data) > self.limits.max_member_bytes:
            self._over = True
            return
        try:
            self._spool.write(data)
        except OSError as error:
            detail = f"no memory for a member: {error.strerror}"
            raise Enough(UnscannedReason.OUT_OF_MEMORY, detail) from error

    def end(self, *, whole: bool) -> None:
        """The member is complete, or its rest cannot be had."""
        assert self._spool is not None
        if self._over:
            detail = f"the member has more than {self.limits.max_member_bytes:,} bytes"
            self._found.append(Findings.nothing(UnscannedReason.TOO_LARGE, detail).within(self._name))
            self._forget()
            return
        spool, self._spool = self._spool, None
        spool.seal()
        member = _Member(self._name, spool, whole, Content.of(spool.fd, spool.size))
        if self.nests(member.content):
            self._kept.append(member)
            return
        try:
            self._look(member)
        finally:
            spool.close()

    def _look(self, member: _Member) -> None:
        if member.whole and not member.spool.size:
            return  # there is nothing in it that could be missed
        found = self.inspect(member.content) if member.spool.size else Findings()
        if member.whole:
            # Of a member that broke off, a digest would be of something that nobody has.
            found = Findings(signals=digest_signals(member.content)) + found
        else:
            detail = "the member breaks off; what came of it was looked at"
            found += Findings.nothing(UnscannedReason.TRUNCATED, detail)
        self._found.append(found.within(member.name))

    def _forget(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None
