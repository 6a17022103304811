"""The key file is private, whole, outside the workspace, and looked for in one known place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from safelight.errors import KeyMismatch, KeyMissing, KeyUnsafe
from safelight.keys import KeyFile, KeyLocation, Keyring, locate


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    path.mkdir()
    return path


@pytest.fixture
def key_file(tmp_path: Path, workspace: Path) -> KeyFile:
    return KeyFile(KeyLocation(tmp_path / "keys" / "key.toml", "the test says so"), "w", workspace)


@pytest.fixture
def ring(key_file: KeyFile) -> Keyring:
    ring = Keyring.generate("w")
    key_file.create(ring)
    return ring


def test_what_was_written_is_read_back(key_file: KeyFile, ring: Keyring) -> None:
    assert key_file.load() == ring


def test_file_and_directory_are_private(key_file: KeyFile, ring: Keyring) -> None:
    assert stat.S_IMODE(key_file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.path.parent.stat().st_mode) == 0o700


def test_a_key_is_never_overwritten_by_creating_another(key_file: KeyFile, ring: Keyring) -> None:
    with pytest.raises(KeyUnsafe, match="already"):
        key_file.create(Keyring.generate("w"))
    assert key_file.load() == ring


def test_nothing_is_left_beside_the_key(key_file: KeyFile, ring: Keyring) -> None:
    (key_file.path.parent / ".key.toml.new").write_text("left by a process that was killed")
    key_file.add_primary()
    assert [path.name for path in key_file.path.parent.iterdir()] == ["key.toml"]


def test_a_new_primary_keeps_the_old_key(key_file: KeyFile, ring: Keyring) -> None:
    rotated = key_file.add_primary()
    assert key_file.load() == rotated
    assert rotated.primary_id != ring.primary_id
    assert ring.ids() < rotated.ids()
    key_file.replace(rotated.without(ring.ids()))
    assert key_file.load().ids() == {rotated.primary_id}


def test_a_missing_key_says_where_it_was_looked_for_and_why(key_file: KeyFile) -> None:
    with pytest.raises(KeyMissing) as caught:
        key_file.load()
    message = str(caught.value)
    assert str(key_file.path) in message
    assert "the test says so" in message
    assert "SAFELIGHT_KEY_FILE" in message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660])
def test_a_key_that_others_can_read_or_change_is_refused(key_file: KeyFile, ring: Keyring, mode: int) -> None:
    key_file.path.chmod(mode)
    with pytest.raises(KeyUnsafe, match="chmod 600"):
        key_file.load()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_to_is_refused(key_file: KeyFile, ring: Keyring, mode: int) -> None:
    key_file.path.parent.chmod(mode)
    with pytest.raises(KeyUnsafe, match="chmod go-w"):
        key_file.load()


def test_a_directory_further_up_that_others_can_write_to_is_refused(tmp_path: Path, workspace: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    key_file = KeyFile(KeyLocation(shared / "keys" / "key.toml", ""), "w", workspace)
    key_file.create(Keyring.generate("w"))
    shared.chmod(0o777)
    with pytest.raises(KeyUnsafe, match=str(shared)):
        key_file.load()
    shared.chmod(0o1777)  # as /tmp: nobody can replace what belongs to others
    key_file.load()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away takes root")
def test_a_key_or_directory_of_another_user_is_refused(key_file: KeyFile, ring: Keyring) -> None:
    os.chown(key_file.path, 12345, -1)
    with pytest.raises(KeyUnsafe, match="another user"):
        key_file.load()
    os.chown(key_file.path, 0, -1)
    os.chown(key_file.path.parent, 12345, -1)
    with pytest.raises(KeyUnsafe, match="another user"):
        key_file.load()


def test_a_key_inside_the_workspace_is_refused(tmp_path: Path, workspace: Path) -> None:
    inside = KeyFile(KeyLocation(workspace / "keys" / "key.toml", ""), "w", workspace)
    with pytest.raises(KeyUnsafe, match="inside the workspace"):
        inside.create(Keyring.generate("w"))
    assert list(workspace.iterdir()) == []


def test_a_key_inside_the_workspace_by_a_link_is_refused(
    tmp_path: Path, workspace: Path, key_file: KeyFile, ring: Keyring
) -> None:
    (tmp_path / "link").symlink_to(workspace)
    through = KeyFile(KeyLocation(tmp_path / "link" / "key.toml", ""), "w", workspace)
    with pytest.raises(KeyUnsafe, match="inside the workspace"):
        through.create(Keyring.generate("w"))
    (workspace / "key.toml").symlink_to(key_file.path)
    with pytest.raises(KeyUnsafe, match="inside the workspace"):
        KeyFile(KeyLocation(workspace / "key.toml", ""), "w", workspace).load()


def test_a_link_to_a_safe_key_is_followed_and_kept(tmp_path: Path, key_file: KeyFile, ring: Keyring) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(key_file.path)
    linked = KeyFile(KeyLocation(link, ""), "w", key_file.workspace_directory)
    linked.add_primary()
    assert link.is_symlink()
    assert len(key_file.load().keys) == 2


@pytest.mark.parametrize("kind", ["directory", "fifo"])
def test_what_is_no_file_is_refused_at_once(key_file: KeyFile, kind: str) -> None:
    key_file.path.parent.mkdir()
    key_file.path.mkdir() if kind == "directory" else os.mkfifo(key_file.path, 0o600)
    with pytest.raises(KeyUnsafe, match="not a regular file"):
        key_file.load()


def test_a_damaged_key_file_is_refused_without_being_quoted(key_file: KeyFile, ring: Keyring) -> None:
    whole = key_file.path.read_text()
    secret = ring.keys[0].secret.hex()
    for damaged in (
        "",
        whole[: len(whole) // 2],
        whole.replace(secret, secret[:-2]),
        whole.replace(secret, "00" + secret[2:]),
        whole.replace(ring.primary_id, "0" * 16),
        whole.replace("created", "crated"),
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    ):
        key_file.path.write_text(damaged)
        with pytest.raises(KeyMismatch, match="damaged") as caught:
            key_file.load()
        assert secret[:12] not in repr(caught.value)
        assert caught.value.__cause__ is None


def test_a_key_of_another_workspace_is_refused(key_file: KeyFile, ring: Keyring) -> None:
    other = KeyFile(key_file.location, "other", key_file.workspace_directory)
    with pytest.raises(KeyMismatch, match="belongs to workspace w, not to other"):
        other.load()


def test_a_key_file_of_a_newer_safelight_is_refused(key_file: KeyFile, ring: Keyring) -> None:
    key_file.path.write_text(key_file.path.read_text().replace("format = 1", "format = 2"))
    with pytest.raises(KeyMismatch, match="newer Safelight"):
        key_file.load()


def test_the_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SAFELIGHT_KEY_FILE", raising=False)
    monkeypatch.delenv("SAFELIGHT_KEYS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert locate("w").path == tmp_path / "config" / "safelight" / "keys" / "w.toml"
    monkeypatch.setenv("SAFELIGHT_KEYS", str(tmp_path / "keys"))
    assert locate("w").path == tmp_path / "keys" / "w.toml"
    monkeypatch.setenv("SAFELIGHT_KEY_FILE", str(tmp_path / "file"))
    assert locate("w").path == tmp_path / "file"
    assert locate("w", tmp_path / "option").path == tmp_path / "option"
