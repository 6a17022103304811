"""After a rotation everything is still readable, and what is new is under the new key, without a stop."""

from __future__ import annotations

import hashlib
import json

import pytest
from serving import Server, wait_until
from uploading import make_key, picture, post, rows


def primary(server: Server) -> str:
    shown = json.loads(server.run("keys", "show", "--json").stdout)
    (key,) = [key["id"] for key in shown["keys"] if key["use"] == "seals"]
    return key


@pytest.mark.slow
def test_a_rotation_reaches_a_server_that_goes_on(server: Server):
    first, second = picture(1), picture(2)
    server.prepare()
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
