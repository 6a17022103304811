"""Warm parents that are shared by path serve their owner only, and never outlive their server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from decoders import family

from safelight.errors import SandboxError
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.server import SandboxServer

SUPPORT = Path(__file__).parents[2] / "support"
FAMILIES = [family("hostile:decode")]
STRANGER = """
import os, socket, sys
os.setresuid(*[int(sys.argv[1])] * 3)
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(10)
client.connect(sys.argv[2])
try:
    answer = client.recv(1)
except ConnectionResetError:
    answer = b""
print("hung up" if answer == b"" else answer)
"""


def read(sandbox: Sandbox, fd: int) -> str:
    (problem,) = sandbox.decode("test", fd, b"{}").problems
    return problem.detail


def test_clients_share_a_served_parent(tmp_path: Path, fd: int) -> None:
    directory = tmp_path / "s"
    with SandboxServer(directory, FAMILIES):
        assert directory.stat().st_mode & 0o777 == 0o700
        clients = [Sandbox(FAMILIES, directory=directory) for _ in range(3)]
        for client in clients:
            assert read(client, fd) == "content"
            assert client.protections("test").complete
            assert client.pids() == {}
        clients[0].close()
        assert read(clients[1], fd) == "content"
        for client in clients:
            client.close()
    assert list(directory.iterdir()) == []


def test_clients_reach_a_replaced_parent_by_themselves(tmp_path: Path, fd: int) -> None:
    with (
        SandboxServer(tmp_path / "s", FAMILIES) as server,
        Sandbox(FAMILIES, directory=tmp_path / "s") as client,
    ):
        assert read(client, fd) == "content"
        assert server.restart_dead() == ()
        os.kill(server._parents["test"].pid, signal.SIGKILL)
        until = time.monotonic() + 10
        while not server.restart_dead():
            assert time.monotonic() < until
        assert read(client, fd) == "content"


def test_no_server_is_an_error_to_act_on(tmp_path: Path, fd: int) -> None:
    with Sandbox(FAMILIES, directory=tmp_path) as client, pytest.raises(SandboxError, match="server running"):
        read(client, fd)


def test_a_killed_server_leaves_no_parents(tmp_path: Path) -> None:
    script = (
        "import sys, time; sys.path.append(sys.argv[1])\n"
        "from pathlib import Path\nfrom decoders import family\n"
        "from safelight.media.sandbox.server import SandboxServer\n"
        "server = SandboxServer(Path(sys.argv[2]), [family('hostile:decode')])\n"
        "print(server._parents['test'].pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(SUPPORT), str(tmp_path / "s")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        parent = int(server.stdout.readline())
        server.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{parent}").exists() and "Z" not in Path(f"/proc/{parent}/stat").read_text():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
@pytest.mark.parametrize("uid", [54321, 65534])
def test_another_user_is_not_answered_even_where_the_directory_lets_them_in(uid: int) -> None:
    # Not tmp_path, whose parents keep other users out.
    with tempfile.TemporaryDirectory() as name, SandboxServer(Path(name), FAMILIES):
        Path(name).chmod(0o755)
        path = Path(name) / "test.sock"
        path.chmod(0o777)
        command = [sys.executable, "-c", STRANGER, str(uid), str(path)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "hung up\n"


def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(SandboxError, match="0700"):
        SandboxServer(tmp_path, FAMILIES)


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="shorter"):
        SandboxServer(tmp_path / ("x" * 120), FAMILIES)
