"""What is missing around the decoders is found by trying, and named."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from decoders import family

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.protections import Attempt, Protections
from safelight.native import _confine

WHOLE = Protections(7, True, True, True, 65534, (Attempt("execute a program", True),))


def probed(*options: str) -> Protections:
    with Sandbox([family("hostile:decode", *options)], accept_partial=True) as sandbox:
        return sandbox.protections("test")


def test_whole_protection_has_nothing_missing() -> None:
    assert WHOLE.complete
    assert WHOLE.missing == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"landlock_abi": 0}, "Landlock"),
        ({"seccomp": False}, "seccomp"),
        ({"uid": 0}, "root"),
        ({"attempts": (Attempt("execute a program", False),)}, "a decoder can execute a program"),
    ],
)
def test_each_missing_wall_is_named_in_plain_words(change: dict[str, Any], says: str) -> None:
    partial = dataclasses.replace(WHOLE, **change)
    assert not partial.complete
    assert says in partial.missing[0]
    assert any(says in line for line in partial.lines())


@pytest.mark.skipif(
    not (_confine.landlock_abi() and _confine.seccomp_available()), reason="walls are missing here"
)
def test_this_machine_is_proved_from_inside() -> None:
    found = probed()
    assert found.complete, found.missing
    assert found.landlock_abi == _confine.landlock_abi()
    assert len(found.attempts) > 40


@pytest.mark.parametrize(
    ("without", "comes_through"),
    [
        (("seccomp",), {"open an Internet socket", "make memory executable", "hold a path"}),
        (("seccomp", "landlock"), {"open a file for reading", "execute a program", "signal its parent"}),
        (("seccomp", "scoping"), {"signal its parent", "signal its parent (tgkill)"}),
        (("landlock",), set()),
        (("scoping",), set()),
    ],
)
def test_the_self_test_sees_what_a_missing_wall_lets_through(
    without: tuple[str, ...], comes_through: set[str]
) -> None:
    found = probed(*(word for wall in without for word in ("--without", wall)))
    assert {a.name for a in found.attempts if not a.refused} >= comes_through
    if not comes_through:
        assert all(a.refused for a in found.attempts)
    assert found.complete == (without == ("scoping",))


def test_the_walls_that_need_no_kernel_feature_hold_alone() -> None:
    refused = {a.name for a in probed("--without", "seccomp", "--without", "landlock").attempts if a.refused}
    assert {
        "allocate 4 GB",
        "start a process",
        "write to the given file",
        "map the given file for writing",
    } <= refused
