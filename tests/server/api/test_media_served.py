"""On a real `safelight serve`: what is inside archives and models is scanned, by decoders it supervises."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import Page, pdf
from models import safetensors, tensors
from pictures import draw, encode
from serving import Server, wait_until
from uploading import ask, make_key, picture, post, rows
from videos import Video

JPEG = encode(draw(), "JPEG")
MODEL = tensors(1, 20)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        monkeypatch.delenv(name)
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        server = Server(Path(directory))
        yield server
        server.end()


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


def until_allowed(server: Server, token: str, hashes: dict[str, str]) -> dict[str, Any]:
    """A process may know the key without its new scope for a moment."""
    return wait_until("the key's new scope", lambda: (t := ask(server, token, hashes)).get("outcome") and t)


def test_archives_documents_and_models_end_as_what_they_hold(server: Server) -> None:
    server.start()
    token = make_key(server)
    model = server.directory / "model.safetensors"
    model.write_bytes(safetensors(MODEL))
    (server.directory / "listed.jpg").write_bytes(JPEG)
    (server.directory / "clip.mp4").write_bytes(Video(scenes=(1, 2)).bytes())
    command = [sys.executable, "-c", "from safelight.cli import main; main()", "hash"]
    files = [str(server.directory / name) for name in ("listed.jpg", "clip.mp4")]
    hashed = subprocess.run([*command, *files], capture_output=True, check=True)
    (server.directory / "list.txt").write_bytes(hashed.stdout)
    for command in (
        ("lists", "import", str(server.directory / "list.txt"), "--name", "ours", "--class", "test"),
        (
            "lists",
            "add-model",
            str(server.directory / "model.safetensors"),
            "--name",
            "models",
            "--key",
            "m-1",
        ),
    ):
        done = server.run(*command)
        assert done.returncode == 0, done.stderr
    wait_until("the lists to be searched", lambda: post(server, token, picture(2))["outcome"] == "clear")

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

    # The same by hashes alone, of a copy whose bytes stay where they are.
    [frames] = [line[5:] for line in hashed.stdout.decode().splitlines() if line.startswith("vpdq ")]
    told = until_allowed(server, token, {"sha256": "1f" * 32, "vpdq": frames})
    assert (told["outcome"], bool(told["evidence_due_at"])) == ("hold", True)
    items = hashlib.shake_128(b"a sound that is listed nowhere").hexdigest(4 * 60)
    assert ask(server, token, {"sha256": "2f" * 32, "chromaprint": items})["outcome"] == "clear"
    assert ask(server, token, {"sha256": "3f" * 32})["reason"] == "unsupported"
    assert server.stop() == 0
