"""Readers on a machine that lacks the libraries they need: run in a warm parent of their own."""

from __future__ import annotations

import sys

sys.modules["libarchive"] = sys.modules["pypdfium2"] = None  # type: ignore[assignment]  # importing them fails

from safelight.media import archive_reader, pdf_reader  # noqa: E402 - the lack has to come first

unpack = archive_reader.unpack
read = pdf_reader.read
