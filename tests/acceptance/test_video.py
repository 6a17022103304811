"""A listed video is found by the real commands: in a re-encoded copy, in a compilation, and not in others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from videos import Video

Safelight = Callable[..., Any]
Read = Callable[[str], list[dict[str, Any]]]

LISTED = Video(scenes=(1, 2, 3))


@pytest.fixture
def place(tmp_path: Path, safelight: Safelight) -> Path:
    """A list of class test with one video, by nothing but its frames."""
    (tmp_path / "listed.mp4").write_bytes(LISTED.bytes())
    hashed = safelight("hash", tmp_path / "listed.mp4").out
    lines = [line for line in hashed.splitlines() if line.startswith("vpdq ")]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    done = safelight("lists", "import", tmp_path / "list.txt", "--name", "films", "--class", "test")
    assert (done.code, done.out.split(":")[1]) == (0, " 6 added, 0 known already, 0 updated.\n"), done.err
    (tmp_path / "in").mkdir()
    return tmp_path


def test_copies_excerpts_and_compilations_are_found_and_others_are_not(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    files = {
        "copy.webm": Video(scenes=(1, 2, 3), codec="libvpx", format="webm", options={"b": "900000"}),
        "excerpt.mp4": Video(scenes=(2,), options={"preset": "ultrafast", "crf": "32"}),
        "compiled.mkv": Video(scenes=(7, 1, 2, 3, 8, 9), format="matroska"),
        "other.mp4": Video(scenes=(4, 5, 6)),
    }
    for name, video in files.items():
        (place / "in" / name).write_bytes(video.bytes())
    ended = safelight("scan", place / "in", "--jsonl", place / "out.jsonl", "--state", place / "state")
    assert ended.code == 3, ended.err
    assert "50% of it, 100% of what is listed, 2-8 s" in " ".join(ended.out.split())
    lines = {Path(line["name"]).name: line for line in observations((place / "out.jsonl").read_text())}
    assert {name: line["verdict"]["outcome"] for name, line in lines.items()} == {
        "copy.webm": "hold",
        "excerpt.mp4": "hold",
        "compiled.mkv": "hold",
        "other.mp4": "clear",
    }
    covered = {name: lines[name]["matches"][0]["coverage"] for name in files if name != "other.mp4"}
    assert covered["copy.webm"] == {"query": 1, "listed": 1}
    assert covered["excerpt.mp4"]["query"] == 1
    assert covered["compiled.mkv"] == {"query": 0.5, "listed": 1}
    assert lines["compiled.mkv"]["matches"][0]["spans"] == [{"start": 2, "end": 8, "listed": 0}]


def test_a_list_says_how_much_is_enough(place: Path, safelight: Safelight) -> None:
    (place / "in" / "half.mp4").write_bytes(Video(scenes=(1, 7)).bytes())
    assert safelight("scan", place / "in").code == 0
    assert safelight("lists", "set", "films", "--query-percent", "50").code == 0
    assert safelight("scan", place / "in").code == 3
    strict = 'schema = "safelight.policy/1"\n[[rules]]\nname = "whole"\nsignals = ["vpdq"]\n'
    strict += 'query_percent_at_least = 90\naction = "match"\n[[rules]]\nname = "rest"\naction = "note"\n'
    (place / "policy.toml").write_text(strict)
    assert safelight("scan", place / "in", "--policy", place / "policy.toml").code == 0
    (place / "in" / "whole.mp4").write_bytes(Video(scenes=(1, 2)).bytes())
    ended = safelight("scan", place / "in", "--policy", place / "policy.toml")
    assert ended.code == 3
    assert "rule whole" in " ".join(ended.out.split())
