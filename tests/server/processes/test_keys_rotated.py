"""After a rotation everything is still readable, and what is new is under the new key, without a stop."""

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
from serving import PATIENCE, Server, wait_until


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
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        headers = {"Host": f"localhost:{server.port}", "Authorization": f"Bearer {token}"}
        headers |= {"Content-Type": "application/octet-stream", "Safelight-Context": '{"account": "u1"}'}
        connection.request("POST", "/api/v1/scan", content, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def primary(server: Server) -> str:
    shown = json.loads(server.run("keys", "show", "--json").stdout)
    (key,) = [key["id"] for key in shown["keys"] if key["use"] == "seals"]
    return key


def test_a_rotation_reaches_a_server_that_goes_on(server: Server):
    first, second = picture(1), picture(2)
    hashes = server.directory / "hashes.txt"
    hashes.write_text("".join(f"sha256 {hashlib.sha256(one).hexdigest()}\n" for one in (first, second)))
    imported = server.run("lists", "import", str(hashes), "--name", "ours", "--class", "test")
    assert imported.returncode == 0, imported.stderr
    server.start()
    token = make_key(server)
    wait_until("the list to be searched", lambda: post(server, token, first).get("outcome") == "match")
    before, old = server.status(), primary(server)
    [(old_vault_key,)] = rows(server, "SELECT id FROM vault_vaultkey WHERE retired_at IS NULL")

    rotated = server.run("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert primary(server) != old
    wait_until(
        "every process to be another",
        lambda: all(now["pid"] not in (None, before[name]["pid"]) for name, now in server.status().items()),
    )
    wait_until("every check to be well", lambda: not server.checks())
    wait_until("the list to be searched", lambda: post(server, token, second).get("outcome") == "match")

    # What was found before is found again as the same, by the tag under the old key.
    [(items,)] = rows(server, "SELECT count(*) FROM intake_item")
    assert post(server, token, first)["outcome"] == "match"
    assert rows(server, "SELECT count(*) FROM intake_item") == [(items,)]
    # What is new is sealed to the new key; what is old can still be read to its last byte.
    [(new_vault_key,)] = rows(server, "SELECT id FROM vault_vaultkey WHERE retired_at IS NULL")
    assert new_vault_key != old_vault_key
    wrapped = dict(rows(server, "SELECT wrapping_key, count(*) FROM vault_sealedobject GROUP BY 1"))
    assert wrapped == {old_vault_key: 1, new_vault_key: 1}
    # The account's id, sealed under the old key, is one account still.
    assert rows(server, "SELECT count(*) FROM intake_account") == [(1,)]
    for command in (("vault", "check"), ("ledger", "verify"), ("keys", "check")):
        done = server.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    # Older keys open records, so they are never retired while a server keeps them.
    refused = server.run("keys", "retire", "--yes")
    assert refused.returncode != 0
    assert "cannot be retired" in refused.stderr
    assert server.stop() == 0
    server.start()
    wait_until("every check to be well", lambda: not server.checks())
    assert post(server, token, first)["outcome"] == "match"
    assert server.run("vault", "check").returncode == 0
