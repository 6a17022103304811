"""A sandbox around a decoder that does what it is told, checked for harm after every attack."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from decoders import family

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.protocol import Reply
from safelight.types import UnscannedReason

CONTENT = "what the file holds"


class Captive:
    """A warm parent whose children attack on request."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        assert self.details("read_file") == [CONTENT]
        self.parent = sandbox.pids()["test"]

    def attack(self, name: str, *, limits: Limits | None = None, **arguments: object) -> Reply:
        payload = json.dumps({"attack": name, "arguments": arguments}).encode()
        return self.sandbox.decode("test", self.fd, payload, limits=limits)

    def details(self, name: str, **arguments: object) -> list[str]:
        """What an attack had to say, once it came to its end."""
        problems = self.attack(name, **arguments).problems
        assert {p.reason for p in problems} <= {UnscannedReason.DAMAGED}, problems
        return [p.detail for p in problems]

    def children(self) -> list[int]:
        return [int(p) for p in Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text().split()]

    def wait_until_childless(self) -> None:
        until = time.monotonic() + 10
        while self.children():
            assert time.monotonic() < until, "a child lives on"
            time.sleep(0.01)

    def limits_of_parent(self) -> str:
        return Path(f"/proc/{self.parent}/limits").read_text()


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
