"""A listed sound is found again by the commands, re-encoded, in a video's soundtrack, or as an excerpt."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import RATE, babble, encode, encode_tracks, song

Safelight = Callable[..., Any]
Read = Callable[[str], list[dict[str, Any]]]

LISTED = song(1, 30)


@pytest.fixture
def place(tmp_path: Path, safelight: Safelight) -> Path:
    """A list of class test with one sound, in the workspace, as `safelight hash` printed it."""
    (tmp_path / "listed.flac").write_bytes(encode(LISTED, "flac", "flac"))
    hashed = safelight("hash", tmp_path / "listed.flac")
    assert hashed.code == 0
    sounds = [line for line in hashed.out.splitlines() if line.startswith("chromaprint")]
    assert [line.split()[0] for line in sounds] == ["chromaprint", "chromaprint_short"]
    (tmp_path / "list.txt").write_text("\n".join(sounds))
    imported = safelight("lists", "import", tmp_path / "list.txt", "--name", "own", "--class", "test")
    assert (imported.code, imported.out) == (0, "own: 2 added, 0 known already, 0 updated.\n")
    (tmp_path / "in").mkdir()
    return tmp_path


def scanned(place: Path, safelight: Safelight, observations: Read) -> dict[str, Any]:
    lines = observations(safelight("scan", place / "in", "--jsonl", "-").out)
    return {Path(line["name"]).name: line for line in lines}


def test_a_listed_sound_is_held_wherever_it_is_heard(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    excerpt = LISTED[10 * RATE : 22 * RATE]
    around = np.concatenate([babble(2, 60), excerpt, babble(3, 20)])
    files = {
        "re-encoded.mp3": encode(LISTED, "mp3", "libmp3lame", 64_000, 44100),
        "excerpt.ogg": encode(around, "ogg", "libopus", 48_000, 48000),
        "soundtrack.mka": encode_tracks([babble(4), LISTED], "matroska", "libopus", 48_000, 48000),
        "clip.wav": encode(LISTED[: int(3.6 * RATE)]),
        "other.mp3": encode(song(2, 30), "mp3", "libmp3lame", 64_000, 44100),
    }
    for name, content in files.items():
        (place / "in" / name).write_bytes(content)
    found = scanned(place, safelight, observations)
    outcomes = {name: line["verdict"]["outcome"] for name, line in found.items()}
    assert {name for name, outcome in outcomes.items() if outcome == "hold"} == set(files) - {"other.mp3"}
    assert found["other.mp3"]["matches"] == []
    assert {line["verdict"]["rule"] for line in found.values() if line["matches"]} == {"abuse-near"}

    [match] = found["excerpt.ogg"]["matches"]
    assert (match["signal"], match["part"], match["list"]) == ("chromaprint", "#audio=1", "own")
    assert match["distance"] <= 38
    [span] = match["spans"]
    assert span["start"] == pytest.approx(60, abs=3)
    assert span["end"] == pytest.approx(72, abs=3)
    assert span["listed"] - span["start"] == pytest.approx(-50, abs=0.3)

    assert {match["part"] for match in found["soundtrack.mka"]["matches"]} == {"#audio=2"}
    assert [match["signal"] for match in found["clip.wav"]["matches"]] == ["chromaprint_short"]


def test_fingerprints_are_imported_from_csv_and_bad_ones_are_named_and_never_shown(
    place: Path, safelight: Safelight
) -> None:
    [first, _] = (place / "list.txt").read_text().splitlines()
    value = first.split()[1]
    with (place / "list.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows(
            [
                ["key", "chromaprint"],
                ["good", value.upper()],
                ["odd", value[:-1]],
                ["still", "0f0f0f0f" * 40],
                ["brief", value[:80]],
            ]
        )
    ended = safelight("lists", "import", place / "list.csv", "--name", "more", "--class", "test")
    assert "more: 1 added" in ended.out
    assert f"line 3: chromaprint: it has {len(value) - 1} characters where chromaprint has 8" in ended.err
    assert "line 4: chromaprint: it is the fingerprint of silence, a hum or a steady noise" in ended.err
    assert "line 5: chromaprint: it has 80 characters" in ended.err
    assert value[:40] not in ended.err
    assert safelight("lists", "show", "more").out.count("chromaprint")


def test_silence_is_clear_and_said_to_be_compared_by_digests_only(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    (place / "in" / "silence.wav").write_bytes(encode(np.zeros(RATE * 10, np.int16)))
    (place / "in" / "broken.wav").write_bytes(encode(LISTED)[:44])
    found = scanned(place, safelight, observations)
    assert found["silence.wav"]["verdict"] == {
        "outcome": "clear",
        "rule": "nothing-matched",
        "reason": None,
        "limited": "silent",
    }
    assert found["broken.wav"]["verdict"]["outcome"] == "unscanned"
    assert found["broken.wav"]["verdict"]["reason"] == "damaged"
