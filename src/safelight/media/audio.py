"""Sound: the soundtracks of audio files and videos, fingerprinted in the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import AUDIO
from safelight.media.sandbox.limits import MAX_WALL_SECONDS, Limits
from safelight.media.sandbox.messages import SoundFound
from safelight.signals.audio import SOUND_TYPES, sound_part, sound_signal
from safelight.sounds import items_of
from safelight.types import Signal, Unhashable

SLOWEST: Final = 1_000_000
"""Bytes a second below which a soundtrack is taken to hang: a hundredth of what was measured for small bit
rates, and less for large ones."""


def look(fd: int, size: int, sandbox: Sandbox) -> Findings:
    """The fingerprints of every soundtrack, piece by piece; nothing for a file that has none.

    ``size`` in bytes sets how long it may take.
    """
    reply = sandbox.decode(AUDIO.name, fd, limits=_limits(sandbox.limits, size))
    found = [message for message in reply.messages if isinstance(message, SoundFound)]
    told = [_told(message) for message in found]
    signals = tuple(each for each in told if isinstance(each, Signal))
    hashed = {signal.part for signal in signals}
    # A clip too short for one algorithm is told by the other; without any, one reason is enough.
    without = {each.part: each for each in reversed(told) if isinstance(each, Unhashable)}
    unhashable = tuple(each for part, each in without.items() if part not in hashed)
    return Findings(signals=signals, unhashable=unhashable[::-1], problems=reply.problems)


def _told(found: SoundFound) -> Signal | Unhashable:
    kind = SOUND_TYPES[found.kind]
    items = items_of(bytes.fromhex(found.items))
    part = sound_part(found.stream, found.at * kind.step)
    return sound_signal(kind, items.astype(np.uint32), found.loudest, part)


def _limits(limits: Limits, size: int) -> Limits:
    extra = size // SLOWEST
    return replace(
        limits,
        wall_seconds=min(MAX_WALL_SECONDS, limits.wall_seconds + extra),
        cpu_seconds=min(MAX_WALL_SECONDS, limits.cpu_seconds + extra),
    )
