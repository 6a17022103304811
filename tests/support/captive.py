"""A sandbox around a decoder that does what it is told, and what a test can see of it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

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
