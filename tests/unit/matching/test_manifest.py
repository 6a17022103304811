"""The manifest is believed whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safelight.errors import IndexDamaged, IndexFileError, IndexKeyMismatch, IndexTooNew
from safelight.matching.manifest import NAME, Manifest, read_manifest

KEY = bytes(range(32))
MANIFEST = Manifest("pdq", "workspace", "epoch", 3, 1000, 1001, 1234, (3, 4))


def test_it_comes_back_as_written(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path, KEY)
    assert read_manifest(tmp_path, KEY)[0] == MANIFEST


def test_any_altered_byte_is_refused(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path, KEY)
    whole = (tmp_path / NAME).read_bytes()
    for at in range(len(whole.rstrip())):
        (tmp_path / NAME).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(IndexFileError):
            read_manifest(tmp_path, KEY)


def test_cut_short_anywhere_it_is_refused(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path, KEY)
    whole = (tmp_path / NAME).read_bytes().rstrip()
    for length in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:length])
        with pytest.raises(IndexDamaged):
            read_manifest(tmp_path, KEY)


def test_another_key_and_a_newer_format_are_told_apart_from_damage(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path, KEY)
    with pytest.raises(IndexKeyMismatch, match="another workspace key"):
        read_manifest(tmp_path, bytes(32))
    outer = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps({**outer, "format": "safelight.index/2"}))
    with pytest.raises(IndexTooNew, match="Upgrade"):
        read_manifest(tmp_path, KEY)
