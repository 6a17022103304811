"""Documents: the pictures and attachments of PDF, unpacked in the sandbox, and pages drawn there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from safelight.media import image
from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import DOCUMENT
from safelight.media.sandbox.limits import MAX_WALL_SECONDS
from safelight.media.sandbox.members import MemberSink

MIMES: Final = frozenset({"application/pdf"})

PATIENCE: Final = 3
"""How many times longer than a picture a document may take: it has many."""


def unpack(
    fd: int,
    mime: str,  # noqa: ARG001 - as archive's
    sandbox: Sandbox,
    members: MemberSink,
    *,
    only: int | None = None,
) -> Findings:
    """Hand every picture file and attachment, or only one of them (from 1), to ``members``.

    The findings are of what was drawn; nothing is where only one is wanted.
    """
    limits = replace(
        sandbox.limits,
        wall_seconds=min(MAX_WALL_SECONDS, PATIENCE * sandbox.limits.wall_seconds),
        cpu_seconds=min(MAX_WALL_SECONDS, PATIENCE * sandbox.limits.cpu_seconds),
    )
    payload = b"" if only is None else json.dumps({"only": only}).encode()
    return image.findings(sandbox.decode(DOCUMENT.name, fd, payload, limits=limits, members=members))
