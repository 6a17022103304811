"""Looks at each member of a container as at a file of its own, and inside containers again, to a depth.

A member is spooled, digested and inspected while its container's decoder waits, then forgotten. Members that
are containers themselves are kept until that decoder has ended, since a container's turn in the sandbox must
not wait for another: a full house of them would wait for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
    until: float

    @classmethod
    def of(cls, limits: Limits) -> Allowance:
        """All that the limits allow."""
        until = time.monotonic() + limits.total_seconds
        return cls(limits.max_members, limits.max_unpacked_bytes, until)

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() > self.until


@dataclass(frozen=True, slots=True)
class _Shelved:
    """A container that waits, by its place on the shelf."""

    place: Place
    whole: bool
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """A member in its container: its name there, made unique, and the how manieth it is, from 1."""

    name: str
    number: int


@dataclass(slots=True)
class Unpacking:
    """Takes the members of one container; a :class:`~safelight.media.sandbox.members.MemberSink`.

    ``inspect`` looks at a member's content, ``nests`` tells containers, large members wait in ``directory``.
    Decode the container inside ``with unpacking.members():``; the findings are there afterwards.
    """

    limits: Limits
    allowance: Allowance
    inspect: Callable[[Place, Content], Findings]
    nests: Callable[[Content], bool]
    directory: Path | None = None
    _place: Place = Place("", 0)
    _spool: Spool | None = None
    _over: bool = False
    _names: dict[str, int] = field(default_factory=dict)
    _shelf: Spool | None = None
    _shelved: list[_Shelved] = field(default_factory=list)
    _found: list[Findings] = field(default_factory=list)

    @property
    def findings(self) -> Findings:
        """What every member held, each part with the member's name."""
        return Findings.joined(self._found)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members that were taken, in their order."""
        return tuple(self._names)

    @contextmanager
    def members(self) -> Iterator[None]:
        """Inside, members are taken; when it is left, those that were kept are looked at."""
        try:
            yield
            self._look_at_shelved()
        finally:
            self._forget()
            if self._shelf is not None:
                self._shelf.close()
                self._shelf = None

    def _look_at_shelved(self) -> None:
        for each in self._shelved:
            assert self._shelf is not None
            if self.allowance.late:
                self._give_up(each.place.name, self._late())
                continue
            spool = Spool(self.directory)
            try:
                spool.append(self._shelf.fd, each.at, each.size)
                self._look(each.place, spool, whole=each.whole)
            except OSError as error:
                self._give_up(each.place.name, no_memory(error))
            finally:
                spool.close()

    def _give_up(self, name: str, enough: Enough) -> None:
        self._found.append(Findings.nothing(enough.reason, enough.detail).within(name))

    def begin(self, name: str) -> None:
        """A member begins."""
        if self.allowance.late:
            raise self._late()
        if not self.allowance.members:
            detail = f"more than {self.limits.max_members:,} members in all; the first ones were looked at"
            raise Enough(UnscannedReason.TOO_MANY_PARTS, detail)
        self.allowance.members -= 1
        self._place = Place(self._unique(name), self._place.number + 1)
        self._over = False
        try:
            self._spool = Spool(self.directory)
        except OSError as error:
            raise no_memory(error) from error

    def _late(self) -> Enough:
        detail = (
            f"more than {self.limits.total_seconds:,.0f} seconds in all; the first members were looked at"
        )
        return Enough(UnscannedReason.TIMEOUT, detail)

    def _unique(self, name: str) -> str:
        """A container may have one name twice; an address is of one member."""
        unique = name
        while unique in self._names:
            self._names[name] += 1
            unique = f"{name}~{self._names[name]}"
        self._names[unique] = 1
        return unique

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
            raise no_memory(error) from error

    def end(self, *, whole: bool) -> None:
        """The member is complete, or its rest cannot be had."""
        assert self._spool is not None
        if self._over:
            detail = f"the member has more than {self.limits.max_member_bytes:,} bytes"
            self._found.append(Findings.nothing(UnscannedReason.TOO_LARGE, detail).within(self._place.name))
            self._forget()
            return
        try:
            if self.nests(Content.of(self._spool.fd, self._spool.size)):
                self._shelve(whole=whole)
            else:
                self._look(self._place, self._spool, whole=whole)
        except OSError as error:
            raise no_memory(error) from error
        finally:
            self._forget()

    def _shelve(self, *, whole: bool) -> None:
        # On one shelf for all, since there may be more of them than this process may have open files.
        assert self._spool is not None
        self._shelf = self._shelf or Spool(self.directory)
        self._shelved.append(_Shelved(self._place, whole, self._shelf.size, self._spool.size))
        self._shelf.append(self._spool.fd, 0, self._spool.size)

    def _look(self, place: Place, spool: Spool, *, whole: bool) -> None:
        if whole and not spool.size:
            return  # there is nothing in it that could be missed
        spool.seal()
        content = Content.of(spool.fd, spool.size)
        found = self.inspect(place, content) if spool.size else Findings()
        if whole:
            # Of a member that broke off, a digest would be of something that nobody has.
            found = Findings(signals=digest_signals(content)) + found
        else:
            detail = "the member breaks off; what came of it was looked at"
            found += Findings.nothing(UnscannedReason.TRUNCATED, detail)
        self._found.append(found.within(place.name))

    def _forget(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def no_memory(error: OSError) -> Enough:
    """What a sink says where the system has no room for a member."""
    return Enough(UnscannedReason.OUT_OF_MEMORY, f"no memory for a member: {error.strerror}")
