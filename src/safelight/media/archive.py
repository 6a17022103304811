"""Archives: what libarchive unpacks in the sandbox, member by member."""

from __future__ import annotations

import json
from typing import Final

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import ARCHIVE
from safelight.media.sandbox.members import MemberSink

STREAMS: Final = frozenset(
    {"application/gzip", "application/x-bzip2", "application/x-xz", "application/zstd", "application/x-lz4"}
)
"""One compressed file, which most often is a tar."""

MIMES: Final = STREAMS | {
    "application/epub+zip",
    "application/vnd.ms-cab-compressed",
    "application/vnd.oasis.opendocument",
    "application/vnd.openxmlformats-officedocument",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/zip",
}
"""What is unpacked; some documents are ZIP archives of their pictures and texts."""


def unpack(fd: int, mime: str, sandbox: Sandbox, members: MemberSink, *, only: int | None = None) -> Findings:
    """Hand every member, or only one of them (from 1), to ``members``.

    The findings are what could not be read of the archive itself.
    """
    told = {"stream": mime in STREAMS, "max_member_bytes": sandbox.limits.max_member_bytes, "only": only}
    reply = sandbox.decode(ARCHIVE.name, fd, json.dumps(told).encode(), members=members)
    return Findings(problems=reply.problems)
