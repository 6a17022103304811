"""What a platform does with a real `safelight serve`: has a key, and sends pictures."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import secrets
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from pictures import draw
from serving import PATIENCE, Server


def rows(server: Server, question: str, *values: Any) -> list[tuple[Any, ...]]:
    path = server.workspace / "server.sqlite3"
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as database, database:
        return database.execute(question, values).fetchall()


def picture(seed: int) -> bytes:
    written = io.BytesIO()
    draw(seed=seed).save(written, "PNG")
    return written.getvalue()


def make_key(server: Server) -> str:
    """Straight into the tables, as if an administrator had made it."""
    surface, key, at = uuid.uuid4().hex, uuid.uuid4().hex, datetime.now(UTC).isoformat(" ")
    secret = secrets.token_urlsafe(32)
    rows(
        server,
        "INSERT INTO intake_surface (id, name, visibility, description, created_at) VALUES (?, ?, ?, ?, ?)",
        *(surface, "posts", "public", "", at),
    )
    rows(
        server,
        "INSERT INTO intake_apikey (id, name, prefix, secret_digest, audience, scopes, surface_id,"
        " created_at, suspended_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(key, "a key", "0123456789ab", hashlib.sha256(secret.encode()).digest(), "server", '["scan"]'),
        *(surface, at, ""),
    )
    return f"slk_0123456789ab_{secret}"


def post(server: Server, token: str, content: bytes) -> dict[str, Any]:
    told = {"Content-Type": "application/octet-stream", "Safelight-Context": '{"account": "u1"}'}
    return _sent(server, token, "/api/v1/scan", content, told)


def may_look_up(server: Server) -> None:
    """Keys get the scope for it."""
    rows(server, "UPDATE intake_apikey SET scopes = ?", '["scan", "look_up"]')


def ask(server: Server, token: str, hashes: dict[str, Any], *, once: str | None = None) -> dict[str, Any]:
    """Look a file up by its hashes; ``once`` is its idempotency key."""
    body = json.dumps({"hashes": hashes, "context": {"account": "u2"}}).encode()
    told = {"Content-Type": "application/json", **({"Idempotency-Key": once} if once else {})}
    return _sent(server, token, "/api/v1/hashes", body, told)


def _sent(server: Server, token: str, path: str, body: bytes, told: dict[str, str]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        headers = {"Host": f"localhost:{server.port}", "Authorization": f"Bearer {token}", **told}
        connection.request("POST", path, body, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
