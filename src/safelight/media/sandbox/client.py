"""What the rest of Safelight decodes through: a descriptor goes in, a reply that may be trusted comes out."""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from safelight.media.sandbox.channel import connect, spawn
from safelight.media.sandbox.descriptors import size_of_safe_file
from safelight.media.sandbox.families import FAMILIES, Family
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.members import MemberSink
from safelight.media.sandbox.protections import Protections
from safelight.media.sandbox.protocol import Reply
from safelight.media.sandbox.warm_family import WarmFamily
from safelight.types import UnscannedReason

_open: weakref.WeakSet[Sandbox] = weakref.WeakSet()


class Sandbox:
    """Decodes files in confined children, one a file. Share one between all threads of a process::

        with Sandbox() as sandbox:
            reply = sandbox.decode("image", fd)

    Warm parents start when a family is first needed, or all at once with :meth:`start`; in a ``directory``
    that :class:`~safelight.media.sandbox.server.SandboxServer` serves, they are there already. At most
    ``max_children`` files of a family are decoded at a time (twice the processors by default). Large members
    of archives wait in nameless files in ``spools`` (default: the system's temporary directory). After a fork
    the copy of the process starts parents of its own.

    Raises :class:`~safelight.errors.SandboxError` where decoders cannot be started, or are not fully confined
    and ``accept_partial`` was not given.
    """

    def __init__(
        self,
        families: Iterable[Family] = FAMILIES,
        *,
        limits: Limits | None = None,
        accept_partial: bool = False,
        max_children: int | None = None,
        directory: Path | None = None,
        spools: Path | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.spools = spools
        children = max_children or max(4, 2 * (os.cpu_count() or 1))
        self._families = {
            family.name: WarmFamily(
                family,
                functools.partial(connect, family, directory)
                if directory
                else functools.partial(spawn, family, "--max-children", str(children)),
                max_children=children,
                accept_partial=accept_partial,
            )
            for family in families
        }
        self._finalizer = weakref.finalize(self, _close, tuple(self._families.values()))
        _open.add(self)

    def start(self) -> None:
        """Start every family now, so that what is missing shows before the first file."""
        for family in self._families.values():
            family.protections()

    def decode(
        self,
        family: str,
        fd: int,
        payload: bytes = b"",
        *,
        limits: Limits | None = None,
        members: MemberSink | None = None,
    ) -> Reply:
        """Decode the regular file behind ``fd``, which is read by position, never written and not closed.

        ``members`` takes what a family of containers unpacks. Never ask the same family from within it: its
        turns may all be taken by containers that wait for theirs.

        What the file does wrong, and what happens to its decoder, is in the reply's problems. Raises
        :class:`~safelight.errors.UsageError` for a descriptor that could be written through, and
        :class:`~safelight.errors.SandboxError` when there is no sandbox to decode in.
        """
        limits = limits or self.limits
        size = size_of_safe_file(fd)
        if size > limits.max_file_bytes:
            return Reply.nothing(
                UnscannedReason.TOO_LARGE, f"{size:,} bytes; at most {limits.max_file_bytes:,} are allowed"
            )
        return self._families[family].decode(fd, payload, limits, members)

    def protections(self, family: str) -> Protections:
        """Which walls stand around a family's decoders on this machine."""
        return self._families[family].protections()

    def pids(self) -> dict[str, int]:
        """The warm parents that were started by this process and run, by family."""
        return {name: pid for name, family in self._families.items() if (pid := family.pid)}

    def close(self) -> None:
        """Let the warm parents go. Files still being decoded by other threads end as problems."""
        self._finalizer()

    def __enter__(self) -> Self:
        """The sandbox itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _forget(self) -> None:
        for family in self._families.values():
            family.forget()


def _close(families: tuple[WarmFamily, ...]) -> None:
    for family in families:
        family.close()


def _forget_all() -> None:
    for sandbox in tuple(_open):
        sandbox._forget()  # noqa: SLF001 - the fork hook of the same class


os.register_at_fork(after_in_child=_forget_all)
