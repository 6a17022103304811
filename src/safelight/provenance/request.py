"""What the reader is asked for: the media type, the trust anchors, and whether prompts may be taken along."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Final

from safelight.errors import UsageError

MOST_BYTES: Final = 56_000
"""What a request may carry; compressed, some sixty certificates."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Trust anchors as PEM text: C2PA's own list, and the interim list that it replaced."""

    official: str = ""
    interim: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One file's request."""

    mime: str
    anchors: Anchors = Anchors()
    prompts: bool = False

    def pack(self) -> bytes:
        """As bytes for the sandbox. Raises :class:`~safelight.errors.UsageError` for too many anchors."""
        told = {
            "mime": self.mime,
            "official": self.anchors.official,
            "interim": self.anchors.interim,
            "prompts": self.prompts,
        }
        packed = zlib.compress(json.dumps(told).encode())
        if len(packed) > MOST_BYTES:
            raise UsageError(
                "The trust lists hold too many certificates for one request (about sixty fit). Give root "
                "certificates only, without the ones that they issued."
            )
        return packed

    @classmethod
    def unpack(cls, packed: bytes) -> Request:
        """Read it back, in the child."""
        told = json.loads(zlib.decompress(packed))
        return cls(told["mime"], Anchors(told["official"], told["interim"]), told["prompts"])
