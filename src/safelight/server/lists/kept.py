"""What is kept of a past file, as signals to search for: with the variants of its pictures and frames.

Observations keep hashes as the file shows them. Turned and mirrored variants are those kept for re-checking
the past, of long videos of some frames only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from safelight.errors import KeyMismatch
from safelight.frames import VPDQ, Frame, parse_frames, write_frames
from safelight.server.lists.models import SeenHash
from safelight.server.lists.seen import process_seen_keys
from safelight.signals.pdq import PDQ
from safelight.types import Signal, Transform

_TURNED = len(Transform) - 1

Variants = Mapping[str, tuple[str, ...]]
"""The seven variants of a hash, by the hash."""


def kept_variants(item: UUID) -> Variants:
    """The variants kept of a file's pictures and frames, as far as they can be opened."""
    kept: dict[str, tuple[str, ...]] = {}
    rows = SeenHash.objects.filter(item=item, signal_type=PDQ.name, sealed__isnull=False)
    for tag, sealed in rows.values_list("tag", "sealed"):
        assert sealed is not None  # the query says so
        try:
            value, *turned = process_seen_keys().open(item, bytes(tag), bytes(sealed))
        except KeyMismatch:
            continue
        kept[value] = tuple(turned)
    return kept


def with_variants(item: UUID, signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """The signals of a file with the hashes of its turned and mirrored variants, as far as they are kept."""
    asked = tuple(signals)
    if not any(signal.type in {PDQ.name, VPDQ} for signal in asked):
        return asked
    kept = kept_variants(item)
    return tuple(_turned(signal, kept) for signal in asked)


def of_kept_frames(signals: Sequence[Signal], kept: Variants) -> Iterator[Signal]:
    """Pictures and videos with their variants; of a video the frames alone of which variants are kept."""
    for signal in signals:
        if signal.type == PDQ.name and signal.value in kept:
            yield replace(signal, variants=kept[signal.value])
        elif signal.type == VPDQ and signal.value:
            frames = [
                frame for frame in parse_frames(signal.value) if len(kept.get(frame.value, ())) == _TURNED
            ]
            if frames:
                yield replace(
                    signal,
                    value=write_frames(frames),
                    variants=_variants(frames, [kept[frame.value] for frame in frames]),
                )


def _turned(signal: Signal, kept: Variants) -> Signal:
    if signal.type == PDQ.name:
        return replace(signal, variants=kept.get(signal.value, ()))
    if signal.type != VPDQ:
        return signal
    frames = parse_frames(signal.value)
    if not any(frame.value in kept for frame in frames):
        return signal
    # A frame that is not kept stands for itself in every variant, where it finds nothing new.
    by_frame = [kept.get(frame.value) or (frame.value,) * _TURNED for frame in frames]
    if any(len(turned) != _TURNED for turned in by_frame):
        return signal
    return replace(signal, variants=_variants(frames, by_frame))


def _variants(frames: Sequence[Frame], by_frame: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        write_frames(
            Frame(turned[k], frame.quality, frame.seconds)
            for frame, turned in zip(frames, by_frame, strict=True)
        )
        for k in range(_TURNED)
    )
