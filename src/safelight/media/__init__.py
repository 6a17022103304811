"""What is this file, and what does it hold?

::

    with open_media(path) as opened, Sandbox() as sandbox:
        if isinstance(opened, Problem): ...
        findings = inspect(opened, sandbox)

Names are loaded when used: the decoders' warm parents import from this package too, and must stay lean.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.media.file import OpenedFile as OpenedFile
    from safelight.media.file import open_media as open_media
    from safelight.media.findings import Findings as Findings
    from safelight.media.inspection import inspect as inspect

_HOMES = {"OpenedFile": "file", "open_media": "file", "Findings": "findings", "inspect": "inspection"}

__all__ = ["Findings", "OpenedFile", "inspect", "open_media"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
