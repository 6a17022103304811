"""Readers on a machine that lacks the libraries they need: run in a warm parent of their own."""

from __future__ import annotations

import sys

for _name in ("libarchive", "pypdfium2", "av"):
    sys.modules[_name] = None  # type: ignore[assignment]  # importing them fails

from safelight.media import archive_reader, pdf_reader, video_decoder  # noqa: E402 - the lack has to come first

unpack = archive_reader.unpack
read = pdf_reader.read
decode = video_decoder.decode
