"""The whole way, on a real `safelight serve`: an upload is decoded, compared, sealed, and made a case."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import secrets
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import draw
from PIL import Image
from serving import PATIENCE, Server, wait_until


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        monkeypatch.delenv(name)
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        server = Server(Path(directory))
        yield server
        server.end()


def picture(seed: int) -> bytes:
    written = io.BytesIO()
    draw(seed=seed).save(written, "PNG")
    return written.getvalue()


def rows(server: Server, question: str, *values: Any) -> list[tuple[Any, ...]]:
    path = server.workspace / "server.sqlite3"
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as database, database:
        return database.execute(question, values).fetchall()


def make_key(server: Server) -> str:
    """Straight into the tables: an administrator's pages come with the console."""
    surface, key, at = uuid.uuid4().hex, uuid.uuid4().hex, datetime.now(UTC).isoformat(" ")
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).digest()
    rows(
        server,
        "INSERT INTO intake_surface (id, name, visibility, description, created_at) VALUES (?, ?, ?, ?, ?)",
        *(surface, "posts", "public", "", at),
    )
    rows(
        server,
        "INSERT INTO intake_apikey (id, name, prefix, secret_digest, audience, scopes, surface_id,"
        " created_at, suspended_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(key, "a key", "0123456789ab", digest, "server", '["scan"]', surface, at, ""),
    )
    return f"slk_0123456789ab_{secret}"


def post(server: Server, token: str, content: bytes) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        headers = {
            "Host": f"localhost:{server.port}",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
            "Safelight-Context": json.dumps({"account": "u1", "ip_events": [{"address": "192.0.2.1"}]}),
        }
        connection.request("POST", "/api/v1/scan", content, headers)
        answer = connection.getresponse()
        body = answer.read()
        assert body, (answer.status, server.said())
        return answer.status, json.loads(body)
    finally:
        connection.close()


def test_an_upload_is_scanned_sealed_and_made_a_case(server: Server) -> None:
    server.start()
    token, listed, other = make_key(server), picture(1), picture(2)
    # Until the indexes are written the reason is another; there is nothing to compare with either way.
    wait_until("a scan", lambda: post(server, token, other)[1].get("reason") == "no_list")
    status, told = post(server, token, other)
    assert (status, told["outcome"]) == (202, "unscanned")

    hashes = server.directory / "hashes.txt"
    hashes.write_text(f"sha256 {hashlib.sha256(listed).hexdigest()}\n")
    imported = server.run("lists", "import", str(hashes), "--name", "ours", "--class", "test")
    assert imported.returncode == 0, imported.stderr
    wait_until("the list to be searched", lambda: post(server, token, other)[1]["outcome"] == "clear")

    status, told = post(server, token, listed)
    assert (status, told["outcome"]) == (200, "match")
    assert rows(server, "SELECT state, priority FROM cases_case") == [("open", 80)]
    [(tag, item)] = rows(server, "SELECT tag, id FROM intake_item WHERE outcome = 'match'")
    assert tag != hashlib.sha256(listed).digest()
    [(length,)] = rows(server, "SELECT length FROM vault_sealedobject WHERE item_id = ?", item)
    assert length == len(listed)
    # Nothing of the file lies anywhere readable.
    for path in server.directory.rglob("*"):
        if path.is_file() and path != hashes:
            assert listed[100:200] not in path.read_bytes(), path
    assert server.stop() == 0


def test_a_large_file_is_accepted_and_scanned_by_the_job_worker(server: Server) -> None:
    server.start()
    token, listed = make_key(server), noise()
    assert len(listed) > 8 << 20
    hashes = server.directory / "hashes.txt"
    hashes.write_text(f"sha256 {hashlib.sha256(listed).hexdigest()}\n")
    imported = server.run("lists", "import", str(hashes), "--name", "ours", "--class", "test")
    assert imported.returncode == 0, imported.stderr
    wait_until("the list to be searched", lambda: post(server, token, picture(1))[1]["outcome"] == "clear")

    status, told = post(server, token, listed)
    assert (status, told["outcome"], told["reason"]) == (202, "unscanned", "not_yet")
    submission = uuid.UUID(told["id"]).hex
    question = "SELECT outcome FROM intake_intake WHERE id = ?"
    wait_until("its scan", lambda: rows(server, question, submission) == [("match",)])
    assert rows(server, "SELECT state, priority FROM cases_case") == [("open", 80)]
    assert rows(server, "SELECT state FROM intake_unscanned") == [("scanned",)]
    for path in server.directory.rglob("*"):
        if path.is_file() and path != hashes:
            assert listed[100:200] not in path.read_bytes(), path
    assert server.stop() == 0


def noise() -> bytes:
    """A picture that does not compress."""
    written = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (1700, 1700, 3), np.uint8)
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()
