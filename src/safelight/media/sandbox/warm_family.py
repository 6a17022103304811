"""Keeps one family's warm parent: starts it when first needed, tests it, replaces it when it has died."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from safelight.errors import SandboxError
from safelight.media.sandbox.channel import Channel, ChannelLost
from safelight.media.sandbox.families import Family
from safelight.media.sandbox.limits import MAX_WALL_SECONDS, Limits
from safelight.media.sandbox.members import MemberSink
from safelight.media.sandbox.protections import Protections, probe
from safelight.media.sandbox.protocol import Collector, Reply, pack_request
from safelight.types import UnscannedReason

_SLACK_SECONDS = 30.0
"""How much later than the warm parent the client gives up: only for a parent that does not answer at all."""


class WarmFamily:
    """Decodes files of one family; every method may be called from several threads.

    ``open_channel`` starts or reaches a warm parent. At most ``max_children`` files are asked for at a time,
    so that waiting for a turn does not eat into a file's own time.
    """

    def __init__(
        self, family: Family, open_channel: Callable[[], Channel], *, max_children: int, accept_partial: bool
    ) -> None:
        self.family = family
        self._open_channel = open_channel
        self._max_children = max_children
        self._accept_partial = accept_partial
        self._protections: Protections | None = None
        self._reset()

    def _reset(self) -> None:
        self._turns = threading.BoundedSemaphore(self._max_children)
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The warm parent's process id, if it runs and is ours."""
        return self._channel.pid if self._channel else None

    def protections(self) -> Protections:
        """What the walls around this family's decoders were found to be; starts the parent if need be."""
        self._ready()
        assert self._protections is not None
        return self._protections

    def decode(self, fd: int, payload: bytes, limits: Limits, members: MemberSink | None) -> Reply:
        """Have one file decoded; a parent that died without a word about it is replaced once."""
        # The parent's clock cannot tell a decoder that hangs from one that waits for its members to be looked
        # at; ours can, and hanging up ends the decoder.
        clock = replace(limits, wall_seconds=MAX_WALL_SECONDS) if members else limits
        request = pack_request(clock, payload)
        patience = limits.wall_seconds + (0 if members else _SLACK_SECONDS)
        with self._turns:
            try:
                return self._ask(request, fd, Collector(self.family.messages, limits, members), patience)
            except ChannelLost:
                pass
            try:
                return self._ask(request, fd, Collector(self.family.messages, limits, members), patience)
            except (ChannelLost, SandboxError) as error:
                return Reply.nothing(UnscannedReason.SANDBOX_UNAVAILABLE, str(error)[:200])

    def _ask(self, request: bytes, fd: int, collector: Collector, patience: float) -> Reply:
        channel = self._ready()
        try:
            return channel.ask(request, fd, collector, patience)
        except ChannelLost:
            self._discard(channel)
            raise

    def _ready(self) -> Channel:
        with self._lock:
            if self._closed:
                raise SandboxError("The sandbox was closed; open another one.")
            if self._channel is None:
                self._channel = self._start()
            return self._channel

    def _start(self) -> Channel:
        channel = self._open_channel()
        try:
            self._protections = probe(channel, self.family.name)
        except ChannelLost as error:
            channel.close()
            raise SandboxError(
                f"The {self.family.name} decoders did not start; what they printed says why."
            ) from error
        except BaseException:
            channel.close()
            raise
        if not (self._protections.complete or self._accept_partial):
            channel.close()
            raise SandboxError(
                f"The {self.family.name} decoders are not fully confined on this machine: "
                f"{'; '.join(self._protections.missing)}. Mend that, or accept it with accept_partial=True."
            )
        return channel

    def _discard(self, channel: Channel) -> None:
        with self._lock:
            if self._channel is channel:
                self._channel = None
        channel.close()

    def close(self) -> None:
        """Let the warm parent go; files being decoded end as problems."""
        with self._lock:
            self._closed = True
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def forget(self) -> None:
        """In a forked copy of the process: leave the original's parent alone; start our own when needed."""
        channel, closed = self._channel, self._closed
        self._reset()  # another thread may have held the locks when the process was copied
        self._closed = closed
        if channel is not None:
            channel.abandon()
