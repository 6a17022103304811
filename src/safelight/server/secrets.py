"""The keys that one process was given, and no others: a web worker cannot open evidence.

The supervisor alone reads the root key. It hands each process the subkeys that process needs in an inherited
memory file; ``SAFELIGHT_KEYS_FD`` names it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProcessKeys:
    """Subkeys by purpose, as :class:`safelight.keys.Purpose` names them."""

    django_secret: str = field(repr=False)


def process_keys() -> ProcessKeys:
    """Read the keys handed to this process."""
    fd = int(os.environ["SAFELIGHT_KEYS_FD"])
    return ProcessKeys(**json.loads(os.pread(fd, 65_536, 0)))
