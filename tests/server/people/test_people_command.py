"""`safelight people invite` and `prepare`: two administrators come in by the terminal, and no demo."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from serving import Server, resting_server


@pytest.fixture
def server() -> Iterator[Server]:
    with resting_server() as server:
        yield server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with resting_server() as server:
        yield server.start()


def test_nobody_is_invited_before_the_first_start(server: Server):
    early = server.run("people", "invite")
    assert early.returncode != 0
    assert "safelight serve" in early.stderr or "no workspace" in early.stderr.lower()


def test_the_terminal_invites_while_it_may(running: Server):
    made = running.run("people", "invite", "--port", str(running.port))
    assert made.returncode == 0, made.stderr
    link = made.stdout.split()[-1]
    assert link.startswith(f"http://localhost:{running.port}/accounts/join/")
    assert running.get(link.partition(str(running.port))[2])[0] == 200
    # Each replaces the one before.
    again = running.run("people", "invite", "--port", str(running.port)).stdout.split()[-1]
    assert running.get(link.partition(str(running.port))[2])[0] != 200
    assert running.get(again.partition(str(running.port))[2])[0] == 200


def test_real_work_never_becomes_a_demo(server: Server):
    server.prepare()
    server.settings["demo"] = "true"
    refused = server.run("serve", "--port", str(server.port))
    assert refused.returncode == 1
    assert "cannot become one" in refused.stderr


def test_doctor_covers_the_server(running: Server):
    told = areas(running)["server"]
    assert [line for line in told if "server.sqlite3 is ok" in line]
    assert [line for line in told if f"http://localhost:{running.port}" in line]
    assert [line for line in told if "MiB are free" in line]
    assert [line for line in told if "may open" in line]
    assert [line for line in told if "the clock" in line]


def test_doctor_says_whether_there_is_a_server(server: Server):
    assert "server" not in areas(server)
    server.prepare()
    assert [line for line in areas(server)["server"] if "is free; no server runs" in line]


def areas(server: Server) -> dict[str, list[str]]:
    server.settings["port"] = str(server.port)
    found: dict[str, list[str]] = {}
    for finding in json.loads(server.run("doctor", "--json").stdout)["findings"]:
        found.setdefault(finding["area"], []).append(finding["says"])
    return found
