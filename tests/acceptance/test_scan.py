"""What ``safelight scan`` promises to whoever runs it, on real files."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pdqhash
import pytest
from PIL import Image

Safelight = Callable[..., Any]
Draw = Callable[[int], Image.Image]
Read = Callable[[str], list[dict[str, Any]]]


def pdq(path: Path) -> str:
    """The reference implementation's PDQ of a picture, as a viewer shows it."""
    with Image.open(path) as opened:
        return pdqhash_hex(opened.convert("RGB"))


def pdqhash_hex(picture: Image.Image) -> str:
    bits, _ = pdqhash.compute(np.asarray(picture))
    return np.packbits(bits).tobytes().hex()


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.fixture
def place(tmp_path: Path, draw: Draw) -> Path:
    """Three pictures, and a list of class test with one of them."""
    (tmp_path / "in").mkdir()
    for number in range(3):
        draw(number).save(tmp_path / "in" / f"{number}.png")
    (tmp_path / "list.txt").write_text(f"pdq {pdq(tmp_path / 'in' / '1.png')}\n")
    return tmp_path


def test_every_edit_of_the_bridge_within_31_of_the_reference_is_found_and_nothing_else(
    safelight: Safelight, observations: Read, shared_data: Path, tmp_path: Path
) -> None:
    original = pdq(shared_data / "pdq" / "bridge-mods" / "aaa-orig.jpg")
    (tmp_path / "bridge.txt").write_text(f"pdq {original}\n")
    ended = safelight("scan", "--list", f"test:{tmp_path}/bridge.txt", "--jsonl", "-", shared_data / "pdq")
    found = {line["name"]: line for line in observations(ended.out)}
    expected = {}
    for path in (shared_data / "pdq").rglob("*"):
        if path.suffix in (".jpg", ".png", ".webp"):
            expected[str(path)] = min(_turned(path, original))
    assert {name for name, line in found.items() if line["matches"]} == {
        name for name, nearest in expected.items() if nearest <= 31
    }
    for name, line in found.items():
        if line["matches"]:
            assert line["verdict"]["outcome"] == "hold"
            assert line["matches"][0]["distance"] == expected[name]
    assert ended.code == 3


def _turned(path: Path, original: str) -> list[int]:
    with Image.open(path) as opened:
        variants, _ = pdqhash.compute_dihedral(np.asarray(opened.convert("RGB")))
    return [distance(np.packbits(bits).tobytes().hex(), original) for bits in variants]


@pytest.mark.parametrize(
    ("listed", "files", "code"),
    [
        ("2.png", ["0.png"], 0),
        ("1.png", ["0.png", "1.png"], 3),
        ("1.png", ["0.png", "text"], 4),
        ("1.png", ["1.png", "text"], 3),
        ("1.png", ["absent"], 4),
    ],
)
def test_exit_codes(safelight: Safelight, place: Path, listed: str, files: list[str], code: int) -> None:
    (place / "in" / "text").write_text("not a picture")
    (place / "list.txt").write_text(f"pdq {pdq(place / 'in' / listed)}\n")
    ended = safelight("scan", "--list", f"test:{place}/list.txt", *(place / "in" / name for name in files))
    assert ended.code == code, ended


def test_the_very_bytes_match_and_what_is_alike_is_held(
    safelight: Safelight, observations: Read, place: Path, draw: Draw
) -> None:
    draw(1).save(place / "in" / "copy.jpg", quality=70)
    listed = safelight("hash", place / "in" / "1.png").out
    (place / "list.txt").write_text(listed)
    ended = safelight("scan", "--list", f"test:{place}/list.txt", "--jsonl", "-", place / "in")
    outcomes = {Path(line["name"]).name: line["verdict"]["outcome"] for line in observations(ended.out)}
    assert outcomes == {"0.png": "clear", "1.png": "match", "2.png": "clear", "copy.jpg": "hold"}


@pytest.mark.parametrize("how", ["-", "file", "table"])
def test_no_output_ever_holds_a_listed_value(
    safelight: Safelight, place: Path, tmp_path: Path, how: str
) -> None:
    hashes = re.findall(r"^\w+ ([0-9a-f]{32,64})$", safelight("hash", place / "in" / "1.png").out, re.M)
    assert len(hashes) == 4
    jsonl = {"-": ["--jsonl", "-"], "file": ["--jsonl", str(tmp_path / "out")], "table": []}[how]
    (place / "list.txt").write_text(
        "".join(f"{t} {v.upper()}\n" for t, v in zip(("md5", "sha1", "sha256", "pdq"), hashes, strict=True))
    )
    ended = safelight("scan", "--list", f"test:{place}/list.txt", *jsonl, place / "in")
    assert ended.code == 3, ended
    said = ended.out + ended.err + ((tmp_path / "out").read_text() if how == "file" else "")
    assert len(said) > 100
    for value in hashes:
        assert value not in said.lower()


