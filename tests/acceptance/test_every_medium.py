"""What is inside an archive, a document or a model file is found, and the results say where."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from documents import Page, pdf
from models import pytorch, safetensors, tensors
from pictures import draw, encode

Safelight = Callable[..., Any]
Read = Callable[[str], list[dict[str, Any]]]

JPEG = encode(draw(), "JPEG")
LISTED = tensors(1, 20)


@pytest.fixture
def place(tmp_path: Path, safelight: Safelight) -> Path:
    """A list of class test with one picture, in the workspace."""
    (tmp_path / "listed.jpg").write_bytes(JPEG)
    (tmp_path / "list.txt").write_text(safelight("hash", tmp_path / "listed.jpg").out)
    assert not safelight("lists", "import", tmp_path / "list.txt", "--name", "own", "--class", "test").code
    (tmp_path / "in").mkdir()
    return tmp_path


def test_a_listed_picture_is_found_wherever_it_is(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    resaved = encode(draw(), "PNG")
    document = pdf([Page(), Page(jpegs=(JPEG,))])
    with zipfile.ZipFile(place / "in" / "bag.zip", "w", zipfile.ZIP_DEFLATED) as bag:
        bag.writestr("inner/pic.png", resaved)
        bag.writestr("doc.pdf", document)
    ended = safelight("scan", place / "in", "--jsonl", "-")
    assert ended.code == 3
    [line] = observations(ended.out)
    assert line["verdict"]["outcome"] == "match"
    found = {(match["part"], match["signal"]) for match in line["matches"]}
    assert ("!inner/pic.png", "pdq") in found
    assert {("!doc.pdf!page=2/image=1", "sha256"), ("!doc.pdf!page=2/image=1", "pdq")} <= found


def test_a_model_that_was_added_is_found_in_every_disguise(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    (place / "model.safetensors").write_bytes(safetensors(LISTED))
    added = safelight("lists", "add-model", place / "model.safetensors", "--name", "models", "--key", "m-1")
    assert added.code == 0
    assert "20 tensors" in added.out
    half = {name: tensor.astype("<f2") for name, tensor in LISTED.items()}
    (place / "in" / "half.bin").write_bytes(safetensors(half))
    (place / "in" / "same.ckpt").write_bytes(pytorch(LISTED))
    (place / "in" / "other.safetensors").write_bytes(safetensors(tensors(2, 20)))
    ended = safelight("scan", place / "in", "--jsonl", "-")
    told = {Path(line["name"]).name: line for line in observations(ended.out)}
    assert [m["level"] for m in told["same.ckpt"]["matches"]] == ["same_weights"]
    assert [(m["level"], m["share"]) for m in told["half.bin"]["matches"]] == [("other_precision", 1)]
    assert told["other.safetensors"]["verdict"]["outcome"] == "clear"
    assert told["half.bin"]["verdict"]["outcome"] == "hold"


def test_results_hold_no_listed_digest_of_a_tensor(place: Path, safelight: Safelight) -> None:
    model = place / "model.safetensors"
    model.write_bytes(safetensors(LISTED))
    safelight("lists", "add-model", model, "--name", "models", "--key", "m-1")
    digests = json.loads(safelight("model", "fingerprint", "--json", model).out)
    (place / "in" / "same.ckpt").write_bytes(pytorch(LISTED))
    lines = safelight("scan", place / "in", "--jsonl", "-").out
    assert digests["tsid"] not in lines
    assert not [t for t in digests["tensors"] if t["t1"] in lines or t["t16"] in lines]


def test_what_holds_something_undecoded_is_unscanned_until_a_policy_says_otherwise(
    place: Path, safelight: Safelight, observations: Read
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bag:
        bag.writestr("pic.png", encode(draw(320, 240, 5), "PNG"))
        bag.writestr("note.txt", "words")
    (place / "in" / "bag.zip").write_bytes(file.getvalue())
    ended = safelight("scan", place / "in", "--jsonl", "-")
    [line] = observations(ended.out)
    assert (ended.code, line["verdict"]["reason"]) == (4, "unsupported")
    assert line["problems"][0]["part"] == "!note.txt"
    policy = safelight("policy", "show").out.replace('unsupported = "unscanned"', 'unsupported = "digests"')
    (place / "policy.toml").write_text(policy)
    ended = safelight("scan", place / "in", "--jsonl", "-", "--policy", place / "policy.toml")
    [line] = observations(ended.out)
    assert (ended.code, line["verdict"]["outcome"], line["verdict"]["limited"]) == (0, "clear", "unsupported")


def test_doctor_takes_one_of_each_the_whole_way(safelight: Safelight) -> None:
    says = [f["says"] for f in json.loads(safelight("doctor", "--json").out)["findings"]]
    assert {"archives: looked into", "PDF: looked into", "model files: looked into"} <= set(says)
