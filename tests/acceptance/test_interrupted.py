"""A scan may be stopped in any way at any moment; the next one goes on, and every file has one line."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Safelight = Callable[..., Any]
Draw = Callable[[int], Image.Image]
Read = Callable[[str], list[dict[str, Any]]]

FILES = 1500


@pytest.fixture
def place(tmp_path: Path, draw: Draw) -> Path:
    """Many files, most of them copies of one picture with some bytes after its end, and a list."""
    (tmp_path / "in").mkdir()
    draw(1).save(tmp_path / "one.png")
    content = (tmp_path / "one.png").read_bytes()
    for number in range(FILES):
        (tmp_path / "in" / f"{number:04}.png").write_bytes(content + b"%d" % number)
    (tmp_path / "list.txt").write_text("pdq " + "0123456789abcdef" * 4 + "\n")
    return tmp_path


@pytest.fixture
def arguments(command: list[str], place: Path) -> list[str]:
    listing = f"test:{place}/list.txt"
    kept = ["--state", str(place / "state"), "--jsonl", str(place / "out.jsonl")]
    return [*command, "scan", "--list", listing, *kept, "--jobs", "2", str(place / "in")]


@contextmanager
def running(arguments: list[str], home: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(arguments, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_lines(path: Path, *, more_than: int = 0) -> None:
    until = time.monotonic() + 60
    while not path.exists() or path.stat().st_size <= more_than:
        assert time.monotonic() < until, "no results came"
        time.sleep(0.01)


def test_a_killed_scan_goes_on_and_every_file_has_exactly_one_line(
    arguments: list[str], home: dict[str, str], place: Path, observations: Read
) -> None:
    results, kills, size = place / "out.jsonl", 0, 0
    while kills < 3:
        with running(arguments, home) as process:
            wait_for_lines(results, more_than=size)
            time.sleep(0.05 * kills)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        size = results.stat().st_size
    assert kills
    done = subprocess.run(arguments, env=home, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done
    names = [line["name"] for line in observations(results.read_text())]
    assert sorted(names) == sorted(map(str, (place / "in").iterdir()))
    assert f"clear{FILES:>16,}".split() == next(x.split() for x in done.stdout.splitlines() if "clear" in x)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_finishes_what_is_being_decoded_and_keeps_what_is_finished(
    arguments: list[str], home: dict[str, str], place: Path, observations: Read, number: int, code: int
) -> None:
    with running(arguments, home) as process:
        wait_for_lines(place / "out.jsonl")
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code, err
    assert b"Traceback" not in err
    lines = observations((place / "out.jsonl").read_text())
    assert 0 < len(lines) < FILES
    assert {line["verdict"]["outcome"] for line in lines} == {"clear"}
    assert subprocess.run(arguments, env=home, capture_output=True, timeout=120, check=False).returncode == 0
    assert len(observations((place / "out.jsonl").read_text())) == FILES


def test_ctrl_c_on_a_terminal_reaches_every_process_and_makes_no_file_unscanned(
    arguments: list[str], home: dict[str, str], place: Path, observations: Read
) -> None:
    """A terminal sends the signal to the whole group, the decoders' parents among them."""
    with subprocess.Popen(arguments, env=home, stderr=subprocess.PIPE, start_new_session=True) as process:
        wait_for_lines(place / "out.jsonl")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    assert {line["verdict"]["outcome"] for line in observations((place / "out.jsonl").read_text())} == {
        "clear"
    }


def test_new_lists_mean_everything_is_scanned_anew(
    arguments: list[str], safelight: Safelight, place: Path, observations: Read
) -> None:
    for path in list((place / "in").iterdir())[5:]:
        path.unlink()
    assert safelight(*arguments[1:]).code == 0
    assert safelight(*arguments[1:]).code == 0
    assert len(observations((place / "out.jsonl").read_text())) == 5
    (place / "list.txt").write_text(safelight("hash", place / "one.png").out)
    ended = safelight(*arguments[1:])
    assert ended.code == 3
    assert "5 files were scanned with other lists or policy" in ended.err
    assert len(observations((place / "out.jsonl").read_text())) == 10


def test_a_state_needs_results_that_can_be_cut(safelight: Safelight, place: Path) -> None:
    listing = f"test:{place}/list.txt"
    ended = safelight("scan", "--list", listing, "--state", place / "state", "--jsonl", "-", place / "in")
    assert ended.code == 2
    assert "--state needs --jsonl FILE" in " ".join(ended.err.split())


def test_a_reader_that_leaves_ends_the_scan_quietly(
    command: list[str], home: dict[str, str], place: Path
) -> None:
    listing = f"test:{place}/list.txt"
    arguments = [*command, "scan", "--list", listing, "--jsonl", "-", str(place / "in")]
    with running(arguments, home) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Traceback" not in err


def test_a_decoder_that_dies_costs_one_file(
    command: list[str], home: dict[str, str], place: Path, observations: Read, draw: Draw
) -> None:
    for path in list((place / "in").iterdir())[20:]:
        path.unlink()
    frames = [
        draw(number).convert("L").resize((1000, 800), Image.Resampling.NEAREST) for number in range(100)
    ]
    frames[0].save(place / "in" / "0000-slow.gif", save_all=True, append_images=frames[1:])
    listing = f"test:{place}/list.txt"
    arguments = [*command, "scan", "--list", listing, "--jsonl", str(place / "out.jsonl"), str(place / "in")]
    with running(arguments, home) as process:
        os.kill(decoder_at_work(process.pid), signal.SIGKILL)
        process.communicate(timeout=120)
        assert process.returncode == 4
    verdicts = {Path(x["name"]).name: x["verdict"] for x in observations((place / "out.jsonl").read_text())}
    crashed = verdicts.pop("0000-slow.gif")
    assert (crashed["outcome"], crashed["reason"]) == ("unscanned", "crashed")
    assert {verdict["outcome"] for verdict in verdicts.values()} == {"clear"}
    assert len(verdicts) == 20


def decoder_at_work(scan: int) -> int:
    """A process that a warm parent of this scan forked and that has been computing for a while."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for parent in children(scan):
            for child in children(parent):
                if cpu_ticks(child) >= 20:
                    return child
        time.sleep(0.02)
    raise AssertionError("no decoder was at work")


def children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