def test_no_list_never_reads_as_clear(safelight: Safelight, place: Path) -> None:
    ended = safelight("scan", place / "in")
    assert ended.code == 2
    assert "safelight lists import" in ended.err
    assert "clear" not in ended.out + ended.err


def test_a_list_without_entries_never_reads_as_clear(safelight: Safelight, place: Path) -> None:
    (place / "list.txt").write_text("# nothing yet\n")
    ended = safelight("scan", "--list", f"csam:{place}/list.txt", place / "in")
    assert ended.code == 2
    assert "nothing to compare with" in ended.err


def test_known_good_alone_never_reads_as_clear(safelight: Safelight, place: Path) -> None:
    assert safelight("scan", "--list", f"known_good:{place}/list.txt", place / "in").code == 2


def test_bad_lines_of_a_list_are_told_by_number_and_the_good_ones_used(
    safelight: Safelight, place: Path
) -> None:
    good = (place / "list.txt").read_text()
    (place / "list.txt").write_text(f"{good}pdq abc123\n\n{good}")
    ended = safelight("scan", "--list", f"test:{place}/list.txt", place / "in")
    assert ended.code == 3
    assert "line 2" in ended.err
    assert "abc123" not in ended.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("list.txt", "say what it lists, as in --list test:list.txt"),
        ("cssam:list.txt", "say what it lists"),
        ("test@99:list.txt", "at most 64"),
        ("test:absent.txt", "cannot be read"),
        ("nobody", "There is no workspace"),
    ],
)
def test_a_list_is_never_guessed(
    command: list[str], home: dict[str, str], place: Path, given: str, said: str
) -> None:
    done = subprocess.run(
        [*command, "scan", "--list", given, "in"],
        cwd=place,
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_the_distance_of_a_list_file_is_the_one_given(
    safelight: Safelight, observations: Read, place: Path, draw: Draw
) -> None:
    (place / "in" / "1.png").unlink()
    draw(1).convert("L").resize((200, 150)).save(place / "in" / "1.jpg", quality=30)
    near = distance(pdq(place / "in" / "1.jpg"), (place / "list.txt").read_text().split()[1])
    assert 0 < near <= 31
    for limit, code in ((near, 3), (near - 1, 0)):
        assert safelight("scan", "--list", f"test@{limit}:{place}/list.txt", place / "in").code == code


def test_what_is_no_file_is_told_and_nothing_waits_for_it(
    safelight: Safelight, observations: Read, place: Path
) -> None:
    os.mkfifo(place / "in" / "fifo")
    (place / "in" / "loop").symlink_to("loop")
    (place / "in" / "up").symlink_to("..")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "in" / "sock"))
        ended = safelight(
            "scan", "--list", f"test:{place}/list.txt", "--jsonl", "-", place / "in", "/dev/null"
        )
    verdicts = {Path(line["name"]).name: line["verdict"] for line in observations(ended.out)}
    assert {name for name, v in verdicts.items() if v["reason"] == "not_a_file"} == {"fifo", "sock", "null"}
    assert "loop" not in verdicts
    assert len(verdicts) == 6


def test_names_of_any_bytes_come_through_json_and_cannot_harm_a_terminal(
    safelight: Safelight, observations: Read, place: Path, draw: Draw
) -> None:
    awkward = {
        b"new\nline.png",
        b"caf\xe9.png",
        b"\x1b]0;owned\x07.png",
        "\u202egpj.png".encode(),
        b"[red]x.png",
    }
    for name in awkward:
        draw(1).save(os.fsdecode(os.fsencode(place / "in") + b"/" + name), "PNG")
    listing = f"test:{place}/list.txt"
    lines = observations(safelight("scan", "--list", listing, "--jsonl", "-", place / "in").out)
    raw = {
        base64.b64decode(x["name_base64"]) if "name_base64" in x else os.fsencode(x["name"]) for x in lines
    }
    assert awkward <= {Path(os.fsdecode(name)).name.encode(errors="surrogateescape") for name in raw}
    shown = safelight("scan", "--list", listing, place / "in").out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    for spelt in (r"new\nline.png", r"caf\xe9.png", r"\u202egpj.png", "[red]x.png"):
        assert spelt in shown


