"""Which walls stand around the decoders on this machine: proved from inside, not read from a version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from safelight.errors import SandboxError
from safelight.media.sandbox.channel import Channel
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import Body, Detail, MessageSet
from safelight.media.sandbox.protocol import Collector, pack_request
from safelight.native import _confine

_SECONDS: Final = 60.0
_LIMITS: Final = Limits()


class _Confinement(Body):
    landlock_abi: Annotated[int, Field(ge=0, le=1000)]
    scoping: bool
    seccomp: bool
    nobody: bool
    uid: Annotated[int, Field(ge=0, le=1 << 32)]


class _Attempt(Body):
    name: Detail
    refused: bool
    errno: Annotated[int, Field(ge=0, le=4096)]


_SELF_TEST: Final = MessageSet({"confinement": _Confinement, "attempt": _Attempt}, counted=_Attempt)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that a confined child tried and must not be able to do."""

    name: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Protections:
    """What holds a decoder of one family. ``landlock_abi`` is 0 where the kernel offers no Landlock.

    ``scoping``: Landlock itself refuses signals to others (ABI 6, Linux 6.12); before, seccomp alone does.
    ``uid`` is the decoders' user; ``nobody`` says that root was given up for it.
    """

    landlock_abi: int
    scoping: bool
    seccomp: bool
    nobody: bool
    uid: int
    attempts: tuple[Attempt, ...]

    @property
    def complete(self) -> bool:
        """Landlock, seccomp and a user without rights, and nothing that was tried came through."""
        return not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not as it should be, in plain words; empty when complete."""
        return tuple(self._missing())

    def _missing(self) -> Iterator[str]:
        if not self.landlock_abi:
            yield "Landlock is missing (Linux 5.13 or newer, with landlock in the kernel's lsm= list)"
        if not self.seccomp:
            yield "seccomp is missing (x86-64 or Arm64, in a container that allows seccomp filters)"
        if self.uid == 0:
            yield "decoders run as root (start as root outside a user namespace, or as an ordinary user)"
        for attempt in self.attempts:
            if not attempt.refused:
                yield f"a decoder can {attempt.name}"

    def lines(self) -> tuple[str, ...]:
        """For ``safelight doctor``: one fact a line."""
        refused = sum(attempt.refused for attempt in self.attempts)
        return (
            f"Landlock: {f'ABI {self.landlock_abi}' if self.landlock_abi else 'missing'}",
            f"Landlock refuses signals to others: {'yes' if self.scoping else 'no; seccomp is to'}",
            f"seccomp: {'active' if self.seccomp else 'missing'}",
            f"Decoders run as: user {self.uid}{', root given up' if self.nobody else ''}",
            f"Forbidden things tried by a decoder: {len(self.attempts)}, refused: {refused}",
            *(f"Missing: {what}" for what in self.missing),
        )


def probe(channel: Channel, name: str) -> Protections:
    """Have a child of this warm parent try what is forbidden.

    Raises :class:`~safelight.errors.SandboxError` if the test does not run to its end, and
    :class:`~safelight.media.sandbox.channel.ChannelLost` if the parent did not come up.
    """
    request = pack_request(_LIMITS, flags=_confine.SELF_TEST)
    fd = sealed_memfd(b"self-test")
    try:
        reply = channel.ask(request, fd, Collector(_SELF_TEST, _LIMITS), _SECONDS)
    finally:
        os.close(fd)
    facts = [body for body in reply.messages if isinstance(body, _Confinement)]
    attempts = tuple(Attempt(a.name, a.refused) for a in reply.messages if isinstance(a, _Attempt))
    if reply.problems or len(facts) != 1 or not attempts:
        why = reply.problems[0].detail if reply.problems else "it told nothing"
        raise SandboxError(f"The {name} decoders could not be confined: {why}. `safelight doctor` says more.")
    fact = facts[0]
    return Protections(fact.landlock_abi, fact.scoping, fact.seccomp, fact.nobody, fact.uid, attempts)
