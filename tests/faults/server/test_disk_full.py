"""A full disk under any writer is a clear error and told by /readyz; nothing is lost, and room is enough."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from pictures import draw, oracle
from serving import wait_until
from small_disk import full, small_disk
from trial_server import ON_POSTGRES, TrialServer, figures, hold_against, trial_server
from trial_uploads import Picture, Platform, picture

from safelight.ids import uuid7
from safelight.vault.destruction import DestructionLog

pytestmark = pytest.mark.xdist_group("trials")


LOGGED = 75
"""Lines that fill a page of the destruction log to its last line: the next one needs room."""


@contextlib.contextmanager
def served() -> Iterator[tuple[TrialServer, Platform]]:
    """A server each of whose places is a disk of its own, and uploads on their way."""
    with trial_server(database_disk="300m") as server, contextlib.ExitStack() as mounted:
        places = {"w": "700m", "run": "24m", "heads": "24m", "logs": "4m", "backups": "1m", "log": "24m"}
        disks = {name: server.directory / name for name in places}
        for name, size in places.items():
            mounted.enter_context(small_disk(disks[name], size))
        mounted.callback(server.end)
        mounted.enter_context(small_disk(disks["w"] / "index", "8m"))
        log = DestructionLog(disks["log"] / "destructions", backed_up=disks["w"])
        log.create()
        for _ in range(LOGGED):
            log.append(UUID(uuid7()))
        server.output = disks["logs"] / "output"
        server.extra = {
            "XDG_RUNTIME_DIR": str(disks["run"]),
            "SAFELIGHT_DESTRUCTION_LOG": str(disks["log"] / "destructions"),
            "SAFELIGHT_HEADS_DIRECTORY": str(disks["heads"]),
        }
        platform = server.begin(jobs=0)
        server.wait_until_well()
        yield server, platform


def new_match(seed: int) -> Picture:
    """Looks like a listed one, and was never sent before: it has to be sealed."""
    return Picture(picture(seed, draw(160, 120, seed=0).resize((150, 112))), listed=True)


def look(server: TrialServer, platform: Platform) -> dict[str, object]:
    platform.stop()
    server.wait_until_well()
    wait_until("every row's place", lambda: "Waiting    0" in server.ledger_verifies().stdout)
    assert server.stop() == 0
    found = hold_against(server, platform)
    assert found["lost"] == []
    assert (found["case_duplicates"], found["without_bytes"], found["listed_clear"]) == (0, 0, 0)
    assert platform.clear_though_listed() == 0
    assert server.ledger_verifies().returncode == 0
    # A process that a scene killed had connections.
    assert set(platform.refused) <= {"503", "RemoteDisconnected", "ConnectionResetError"}, platform.refused
    assert "SIGBUS" not in server.said(), "a process died of a page that has no room"
    return {
        "full_disk_uploads": len(platform.acknowledged),
        "full_disk_answered_503": platform.refused["503"],
        "full_disk_acknowledged_lost": len(found["lost"]),
    }


def hashes(kind: str, count: int) -> list[str]:
    """Listed values as good as any: what looks made up would be set apart."""
    return [f"{kind} {hashlib.sha256(b'%d' % number).hexdigest()}" for number in range(count)]


def fill_workspace(server: TrialServer, platform: Platform) -> None:
    """Database, its log, lists and evidence."""
    platform.start()
    before = len(platform.acknowledged)
    wait_until("uploads", lambda: len(platform.acknowledged) > before + 20)
    with full(server.workspace):
        assert platform.post("no-room", new_match(1)) is None
        wait_until("refusals", lambda: platform.refused["503"] > 5)
        assert server.get("/healthz")[0] == 200
        assert "Free or add space" in server.checks()["disk"]
        # Many, since a few find room in pages that the database has free.
        many = server.directory / "many.txt"
        many.write_text("\n".join(hashes("sha256", 40_000)))
        imported = server.run("lists", "import", str(many), "--name", "b", "--class", "test")
        assert imported.returncode != 0
    before = len(platform.acknowledged)
    wait_until("uploads to go on", lambda: len(platform.acknowledged) > before + 20)
    server.wait_until_well()


def fill_indexes(server: TrialServer, platform: Platform) -> None:
    """Their snapshots and logs: what a list gains meanwhile is not searched, and never *clear*."""
    look = draw(160, 120, seed=77_000)
    late = [Picture(picture(seed, look.resize((150, 112))), listed=True) for seed in (1, 2)]
    lines = server.directory / "late.txt"
    lines.write_text("\n".join([*hashes("pdq", 2_000), f"pdq {oracle(look)[0][0]}"]) + "\n")
    with full(server.workspace / "index"):
        imported = server.run("lists", "import", str(lines), "--name", "late", "--class", "test")
        assert imported.returncode == 0, imported.stderr
        wait_until("/readyz to say so", lambda: "The indexes" in server.checks().get("indexes", ""))
        assert platform.upload(late[0]).outcome == "unscanned"
    server.wait_until_well()
    assert platform.upload(late[1]).outcome == "hold"


def fill_run_directory(server: TrialServer, platform: Platform) -> None:
    """Sockets, the supervisor's status and the counts of /metrics; processes start again without any room."""
    with full(server.run_directory.parent):
        wait_until("/readyz to say so", lambda: "disk" in server.checks())
        for name in ("web-1", "jobs", "vault"):
            server.kill_unseen(name)
        before = len(platform.acknowledged)
        wait_until("uploads to go on", lambda: len(platform.acknowledged) > before + 20)
        # A connection may have waited at a process that was killed; whoever asks again is answered.
        wait_until("/healthz", lambda: server.get("/healthz")[0] == 200)
    server.wait_until_well()


