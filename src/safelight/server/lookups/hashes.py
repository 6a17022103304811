"""What a platform tells of a file that it keeps: hashes that nobody here computed, and so only claims."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from safelight.server.ids import now
from safelight.signals.digest import Digests
from safelight.signals.pdq import MINIMUM_QUALITY
from safelight.types import MediaKind, Observation, Signal, Unhashable, UnhashableReason


@dataclass(frozen=True, slots=True)
class ToldHashes:
    """Hexadecimal, in lower case. ``pdq_quality`` is 0-100 and means nothing without ``pdq``."""

    sha256: str
    md5: str | None = None
    sha1: str | None = None
    pdq: str | None = None
    pdq_quality: int = 100

    def observation(self) -> Observation:
        """What there is to compare: nothing was seen of the file, so its kind and size are not known."""
        told = (("md5", self.md5), ("sha1", self.sha1), ("sha256", self.sha256))
        signals = [Signal(type_, value) for type_, value in told if value]
        unhashable: tuple[Unhashable, ...] = ()
        if self.pdq and self.pdq_quality >= MINIMUM_QUALITY:
            signals.append(Signal("pdq", self.pdq, self.pdq_quality))
        elif self.pdq:
            unhashable = (Unhashable("pdq", UnhashableReason.TOO_PLAIN, self.pdq_quality),)
        return Observation("", 0, MediaKind.UNKNOWN, "", now(), signals=tuple(signals), unhashable=unhashable)

    def are_of(self, digests: Digests) -> bool:
        """Whether a file with these digests is the one that was meant."""
        pairs = ((self.sha256, digests.sha256), (self.md5, digests.md5), (self.sha1, digests.sha1))
        return all(told is None or told == found for told, found in pairs)

    def to_json(self) -> str:
        """For sealing."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ToldHashes:
        """Read :meth:`to_json` back."""
        return cls(**json.loads(text))
