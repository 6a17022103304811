"""A sandbox around a decoder that does what it is told, checked for harm after every attack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from captive import CONTENT, Captive
from decoders import family

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd


@pytest.fixture
def fd() -> Iterator[int]:
    """A memory file that holds ``content``."""
    fd = sealed_memfd(b"content")
    yield fd
    os.close(fd)


@pytest.fixture(scope="module")
def captives(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Captive]]:
    made: dict[tuple[str, ...], Captive] = {}

    def captive(*options: str) -> Captive:
        if options not in made:
            path = tmp_path_factory.mktemp("sandbox") / "file"
            path.write_text(CONTENT)
            partial = "--without" in options
            sandbox = Sandbox([family("hostile:decode", *options)], accept_partial=partial)
            made[options] = Captive(sandbox, path)
        return made[options]

    yield captive
    for each in made.values():
        each.sandbox.close()
        os.close(each.fd)


@pytest.fixture
def unharmed(captives: Callable[..., Captive]) -> Iterator[Callable[..., Captive]]:
    """Captives by their options; afterwards each is as it was, and decodes."""
    used: dict[Captive, str] = {}

    def captive(*options: str) -> Captive:
        each = captives(*options)
        used.setdefault(each, each.limits_of_parent())
        return each

    yield captive
    for each, limits in used.items():
        assert each.details("read_file") == [CONTENT]
        assert each.path.read_text() == CONTENT
        assert each.sandbox.pids()["test"] == each.parent, "the parent was replaced"
        assert each.limits_of_parent() == limits
        each.wait_until_childless()


@pytest.fixture(params=[(), ("--without", "scoping")], ids=["scoped", "unscoped"])
def captive(request: pytest.FixtureRequest, unharmed: Callable[..., Captive]) -> Captive:
    """With Landlock's scoping, and without as on kernels before 6.12."""
    made = unharmed(*request.param)
    assert isinstance(made, Captive)
    return made
