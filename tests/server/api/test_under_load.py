"""Fifty uploads of one file at once, and files made to cost much, through a real `safelight serve`."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import json
import os
import re
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pictures import draw
from serving import PATIENCE, Server, wait_until

pytestmark = pytest.mark.xdist_group("under load")  # one worker: its server starts once


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, str, bytes]]:
    """A server, a key of the platform's own server, and a file that is listed."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as made:
        for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
            patch.delenv(name)
        written = io.BytesIO()
        draw(seed=5).save(written, "PNG")
        listed = written.getvalue()
        server = Server(Path(made), web_workers="2", key_limits__probing_least_hits="0")
        try:
            server.start()
            hashes = server.directory / "hashes.txt"
            hashes.write_text(f"sha256 {hashlib.sha256(listed).hexdigest()}\n")
            assert not server.run(
                "lists", "import", str(hashes), "--name", "ours", "--class", "test"
            ).returncode
            assert not server.run("api-keys", "surface", "posts", "--public").returncode
            told = server.run("api-keys", "make", "k", "--surface", "posts", "--audience", "server")
            key = re.search(r"slk_\S+", told.stdout)
            assert key, told.stderr
            wait_until("the list", lambda: post(server, key[0], b"words")[1].get("reason") == "unsupported")
            yield server, key[0], listed
        finally:
            server.end()


def post(server: Server, key: str, content: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        told = {"Host": f"localhost:{server.port}", "Authorization": f"Bearer {key}", **headers}
        connection.request("POST", "/api/v1/scan", content, told)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def count(server: Server, table: str) -> int:
    with contextlib.closing(sqlite3.connect(server.workspace / "server.sqlite3")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_fifty_uploads_of_one_file_at_once_are_one_item_and_one_case(
    served: tuple[Server, str, bytes],
) -> None:
    server, key, listed = served
    items, cases = count(server, "intake_item"), count(server, "cases_case")
    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(lambda _: post(server, key, listed), range(50)))
    assert {(status, body["outcome"]) for status, body in told} == {(200, "match")}
    assert count(server, "intake_item") - items == 1
    assert count(server, "cases_case") - cases == 1
    assert count(server, f"vault_sealedobject WHERE length = {len(listed)}") == 1


def test_clear_uploads_of_one_file_at_once_are_one_item(served: tuple[Server, str, bytes]) -> None:
    server, key, _ = served
    written = io.BytesIO()
    draw(seed=77).save(written, "PNG")
    items, intakes = count(server, "intake_item"), count(server, "intake_intake")
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: post(server, key, written.getvalue()), range(20)))
    assert {(status, body["outcome"]) for status, body in told} == {(200, "clear")}
    assert len({body["id"] for _, body in told}) == 20
    assert count(server, "intake_item") - items == 1
    assert count(server, "intake_intake") - intakes == 20


def pixel_bomb() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def archive_bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.bin", bytes(4 << 20))
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "reasons"),
    [(pixel_bomb(), {"too_many_pixels"}), (archive_bomb(), {"not_yet", "unsupported"})],
    ids=["pixels", "archive"],
)
def test_a_bomb_is_unscanned_and_the_server_goes_on(
    served: tuple[Server, str, bytes], content: bytes, reasons: set[str]
) -> None:
    server, key, listed = served
    before = {name: process["starts"] for name, process in server.status().items()}
    status, told = post(server, key, content)
    assert status == 202
    assert told["reason"] in reasons
    assert post(server, key, listed)[1]["outcome"] == "match"
    assert {name: process["starts"] for name, process in server.status().items()} == before
