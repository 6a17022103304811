"""Every reason has its place, so that no combination of problems is without an answer."""

from __future__ import annotations

from safelight.cli.words import LIMITED, REASONS
from safelight.scan.gravity import GRAVITY, gravest
from safelight.types import UnhashableReason, UnscannedReason


def test_every_reason_has_one_place_and_words_for_operators() -> None:
    assert sorted(GRAVITY) == sorted(UnscannedReason)
    assert set(REASONS) == set(UnscannedReason)
    assert set(LIMITED) == set(UnhashableReason)


def test_what_concerns_every_file_comes_before_what_concerns_one() -> None:
    assert gravest([UnscannedReason.TRUNCATED, UnscannedReason.NO_LIST]) is UnscannedReason.NO_LIST
    assert gravest([UnscannedReason.EMPTY, UnscannedReason.CRASHED]) is UnscannedReason.CRASHED
