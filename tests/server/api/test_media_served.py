"""On a real `safelight serve`: archives, documents, models and large files are scanned after the answer."""

from __future__ import annotations

import functools
import hashlib
import io
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from documents import Page, pdf
from models import safetensors, tensors
from pictures import draw, encode
from PIL import Image
from serving import Server, resting_server, wait_until
from uploading import ask, make_key, may_look_up, picture, post, rows
from videos import Video

JPEG = encode(draw(), "JPEG")
MODEL = tensors(1, 20)
CLIP = Video(scenes=(1, 2)).bytes()


def bag(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


def outcome_of(server: Server, submission: str) -> str:
    """Once its turn has come."""
    question = "SELECT outcome FROM intake_intake WHERE id = ? AND reason != 'not_yet'"
    [(outcome,)] = wait_until("its scan", lambda: rows(server, question, uuid.UUID(submission).hex) or None)
    return str(outcome)


def hashes_of(server: Server, name: str) -> str:
    """As the command line tells them, a hash a line."""
    command = [sys.executable, "-c", "from safelight.cli import main; main()", "hash"]
    done = subprocess.run([*command, server.directory / name], capture_output=True, check=True, text=True)
    return done.stdout


@functools.cache
def large() -> bytes:
    """A picture that does not compress, and is too large to be scanned at once."""
    written = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (1700, 1700, 3), np.uint8)
    Image.fromarray(pixels).save(written, "PNG", compress_level=0)
    assert written.tell() > 8 << 20
    return written.getvalue()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, str]]:
    """A server whose lists know a picture, a model and a large file; and a platform's key."""
    with resting_server() as server:
        server.start()
        token = make_key(server)
        may_look_up(server)
        (server.directory / "listed.jpg").write_bytes(JPEG)
        (server.directory / "clip.mp4").write_bytes(CLIP)
        model = server.directory / "model.safetensors"
        model.write_bytes(safetensors(MODEL))
        hashed = hashes_of(server, "listed.jpg") + hashes_of(server, "clip.mp4")
        digest = hashlib.sha256(large()).hexdigest()
        (server.directory / "list.txt").write_text(f"{hashed}sha256 {digest}\n")
        for command in (
            ("import", str(server.directory / "list.txt"), "--name", "ours", "--class", "test"),
            ("add-model", str(model), "--name", "models", "--key", "m-1"),
        ):
            done = server.run("lists", *command)
            assert done.returncode == 0, done.stderr
        wait_until("the lists to be searched", lambda: post(server, token, picture(2))["outcome"] == "clear")
        yield server, token


def test_archives_documents_and_models_end_as_what_they_hold(served: tuple[Server, str]) -> None:
    server, token = served
    half = {name: tensor.astype("<f2") for name, tensor in MODEL.items()}
    document = pdf([Page(), Page(jpegs=(encode(draw(), "JPEG", quality=60),))])
    sent = {
        "match": bag(doc_pdf=pdf([Page(jpegs=(JPEG,))]), other_jpg=picture(3)),
        "hold": bag(bag_zip=bag(doc_pdf=document)),
        "clear": bag(other_jpg=picture(3)),
        "unscanned": bag(note_txt=b"words"),
    }
    for expected, content in sent.items():
        told = post(server, token, content)
        assert (told["outcome"], told["reason"]) == ("unscanned", "not_yet")
        assert outcome_of(server, told["id"]) == expected
    assert post(server, token, safetensors(half))["outcome"] == "hold"


def test_videos_and_sounds_are_looked_up_by_hashes_alone(served: tuple[Server, str]) -> None:
    server, token = served
    told_of_clip = hashes_of(server, "clip.mp4").splitlines()
    [frames] = [line[5:] for line in told_of_clip if line.startswith("vpdq ")]
    told = ask(server, token, {"sha256": "1f" * 32, "vpdq": frames})
    assert (told["outcome"], bool(told["evidence_due_at"])) == ("hold", True)
    items = hashlib.shake_128(b"a sound that is listed nowhere").hexdigest(4 * 60)
    assert ask(server, token, {"sha256": "2f" * 32, "chromaprint": items})["outcome"] == "clear"
    assert ask(server, token, {"sha256": "3f" * 32})["reason"] == "unsupported"


def test_a_large_file_is_accepted_and_scanned_by_the_job_worker(served: tuple[Server, str]) -> None:
    server, token = served
    told = post(server, token, large())
    assert (told["outcome"], told["reason"]) == ("unscanned", "not_yet")
    assert outcome_of(server, told["id"]) == "match"
    submission = uuid.UUID(told["id"]).hex
    [(item,)] = rows(server, "SELECT item_id FROM intake_occurrence WHERE intake_id = ?", submission)
    assert rows(server, "SELECT length FROM vault_sealedobject WHERE item_id = ?", item) == [(len(large()),)]
    assert rows(server, "SELECT state FROM intake_unscanned WHERE item_id = ?", item) == [("scanned",)]
    opened = (
        "SELECT state, priority FROM cases_case JOIN cases_caseoccurrence ON case_id = cases_case.id"
        " JOIN intake_occurrence ON intake_occurrence.id = occurrence_id WHERE item_id = ?"
    )
    assert rows(server, opened, item) == [("open", 80)]
    for path in server.directory.rglob("*"):
        if path.is_file():
            assert large()[100:200] not in path.read_bytes(), path
