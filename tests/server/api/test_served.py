"""The whole way, on a real `safelight serve`: an upload is decoded, compared, sealed, and made a case."""

from __future__ import annotations

import hashlib
import http.client
import json
from typing import Any

from serving import PATIENCE, Server, resting_server, wait_until
from uploading import make_key, picture, rows


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


def test_an_upload_is_scanned_sealed_and_made_a_case() -> None:
    with resting_server() as server:
        server.start()
        is_scanned_sealed_and_made_a_case(server)
        assert server.stop() == 0


def is_scanned_sealed_and_made_a_case(server: Server) -> None:
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
