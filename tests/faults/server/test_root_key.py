"""A root key that is missing, wrong or cut: the server says so everywhere and writes nothing at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving import wait_until
from trial_server import TrialServer, figures, files_below, hold_against, trial_server
from trial_uploads import Platform

from safelight.keys import KeyFile, Keyring, locate
from safelight.workspace import Workspace
from safelight.workspace.description import read_description

pytestmark = pytest.mark.xdist_group("trials")


def missing(file: Path, _other: Path) -> None:
    file.unlink()


def empty(file: Path, _other: Path) -> None:
    file.write_text("")


def cut(file: Path, _other: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def altered(file: Path, _other: Path) -> None:
    before, _, after = file.read_text().partition('secret = "')
    digit = "0" if after[0] != "0" else "1"
    file.write_text(f'{before}secret = "{digit}{after[1:]}')


def of_another_workspace(file: Path, other: Path) -> None:
    file.write_bytes(other.read_bytes())


def another_of_this_workspace(file: Path, _other: Path) -> None:
    workspace = file.parents[1] / "w"
    id_ = read_description(workspace).id
    file.unlink()
    KeyFile(locate(id_, file), id_, workspace).create(Keyring.generate(id_))


FAULTS = (missing, empty, cut, altered, of_another_workspace, another_of_this_workspace)


@contextlib.contextmanager
def served() -> Iterator[tuple[TrialServer, Platform]]:
    with trial_server() as server:
        platform = server.begin(listed=4)
        for picture in platform.pictures.listed:
            platform.upload(picture)
        yield server, platform


def refuses(
    server: TrialServer, platform: Platform, fault: Callable[[Path, Path], None], other: Path
) -> None:
    """Start with a bad key: nothing works, everything says so, and no byte changes."""
    [file] = (server.directory / "keys").glob("*.toml")
    good, before = file.read_bytes(), contents(server)
    fault(file, other)
    server.start()
    assert "key" in server.said_since_start()
    assert "root key" in server.checks()["root key"].lower() or "key file" in server.checks()["root key"]
    page = server.get("/", Accept="text/html")
    assert page[0] == 503
    assert b"root key" in page[1]
    assert platform.post("no-key", platform.pictures.listed[0]) is None
    assert server.stop() == 0
    assert contents(server) == before, fault
    file.unlink(missing_ok=True)
    file.write_bytes(good)
    file.chmod(0o600)


def contents(server: TrialServer) -> object:
    on_disk = {path: path.read_bytes() for path in sorted(files_below(server.workspace))}
    return on_disk, sorted(server.directory.glob("*.destructions")), server.database_rows()


def works(server: TrialServer, platform: Platform) -> None:
    """With the right key everything is as it was, and goes on."""
    server.start()
    server.wait_until_well()
    assert platform.answered_differently() == []
    for picture in platform.pictures.listed:
        assert platform.upload(picture).outcome == "match"
    wait_until("every row's place", lambda: "Waiting    0" in server.ledger_verifies().stdout)
    assert server.stop() == 0
    assert hold_against(server, platform)["lost"] == []
    assert server.ledger_verifies().returncode == 0


@pytest.fixture(scope="module")
def another_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("another")
    with Workspace.create(directory / "w", key_file=directory / "key.toml") as workspace:
        return workspace.key_file.path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_bad_root_key_writes_anything(another_key):
    with served() as (server, platform):
        key_lost_while_serving(server, platform)
        assert server.stop() == 0
        for fault in FAULTS:
            refuses(server, platform, fault, another_key)
        works(server, platform)
        figures(bad_root_keys=len(FAULTS), bad_root_key_bytes_written=0)


def key_lost_while_serving(server: TrialServer, platform: Platform) -> None:
    """What was opened serves on: processes that are killed then get the same keys."""
    [file] = (server.directory / "keys").glob("*.toml")
    good = file.read_bytes()
    file.write_bytes(good[:-20])
    for name in ("vault", "web-1", "web-2", "jobs", "indexes"):
        server.kill(name)
    server.wait_until_well()
    assert platform.upload(platform.pictures.listed[0]).outcome == "match"
    file.write_bytes(good)