def test_bad_files_end_as_unscanned_with_a_reason_and_cost_the_others_nothing(
    safelight: Safelight, observations: Read, place: Path, draw: Draw
) -> None:
    folder = place / "in"
    (folder / "text.jpg").write_text("text")
    (folder / "empty.png").touch()
    draw(1).save(folder / "whole.jpg")
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:2000])
    Image.new("RGB", (13_000, 13_000)).save(folder / "bomb.png")
    Image.new("RGB", (1, 1)).save(folder / "tiny.png")
    Image.new("RGB", (99, 99)).save(folder / "plain.png")
    listing = f"test:{place}/list.txt"
    lines = observations(safelight("scan", "--list", listing, "--jsonl", "-", folder).out)
    verdicts = {Path(line["name"]).name: line["verdict"] for line in lines}
    assert verdicts["text.jpg"]["reason"] == "unsupported"
    assert verdicts["empty.png"]["reason"] == "empty"
    assert verdicts["bomb.png"]["reason"] == "too_many_pixels"
    assert verdicts["cut.jpg"]["reason"] == "truncated" or verdicts["cut.jpg"]["outcome"] == "hold"
    assert verdicts["whole.jpg"]["outcome"] == verdicts["1.png"]["outcome"] == "hold"
    assert verdicts["0.png"]["outcome"] == "clear"
    assert (verdicts["plain.png"]["outcome"], verdicts["plain.png"]["limited"]) == ("clear", "too_plain")
    assert (verdicts["tiny.png"]["outcome"], verdicts["tiny.png"]["limited"]) == ("clear", "too_small")


def test_only_findings_leaves_clear_files_out_of_the_lines_and_not_out_of_the_counts(
    safelight: Safelight, observations: Read, place: Path
) -> None:
    (place / "in" / "text").write_text("not a picture")
    results = place / "out.jsonl"
    listing = f"test:{place}/list.txt"
    ended = safelight("scan", "--list", listing, "--only-findings", "--jsonl", results, place / "in")
    lines = observations(results.read_text())
    assert {line["verdict"]["outcome"] for line in lines} == {"hold", "unscanned"}
    assert re.search(r"^clear +2", ended.out, re.M)


def test_results_are_never_overwritten(safelight: Safelight, place: Path) -> None:
    before = (place / "in" / "0.png").read_bytes()
    listing = f"test:{place}/list.txt"
    ended = safelight("scan", "--list", listing, "--jsonl", place / "in" / "0.png", place / "in" / "1.png")
    assert ended.code == 2
    assert "never overwritten" in ended.err
    assert (place / "in" / "0.png").read_bytes() == before


def test_two_scans_at_once_in_one_workspace(
    safelight: Safelight, command: list[str], home: dict[str, str], place: Path
) -> None:
    imported = safelight("lists", "import", place / "list.txt", "--name", "trial", "--class", "test")
    assert imported.code == 0, imported
    arguments = [*command, "scan", "--jsonl", "-", str(place / "in")]
    both = [subprocess.Popen(arguments, env=home, stdout=subprocess.PIPE) for _ in range(2)]
    for one in both:
        out, _ = one.communicate(timeout=120)
        assert one.returncode == 3
        held = [json.loads(line)["name"] for line in out.splitlines() if b'"outcome":"hold"' in line]
        assert held == [str(place / "in" / "1.png")]


def test_lists_of_a_workspace_can_be_named(safelight: Safelight, place: Path) -> None:
    (place / "other.txt").write_text(f"pdq {pdq(place / 'in' / '2.png')}\n")
    safelight("lists", "import", place / "list.txt", "--name", "one", "--class", "test")
    safelight("lists", "import", place / "other.txt", "--name", "two", "--class", "test")
    assert safelight("scan", place / "in" / "1.png").code == 3
    assert safelight("scan", "--list", "one", place / "in" / "1.png").code == 3
    assert safelight("scan", "--list", "two", place / "in" / "1.png").code == 0
    both = safelight("scan", "--list", "two", "--list", f"test:{place}/list.txt", place / "in" / "1.png")
    assert both.code == 3
    missing = safelight("scan", "--list", "three", place / "in")
    assert missing.code == 2
    assert "one, two" in missing.err


def test_a_policy_file_decides(safelight: Safelight, place: Path) -> None:
    policy = place / "policy.toml"
    policy.write_text('schema = "safelight.policy/1"\n[[rules]]\nname = "look"\naction = "note"\n')
    listing = f"test:{place}/list.txt"
    assert safelight("scan", "--policy", policy, "--list", listing, place / "in").code == 0
    policy.write_text(policy.read_text().replace("note", "delete"))
    ended = safelight("scan", "--policy", policy, "--list", listing, place / "in")
    assert ended.code == 2
    assert "rule 1 ('look')" in ended.err
