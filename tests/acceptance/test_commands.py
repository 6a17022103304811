"""hash, doctor, policy and demo, as their users run them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Safelight = Callable[..., Any]
Draw = Callable[[int], Image.Image]


def test_hash_prints_a_list_that_scan_reads(safelight: Safelight, tmp_path: Path, draw: Draw) -> None:
    draw(1).save(tmp_path / "a\n[b].png")
    Image.new("RGB", (99, 99)).save(tmp_path / "plain.png")
    ended = safelight("hash", tmp_path / "a\n[b].png", tmp_path / "plain.png")
    assert ended.code == 0
    types = re.findall(r"^(\w+) [0-9a-f]+$", ended.out, re.MULTILINE)
    assert types == ["md5", "sha1", "sha256", "pdq", "md5", "sha1", "sha256"]
    assert r"a\n[b].png (image/png" in ended.out
    assert "# pdq: quality 100" in ended.out
    assert "# no pdq: too_plain" in ended.out
    (tmp_path / "list.txt").write_text(ended.out)
    scanned = safelight("scan", "--list", f"test:{tmp_path}/list.txt", tmp_path)
    assert re.search(r"^match +2", scanned.out, re.M)


def test_hash_says_what_it_could_not_look_at(safelight: Safelight, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    ended = safelight("hash", tmp_path / "text", tmp_path / "absent")
    assert ended.code == 4
    assert "not looked at: unsupported" in ended.out
    assert "not looked at: unreadable" in ended.out
    lines = [json.loads(line) for line in safelight("hash", "--json", tmp_path / "text").out.splitlines()]
    assert [s["type"] for s in lines[0]["signals"]] == ["md5", "sha1", "sha256"]
    assert lines[0]["problems"][0]["reason"] == "unsupported"


def test_doctor_needs_attention_until_a_list_is_there(safelight: Safelight, tmp_path: Path) -> None:
    before = safelight("doctor")
    assert before.code == 1
    assert "safelight lists import" in before.out
    (tmp_path / "list.txt").write_text("pdq " + "0123456789abcdef" * 4 + "\n")
    assert safelight("lists", "import", tmp_path / "list.txt", "--name", "trial", "--class", "test").code == 0
    told = json.loads(safelight("doctor", "--json").out)
    areas = {finding["area"] for finding in told["findings"]}
    assert {"versions", "sandbox (image)", "sandbox (pillow)", "decoders", "workspace", "lists"} <= areas
    about_lists = [f for f in told["findings"] if f["area"] in ("workspace", "lists")]
    assert all(finding["well"] for finding in about_lists)
    assert any("trial (test, distance 31): 1 entries" in f["says"] for f in about_lists)


def test_doctor_says_when_the_root_key_is_gone(safelight: Safelight, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("pdq " + "0123456789abcdef" * 4 + "\n")
    safelight("lists", "import", tmp_path / "list.txt", "--name", "trial", "--class", "test")
    for key in (tmp_path / "keys").iterdir():
        key.unlink()
    ended = safelight("doctor")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert safelight("scan", "--list", "trial", tmp_path).code == 1


def test_policy_show_and_check(safelight: Safelight, tmp_path: Path) -> None:
    shown = safelight("policy", "show")
    (tmp_path / "policy.toml").write_text(shown.out)
    checked = safelight("policy", "check", tmp_path / "policy.toml")
    assert checked.code == 0
    assert re.search(r"^csam +match +hold +hold +hold", checked.out, re.M)
    (tmp_path / "policy.toml").write_text(shown.out.replace('"match"', '"arrest"'))
    refused = safelight("policy", "check", tmp_path / "policy.toml")
    assert refused.code == 2
    assert "rule 1 ('abuse-exact'): action should be 'match', 'hold' or 'note'" in refused.err


def test_the_policy_of_the_documentation_is_valid(safelight: Safelight, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operator" / "policy.md").read_text()
    (example,) = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    (tmp_path / "policy.toml").write_text(example)
    assert safelight("policy", "check", tmp_path / "policy.toml").code == 0


def test_every_exit_code_is_documented() -> None:
    from safelight.cli.exit_codes import ExitCode

    page = (Path(__file__).parents[2] / "docs" / "operator" / "exit-codes.md").read_text()
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", page)


def test_help_lists_every_command(safelight: Safelight) -> None:
    said = safelight("--help").out
    for name in ("demo", "doctor", "hash", "keys", "lists", "policy", "scan"):
        assert re.search(rf"^  {name} ", said, re.M)
        assert safelight(name, "--help").code == 0


def test_the_demonstration_finds_every_same_file_and_nothing_unrelated(
    safelight: Safelight, tmp_path: Path
) -> None:
    pytest.importorskip("skimage")
    ended = safelight("demo", "--directory", tmp_path / "demo")
    assert ended.code == 0, ended
    assert "What to do next" in ended.out
    lines = [json.loads(line) for line in (tmp_path / "demo" / "results.jsonl").read_text().splitlines()]
    kinds: dict[str, list[str]] = {}
    for line in lines:
        kinds.setdefault(Path(line["name"]).parent.name, []).append(line["verdict"]["outcome"])
    assert set(kinds["the same file"]) == {"match"}
    assert set(kinds["other pictures"]) == {"clear"}
    assert set(kinds["broken files"]) == {"unscanned"}
    copies = [o for kind in ("recompressed", "resized", "recoloured", "converted") for o in kinds[kind]]
    assert copies.count("hold") >= 0.98 * len(copies)
    assert 250 <= len(lines) <= 400
