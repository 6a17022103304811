"""Which packets of a video must be decoded, and which decoded frames are hashed; no decoder is needed here.

Time is cut into slots of half a second. Of each second the first frame is hashed; the first frame of a second
half, and every keyframe, is hashed as well where it shows another scene than the frame hashed before. All of
these are told from timestamps and flags of the container alone, so that skipping the decoding of other frames
changes none of them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from av.packet import Packet

LOOKAHEAD: Final = 40
"""Packets read before one is decoded. Frames are shown at most 16 later than decoded (H.264, H.265: 16
reference frames), so that no packet read after these can be shown before it."""

SLOTS: Final = 2
"""Slots a second."""

_SLOTS_KEPT: Final = 512
_STANDING_STILL: Final = 1_000
"""Decoded frames after which one is hashed, whatever its timestamp says."""
_BACK: Final = 1.0
"""Seconds by which time runs backwards where recordings were put together; less is a frame out of order."""


def slot_of(seconds: float) -> int:
    """The number of the slot that a moment lies in."""
    return math.floor(seconds * SLOTS)


class Lookahead:
    """Hands packets on in their order, with whether the first frame of a slot is in them.

    ``origin`` is the timestamp of the video's beginning, ``time_base`` the seconds of one tick.
    """

    def __init__(self, origin: int, time_base: float) -> None:
        self._origin = origin
        self._time_base = time_base
        self._waiting: deque[Packet[Any]] = deque()
        self._earliest: dict[int, int] = {}

    def push(self, packet: Packet[Any]) -> Iterator[tuple[Packet[Any], bool]]:
        """Take one packet in; what may be decoded comes out."""
        self._waiting.append(packet)
        if packet.pts is not None:
            slot = self._slot(packet.pts)
            self._earliest[slot] = min(packet.pts, self._earliest.get(slot, packet.pts))
            if len(self._earliest) > _SLOTS_KEPT:
                del self._earliest[next(iter(self._earliest))]
        if len(self._waiting) > LOOKAHEAD:
            yield self._next()

    def rest(self) -> Iterator[tuple[Packet[Any], bool]]:
        """The last packets, when no more are to come."""
        while self._waiting:
            yield self._next()

    def _next(self) -> tuple[Packet[Any], bool]:
        packet = self._waiting.popleft()
        if packet.pts is None or packet.is_keyframe:
            return packet, True
        return packet, self._earliest.get(self._slot(packet.pts), packet.pts) == packet.pts

    def _slot(self, pts: int) -> int:
        return slot_of((pts - self._origin) * self._time_base)


class Wanted(Enum):
    """What becomes of a decoded frame."""

    NO = 0
    IF_ANOTHER_SCENE = 1
    YES = 2


@dataclass(slots=True)
class Clock:
    """Follows decoded frames in the order in which they are shown, and says which are wanted.

    ``until`` is the moment of the last frame seen: after a pause, frames up to it were looked at before.
    ``shift`` puts recordings behind one another whose timestamps begin anew.
    """

    until: float = -math.inf
    shift: float = 0.0
    _catching_up: bool = False
    _second: int | None = None
    _slot: int | None = None
    _since: int = 0

    def resume(self, until: float, shift: float) -> None:
        """Go on behind a moment that was reached before; frames up to it come once more."""
        self.until, self.shift, self._catching_up = until, shift, True
        self._second, self._slot = math.floor(until), slot_of(until)

    def at(self, seconds: float) -> float:
        """A frame's moment on the one time line, given what its timestamp says."""
        moment = seconds + self.shift
        if moment < self.until - _BACK and not self._catching_up:
            self.shift += self.until - moment
            moment = self.until
        return moment

    def wanted(self, moment: float, *, key: bool) -> Wanted:
        """Whether to hash the frame of that moment."""
        if self._catching_up and moment <= self.until:
            return Wanted.NO
        self._catching_up = False
        self._since += 1
        self.until = max(self.until, moment)
        second, slot = math.floor(moment), slot_of(moment)
        if self._second is None or second > self._second or self._since >= _STANDING_STILL:
            self._second, self._slot, self._since = second, slot, 0
            return Wanted.YES
        if key or self._slot is None or slot > self._slot:
            self._slot = slot
            return Wanted.IF_ANOTHER_SCENE
        return Wanted.NO
