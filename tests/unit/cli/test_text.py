"""No name can move the cursor, forge a line, hide a letter or pass for another."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.cli.text import visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"photo.jpg", "photo.jpg"),
        ("Ünïcode 写真.jpg".encode(), "Ünïcode 写真.jpg"),
        (b"two\nlines", r"two\nlines"),
        (b"\x1b[31mred", r"\x1b[31mred"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        (b"caf\xe9.jpg", r"caf\xe9.jpg"),
        (rb"caf\xe9.jpg", r"caf\\xe9.jpg"),
        (b"\xc2\x85\x85", r"\u0085\x85"),
        (b"[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_is_shown(raw: bytes, shown: str) -> None:
    assert visible(os.fsdecode(raw)) == shown


@given(st.binary(min_size=1, max_size=30), st.binary(min_size=1, max_size=30))
def test_different_names_are_shown_differently_and_printably(one: bytes, other: bytes) -> None:
    assert visible(os.fsdecode(one)).isprintable()
    assert (visible(os.fsdecode(one)) == visible(os.fsdecode(other))) == (one == other)
