"""The command line on a server's workspace: it asks the server's store, and goes round nobody."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from models import safetensors, tensors
from pictures import draw, encode
from serving import Server, postgres, wait_until

HASHES = "".join(f"sha256 {hashlib.sha256(b'%d' % n).hexdigest()}\n" for n in range(50))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        monkeypatch.delenv(name)
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        made = Server(Path(directory))
        (made.directory / "hashes.txt").write_text(HASHES)
        try:
            if request.param == "sqlite":
                yield made
            else:
                with postgres() as url:
                    made.settings["database_url"] = url
                    yield made
                    made.end()
        finally:
            made.end()


def lists(server: Server, *arguments: str) -> str:
    done = server.run("lists", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def import_(server: Server, name: str, class_: str, *options: str) -> str:
    file = str(server.directory / "hashes.txt")
    return lists(server, "import", file, "--name", name, "--class", class_, *options)


def shown(server: Server) -> dict[str, dict[str, int]]:
    lines = lists(server, "show", "--json").splitlines()
    return {told["name"]: told["entries"] for told in map(json.loads, lines)}


def test_what_was_listed_locally_is_the_servers_and_commands_ask_it(server: Server) -> None:
    import_(server, "before", "test")
    server.start()
    assert "Took 50 listed hashes over" in server.said()
    assert 'lists = "server"' in (server.workspace / "workspace.toml").read_text()
    assert not list(server.workspace.glob("lists.sqlite3*"))
    assert "50 added" in import_(server, "after", "test")
    assert shown(server) == {"before": {"sha256": 50}, "after": {"sha256": 50}}
    lists(server, "set", "after", "--shadow", "--distance", "9")
    assert "WRONG" not in lists(server, "verify")
    golden_items_are_loaded_and_retired(server)
    lists(server, "remove", "before", "--yes")
    assert set(shown(server)) == {"after", "golden"}
    # Without the server running, the database is asked all the same.
    assert server.stop() == 0
    assert set(shown(server)) == {"after", "golden"}
    (server.directory / "file").write_bytes(b"7")
    scanned = server.run("scan", str(server.directory / "file"))
    assert scanned.returncode == 3, scanned.stdout + scanned.stderr


def golden_items_are_loaded_and_retired(server: Server) -> None:
    """By the command line, of a picture that a list of class test holds, and of no other."""
    picture, other = encode(draw(), "PNG"), encode(draw(seed=2), "PNG")
    for name, content in (("cat.png", picture), ("dog.png", other)):
        (server.directory / name).write_bytes(content)
    file = server.directory / "golden.txt"
    file.write_text(f"sha256 {hashlib.sha256(picture).hexdigest()}\n")
    lists(server, "import", str(file), "--name", "golden", "--class", "test")
    items = server.directory / "golden.toml"
    told = 'schema = "safelight.golden/1"\n[[items]]\nname = "a picture"\npicture = "{}"\n'
    expected = '[items.expected]\noutcome = "not_unlawful"\nseverity = "none"\n'
    for name, status in (("dog.png", 2), ("cat.png", 0)):
        items.write_text(told.format(name) + expected)
        loaded = server.run("golden", "load", str(items))
        assert loaded.returncode == status, loaded.stdout + loaded.stderr
    assert "Loaded 1" in loaded.stdout
    for in_use, change in (("yes", "retire"), ("no", "show")):
        assert server.run("golden", "show").stdout.split()[-1] == in_use
        assert (
            server.run("golden", *([change, "a picture"] if change == "retire" else [change])).returncode == 0
        )


def test_the_terminal_is_no_second_person(server: Server) -> None:
    server.start()
    said = import_(server, "good", "known_good")
    assert "50 entries wait for two people" in said
    assert "50 entries wait for two people" in import_(server, "ours", "test", "--own")
    model = server.directory / "model.safetensors"
    model.write_bytes(safetensors(tensors(1, 3)))
    said = lists(server, "add-model", str(model), "--name", "bases", "--class", "known_good", "--key", "b-1")
    assert "entries wait for two people" in said
    assert shown(server) == {"good": {}, "ours": {}, "bases": {}}
    said = lists(server, "waiting", "good")
    batch = next(word for line in said.splitlines() for word in line.split() if word.count("-") == 4)
    assert "Discarded 50" in lists(server, "discard", batch, "--reason", "a mistake")
    assert "Nothing waits" in lists(server, "waiting", "good")
    told = ("--every", "24", "--category", "CGI=ai_csam", "--reason", "as agreed")
    assert "Changed" in lists(server, "expect", "ours", *told)
    assert "matches 0 files" in lists(server, "recheck", "ours", "--key", "k")
    refused = server.run("lists", "restore", "ours", "--reason", "why not")
    assert (refused.returncode, "has not fallen" in refused.stderr) == (1, True)


@pytest.mark.slow
def test_a_key_is_rotated_with_the_lists_in_the_database(server: Server) -> None:
    if "database_url" in server.settings:
        server.start()
        assert server.stop() == 0
    server.prepare()
    import_(server, "a", "test")
    rotated = server.run("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    server.start()
    wait_until("every check to be well", lambda: not server.checks())
    assert "All 50 listed values open" in lists(server, "verify")


@pytest.mark.slow
def test_a_start_that_was_killed_while_it_took_lists_over_is_finished_by_the_next(server: Server) -> None:
    many = "".join(f"sha256 {hashlib.sha256(b'm%d' % n).hexdigest()}\n" for n in range(20_000))
    (server.directory / "hashes.txt").write_text(many)
    import_(server, "many", "test")
    for reached in (0, 1, 10_000):
        process = subprocess.Popen(
            server.command("serve", "--port", str(server.port)),
            env=server.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        wait_until("lists to be taken over", lambda reached=reached: taken_over(server) >= reached)
        for pid in reversed(descendants(process.pid)):
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        process.wait()
    server.start()
    assert shown(server) == {"many": {"sha256": 20_000}}
    assert "WRONG" not in lists(server, "verify")


def taken_over(server: Server) -> int:
    """How far the database has got with the local lists; -1 while it has no tables."""
    question = "SELECT coalesce(max(brought_to), 0) FROM lists_liststate"
    with suppress(sqlite3.OperationalError, psycopg.Error):
        if url := server.settings.get("database_url"):
            with psycopg.connect(url) as database:
                return int(database.execute(question).fetchone()[0])
        path = server.workspace / "server.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
            return int(database.execute(question).fetchone()[0])
    return -1


def descendants(pid: int) -> list[int]:
    found = [pid]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += descendants(int(status.parent.name))
    return found
