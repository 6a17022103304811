"""A name is a claim: it decides nothing, and that it claims something else than the content is noted."""

from __future__ import annotations

import pytest
from pictures import draw, encode

from safelight.media.naming import claimed_kind, mismatch
from safelight.media.sandbox.client import Sandbox
from safelight.scan.scanner import Scanner
from safelight.types import MediaKind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", MediaKind.IMAGE), ("folder.zip/a.mp4", MediaKind.VIDEO), ("a.b.flac", MediaKind.AUDIO),
        ("x.tar.gz", MediaKind.ARCHIVE), ("x.pdf", MediaKind.DOCUMENT), ("m.gguf", MediaKind.MODEL_FILE),
        ("n.txt", MediaKind.TEXT), (".zip", None), ("zip", None), ("a.unheard", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_name_claims(name: str, kind: MediaKind | None) -> None:
    assert claimed_kind(name) is kind


def test_a_mismatch_is_noted_and_changes_nothing() -> None:
    picture = encode(draw(), "PNG")
    with Sandbox() as sandbox, Scanner(sandbox=sandbox) as scanner:
        honest = scanner.scan(picture, "a.png").observation
        dressed = scanner.scan(picture, "a.txt").observation
    assert (honest.name_claims, dressed.name_claims) == (None, MediaKind.TEXT)
    assert honest.signals == dressed.signals
    assert mismatch("a.zip", frozenset({MediaKind.IMAGE, MediaKind.ARCHIVE})) is None
