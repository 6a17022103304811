"""Limits are refused where they are set, by name."""

from __future__ import annotations

import pytest

from safelight.errors import UsageError
from safelight.media.sandbox.limits import Limits


def test_the_defaults_let_telephones_pass_and_stop_bombs() -> None:
    assert 12_000 * 9_000 <= Limits().max_pixels < 13_000 * 13_000


@pytest.mark.parametrize(
    "limits",
    [
        {"wall_seconds": 0}, {"wall_seconds": 3601}, {"wall_seconds": float("nan")}, {"cpu_seconds": 0},
        {"memory_bytes": 0}, {"memory_bytes": 1 << 60}, {"max_pixels": 0}, {"max_parts": 0},
        {"max_parts": 1 << 32}, {"max_file_bytes": -1}, {"max_members": 0}, {"max_member_bytes": 0},
        {"max_unpacked_bytes": 0}, {"max_depth": 0}, {"total_seconds": 0}, {"total_seconds": 86_401},
    ],
)  # fmt: skip
def test_a_limit_that_the_parent_would_refuse_is_refused_by_name(limits: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(limits))):
        Limits(**limits)
