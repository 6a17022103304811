"""`safelight people invite` and `prepare`: two administrators come in by the terminal; demos are marked."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        monkeypatch.delenv(name)
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        server = Server(Path(directory))
        yield server
        server.end()


def test_the_terminal_invites_while_it_may(server: Server):
    early = server.run("people", "invite")
    assert early.returncode != 0
    assert "safelight serve" in early.stderr or "no workspace" in early.stderr.lower()
    server.start()
    made = server.run("people", "invite", "--port", str(server.port))
    assert made.returncode == 0, made.stderr
    link = made.stdout.split()[-1]
    assert link.startswith(f"http://localhost:{server.port}/accounts/join/")
    assert server.get(link.partition(str(server.port))[2])[0] == 200
    # Each replaces the one before.
    again = server.run("people", "invite", "--port", str(server.port)).stdout.split()[-1]
    assert server.get(link.partition(str(server.port))[2])[0] != 200
    assert server.get(again.partition(str(server.port))[2])[0] == 200


def test_a_demo_is_marked_at_its_first_start_and_stays_one(server: Server):
    server.settings["demo"] = "true"
    server.start()
    assert server.stop() == 0
    server.settings["demo"] = "false"
    refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert "made as a demo and stays one" in refused.stderr


def test_real_work_never_becomes_a_demo(server: Server):
    server.start()
    assert server.stop() == 0
    server.settings["demo"] = "true"
    refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert "cannot become one" in refused.stderr


def test_doctor_covers_the_server(server: Server):
    assert "server" not in areas(server)
    server.start()
    told = areas(server)["server"]
    assert [line for line in told if "server.sqlite3 is ok" in line]
    assert [line for line in told if f"http://localhost:{server.port}" in line]
    assert [line for line in told if "MiB are free" in line]
    assert [line for line in told if "may open" in line]
    assert [line for line in told if "the clock" in line]
    assert server.stop() == 0
    assert [line for line in areas(server)["server"] if "is free; no server runs" in line]


def areas(server: Server) -> dict[str, list[str]]:
    server.settings["port"] = str(server.port)
    found: dict[str, list[str]] = {}
    for finding in json.loads(server.run("doctor", "--json").stdout)["findings"]:
        found.setdefault(finding["area"], []).append(finding["says"])
    return found
