"""A real `safelight serve` for the benchmarks: its own workspace, one list, and a key of the platform's."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAFELIGHT = Path(sys.executable).with_name("safelight")
PATIENCE = 900
"""Seconds: the server brings a million entries into its database before it is ready."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, path: str, status: int = 200) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            if connection.getresponse().status == status:
                return
        if time.monotonic() > until:
            raise TimeoutError(f"port {port} did not answer {status} for {path}")
        time.sleep(0.2)


@dataclass
class Ours:
    """A server that runs, and the key it takes."""

    port: int
    token: str
    directory: Path
    pid: int

    def request(self, path: str, body: bytes, kind: str, *headers: str) -> bytes:
        told = (
            f"POST {path} HTTP/1.1",
            f"Host: localhost:{self.port}",
            f"Authorization: Bearer {self.token}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            *headers,
        )
        return "\r\n".join(told).encode() + b"\r\n\r\n" + body

    def processes(self) -> dict[str, int]:
        run = next(self.directory.glob("safelight-*"))
        told = json.loads((run / "status.json").read_text())["processes"]
        return {one["name"]: one["pid"] for one in told}


@contextlib.contextmanager
def ours(hashes: Path, workers: int) -> Iterator[Ours]:
    """Serve a workspace whose one list holds the PDQ hashes in ``hashes`` (lines of hexadecimal)."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as made:  # a socket's path is short
        directory, port = Path(made), free_port()
        environment = {n: v for n, v in os.environ.items() if not n.startswith("SAFELIGHT_")} | {
            "SAFELIGHT_KEYS": str(directory / "keys"),
            "SAFELIGHT_WEB_WORKERS": str(workers),
            "TMPDIR": str(directory),
            **{n: v for n, v in os.environ.items() if n.startswith("SAFELIGHT_BENCH_")},
        }
        where = ("--workspace", str(directory / "w"))

        def command(*words: str) -> str:
            done = subprocess.run(
                [SAFELIGHT, *words, *where], env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            return done.stdout

        command("lists", "import", str(hashes), "--name", "bench", "--class", "test", "--signal-type", "pdq")
        output = (directory / "output").open("wb")
        serving = subprocess.Popen(
            [SAFELIGHT, "serve", "--port", str(port), *where], env=environment, stdout=output, stderr=output
        )
        try:
            wait_for(port, "/readyz")
            command("api-keys", "surface", "posts", "--public")
            options = ("--surface", "posts", "--audience", "server", "--rate", "0", "--budget", "0")
            told = command("api-keys", "make", "bench", *options, "--scope", "scan", "--scope", "look_up")
            token = re.search(r"slk_\S+", told)
            assert token
            yield Ours(port, token[0], directory, serving.pid)
        finally:
            serving.terminate()
            serving.wait(60)
            output.close()
