"""Several processes use one workspace at once, from its making on, and lose nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance import pdq

from safelight.workspace import Workspace
from safelight.workspace.verification import verify_lists


def _import(file: Path, *options: str) -> subprocess.Popen[str]:
    words = ["lists", "import", str(file), "--name", "a", "--class", "test", *options]
    command = [sys.executable, "-c", "from safelight.cli import main; main()", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_imports_at_once_lose_nothing(workspace_directory: Path, tmp_path: Path) -> None:
    """The files overlap, no entry has a key of its own, and the workspace is not there yet."""
    children = []
    for number in range(3):
        file = tmp_path / f"list {number}"
        some = range(number * 4000, number * 4000 + 12_000)
        file.write_text("".join(f"pdq {pdq(n)}\n" for n in some))
        children.append(_import(file))
    said = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said
    assert sum("Made a workspace" in error for _, error in said) == 1
    with Workspace.open(workspace_directory) as workspace:
        assert workspace.store.tally("a") == {"pdq": 20_000}
        assert {value for _, value in workspace.store.live("pdq")} == {pdq(n) for n in range(20_000)}
        assert all(finding.ok for finding in verify_lists(workspace, lambda _done, _total: None))


def test_importing_goes_on_while_the_key_is_rotated(workspace_directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("".join(f"pdq {pdq(n)}\n" for n in range(20_000)))
    first, _ = _import(file).communicate()
    assert first == "a: 20,000 added, 0 known already, 0 updated.\n"
    file.write_text("".join(f"pdq {pdq(n)}\n" for n in range(10_000, 30_000)))
    importing = _import(file)
    rotating = subprocess.run(
        [sys.executable, "-c", "from safelight.cli import main; main()", "keys", "rotate"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rotating.returncode == 0, rotating.stderr
    output, error = importing.communicate()
    assert (output, error) == ("a: 10,000 added, 10,000 known already, 0 updated.\n", "")
    with Workspace.open(workspace_directory) as workspace:
        assert workspace.store.tally("a") == {"pdq": 30_000}
        assert all(finding.ok for finding in verify_lists(workspace, lambda _done, _total: None))
