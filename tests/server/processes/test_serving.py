"""`safelight serve` starts from nothing, says one plain line where it cannot, and stops in order."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from serving import Server, resting_server, wait_until

PROCESSES = {"vault", "indexes", "jobs", "web-1", "web-2"}


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """One server for those who only look."""
    with resting_server() as server:
        yield server.start()


def test_from_nothing_on_either_database(short_tmp: Path, database_url: str):
    server = Server(short_tmp, new=True, database_url=database_url)
    try:
        server.start()
        assert set(server.status()) >= PROCESSES
        wait_until("every check to be well", lambda: not server.checks())
        said = server.said()
        assert f"http://localhost:{server.port}\n" in said
        assert "127.0.0.1" not in said
        assert "Keep a copy of that file in a safe place" in said
        assert f"http://localhost:{server.port}/accounts/join/" in said
        code, body = server.get("/metrics")
        assert code == 200
        assert b'safelight_process_up{process="vault"} 1.0' in body
        assert server.stop() == 0
        if not database_url:
            with closing(sqlite3.connect(server.workspace / "server.sqlite3")) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        server.end()


def test_only_the_printed_address_is_answered(running: Server):
    for host in (f"127.0.0.1:{running.port}", "localhost", "localhost:1", "attacker.example", ""):
        assert running.get("/healthz", Host=host)[0] in {400, 421}, host
    listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}
    assert f"0100007F:{running.port:04X}" in listening
    assert f"00000000:{running.port:04X}" not in listening


def test_a_second_server_on_one_workspace_is_refused(running: Server):
    again = running.run("serve", "--port", str(running.port + 1))
    assert again.returncode == 1
    assert one_line(again).startswith("Error: Another `safelight serve` runs on the workspace")
    assert running.get("/healthz")[0] == 200


def test_a_port_in_use_is_refused_and_nothing_is_made(server: Server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert one_line(refused).startswith(f"Error: Port {server.port} on this machine cannot be used")
    assert not (server.workspace / "workspace.toml").exists()


def test_a_directory_that_cannot_be_made_is_refused(server: Server):
    server.directory.joinpath("file").write_text("")
    server.workspace = server.directory / "file" / "w"
    refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert "cannot be written" in one_line(refused)


def test_a_database_that_does_not_answer_is_refused(server: Server):
    server.settings["database_url"] = "postgresql://nobody@127.0.0.1:1/none"
    refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("Error: The database cannot be used")
    assert "Traceback" not in refused.stderr


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = done.stderr.strip().splitlines()
    return line


def test_a_missing_root_key_is_said_and_nothing_is_written(server: Server):
    server.prepare()
    (key,) = (server.directory / "keys").glob("*.toml")
    away = key.rename(server.directory / "away.toml")
    before = content_of(server.workspace)
    server.start()
    assert "There is no root key" in server.said()
    assert "There is no root key" in server.checks()["root key"]
    assert server.get("/accounts/login/")[0] == 503
    assert b"has no root key, or one of another workspace" in server.get("/", Accept="text/html")[1]
    assert server.stop() == 0
    assert content_of(server.workspace) == before
    away.rename(key)
    server.start()
    assert server.get("/accounts/login/")[0] == 200


def test_a_wrong_root_key_is_said(server: Server):
    server.prepare()
    (key,) = (server.directory / "keys").glob("*.toml")
    key.write_text(key.read_text().replace('secret = "', 'secret = "00', 1))
    server.start()
    assert "damaged" in server.checks()["root key"]


def content_of(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def test_processes_leave_no_core_dump_and_hold_only_their_own_keys(running: Server):
    for name, process in running.status().items():
        limits = Path(f"/proc/{process['pid']}/limits").read_text()
        (core,) = (line.split() for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core[4:6] == ["0", "0"], name
        environment = Path(f"/proc/{process['pid']}/environ").read_bytes()
        assert b"SAFELIGHT_KEYS=" not in environment
        assert b"SAFELIGHT_KEY_FILE=" not in environment


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to try as")
def test_the_run_directory_is_closed_to_others(running: Server):
    assert running.run_directory.stat().st_mode & 0o077 == 0