def fill_heads(server: TrialServer, platform: Platform) -> None:
    """Where the ledger's heads are kept elsewhere; the ledger goes on without."""
    heads = server.directory / "heads"
    before = set(heads.glob("*.head"))
    with full(heads):
        wait_until("/readyz to say so", lambda: "disk" in server.checks())
        wait_until("the log to say so", lambda: "not kept elsewhere" in server.said())
        known = len(platform.acknowledged)
        wait_until("uploads to go on", lambda: len(platform.acknowledged) > known + 20)
    wait_until("a head to be kept", lambda: set(heads.glob("*.head")) - before)
    assert not [path for path in heads.glob("*.head") if not path.stat().st_size]
    server.wait_until_well()


def fill_logs(server: TrialServer, platform: Platform) -> None:
    """Standard error: a server that cannot say anything goes on."""
    with full(server.output.parent):
        server.kill("web-1")
        server.kill("jobs")
        before = len(platform.acknowledged)
        wait_until("uploads to go on", lambda: len(platform.acknowledged) > before + 20)
    said = len(server.said())
    server.kill("web-1")
    wait_until("it to be said again", lambda: len(server.said()) > said)


def fill_backup(server: TrialServer, platform: Platform) -> None:
    """The destination of a backup: a message, nothing left, and a backup once there is room."""
    backups = server.directory / "backups"
    refused = server.run("backup", str(backups / "b"))
    assert refused.returncode != 0
    assert re.search("room|No space left", refused.stderr), refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(backups.iterdir()) == []
    made = server.run("backup", str(server.directory / "b"))
    assert made.returncode == 0, made.stderr


def fill_destruction_log(server: TrialServer, platform: Platform) -> None:
    """What cannot be logged is not destroyed; it is once it can."""
    assert platform.post("to be destroyed", Picture(b"words that are no picture", listed=False))
    with full(server.directory / "log"):
        wait_until("/readyz to say so", lambda: "disk" in server.checks())
        assert server.inspect("expire") == 1
        purge = server.inspect("enqueue_due", {"kind": "vault.purge"})
        wait_until("the purge to fail", lambda: "has room" in server.inspect("job", {"id": purge})["error"])
        assert server.inspect("destroyed") == 0
    wait_until("the purge", lambda: server.inspect("job", {"id": purge})["state"] == "done")
    assert server.inspect("destroyed") == 1


def fill_database(server: TrialServer, platform: Platform) -> None:
    """PostgreSQL's own disk. It may stop itself; whoever runs it starts it again when there is room."""
    assert server.postgres is not None
    with full(server.postgres.disk):
        wait_until("refusals", lambda: platform.refused["503"] > 5)
        assert server.get("/healthz")[0] == 200
    server.postgres.start()
    before = len(platform.acknowledged)
    wait_until("uploads to go on", lambda: len(platform.acknowledged) > before + 20)
    server.wait_until_well()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_writer_finds_its_disk_full():
    scenes = [fill_destruction_log, fill_workspace, fill_indexes, fill_run_directory]
    scenes += [fill_heads, fill_logs, fill_backup]
    scenes += [fill_database] if ON_POSTGRES else []
    with served() as (server, platform):
        for scene in scenes:
            scene(server, platform)
        figures(full_disks=len(scenes), **look(server, platform))
