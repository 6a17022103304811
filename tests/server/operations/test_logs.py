"""A log line can hold named fields, numbers and fixed words, and nothing that a file or a request brought."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import logging
import socket
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from serving import PATIENCE, Server

from safelight.server.config import Config
from safelight.server.operations.logs import WITHHELD, configure_logs, only_allowed

HASH = "8fdfc5f4599a9cff" * 4
CONTENT = "what somebody wrote"


@pytest.fixture
def lines(monkeypatch, tmp_path):
    """Everything logged, as JSON objects."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    for hook in ("sys.excepthook", "threading.excepthook", "sys.unraisablehook"):
        monkeypatch.setattr(hook, lambda *_: None)
    configure_logs(Config(workspace=Path(tmp_path), log_format="json"), "trial")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def test_a_field_that_is_not_allowed_is_dropped_and_counted(lines):
    structlog.get_logger().info("file scanned", size=3, text=CONTENT, name=CONTENT)
    (line,) = lines()
    assert line["event"] == "file scanned"
    assert line["size"] == 3
    assert line["withheld"] == 2
    assert CONTENT not in json.dumps(line)


def test_a_hash_is_withheld_and_a_record_id_is_not(lines):
    item = uuid4()
    structlog.get_logger().info("file scanned", item=str(item), reason=f"equals {HASH}")
    (line,) = lines()
    assert line["item"] == str(item)
    assert line["reason"] == f"equals {WITHHELD}"


def test_of_a_librarys_message_only_template_and_numbers_remain(lines):
    logging.getLogger("some.library").warning("read %d bytes of %s", 7, CONTENT)
    (line,) = lines()
    assert line["event"] == "read 7 bytes of …"
    assert line["logger"] == "some.library"


def test_a_message_that_was_put_together_is_not_logged_at_all(lines):
    logging.getLogger("some.library").error(f"could not read {CONTENT}")
    logging.getLogger("some.library").error(ValueError(CONTENT))
    for line in lines():
        assert CONTENT not in json.dumps(line)
        assert line["where"].startswith("test_logs.py:")


def test_of_an_error_only_type_and_place_remain(lines):
    try:
        int(CONTENT)
    except ValueError:
        structlog.get_logger().exception("scan failed")
        logging.getLogger("some.library").exception("failed: %s", CONTENT)
    ours, theirs = lines()
    for line in (ours, theirs):
        assert CONTENT not in json.dumps(line)
        assert line["error"] == "builtins.ValueError"
        assert "test_logs.py" in line["where"]


def test_the_path_of_a_failed_request_is_not_logged(lines, rf):
    request = rf.get(f"/{CONTENT}/")
    logging.getLogger("django.request").warning(
        f"Not Found: {request.path}", extra={"status_code": 404, "request": request}
    )
    (line,) = lines()
    assert line["event"] == "request failed"
    assert line["status"] == 404
    assert CONTENT not in json.dumps(line)


@given(st.binary(min_size=16, max_size=64))
def test_no_digest_passes_in_any_field(digest):
    for text in (digest.hex(), digest.hex().upper(), f"x {digest.hex()} y"):
        line = only_allowed(None, "info", {"event": text, "reason": text})
        assert digest.hex() not in str(line).lower()


def test_a_running_server_logs_nothing_that_requests_bring(short_tmp: Path):
    """Whatever strangers and friends send: tokens in paths, queries, headers, bodies, and what fails."""
    server = Server(short_tmp, log_level="debug", log_format="json")
    secrets = [f"Sekret{word}" for word in ("Path", "Query", "Host", "Header", "Body", "Cookie", "Form")]
    path, query, host, header, body, cookie, form = secrets
    try:
        server.start()
        (link,) = [word for word in server.said().split() if "/accounts/join/" in word]
        invitation = link.rpartition("/accounts/join/")[2].strip("/")
        for where in (f"/accounts/join/{invitation}/", f"/accounts/join/{path}/", f"/{path}%ff"):
            server.get(f"{where}?q={query}", Cookie=f"sessionid={cookie}")
        server.get("/healthz", Host=host)
        server.get(f"/%2e%2e/{path}", **{"X-Forwarded-Host": host, "Authorization": f"Bearer {header}"})
        for to, kind in (
            ("/api/v1/scan", "image/png"),
            ("/accounts/login/", "multipart/form-data; boundary="),
        ):
            ask(server, "POST", to, f"{body}{HASH}".encode(), {"Content-Type": kind, "Authorization": header})
        ask(server, "POST", "/accounts/login/", f"login={form}&password={form}".encode(), {})
        ask(server, "BREW", f"/{path}", b"", {})
        raw(server, f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n {header}\r\n\r\n".encode())
        raw(server, f"POST /{path} HTTP/9\r\n\r\n".encode())
        server.stop()
        said = server.said().replace(link, "")
    finally:
        server.end()
    assert invitation not in said
    assert [secret for secret in (*secrets, HASH) if secret in said] == []
    assert [line for line in said.splitlines() if "Traceback" in line] == []
    assert any(
        json.loads(line).get("event") == "request failed" for line in said.splitlines() if line[:1] == "{"
    )


def ask(server: Server, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request(method, path, body, {"Host": f"localhost:{server.port}", **headers})
    connection.getresponse().read()
    connection.close()


def raw(server: Server, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            connection.recv(65_536)


def test_a_hotlines_request_id_is_logged_whole_and_nothing_else_that_looks_like_a_hash() -> None:
    event = {"event": "hotline answered", "request_id": "a" * 32, "report": "b" * 32}
    kept = only_allowed(None, "info", event)
    assert kept["request_id"] == "a" * 32
    assert kept["report"] == WITHHELD
    assert only_allowed(None, "info", {"event": "e", "request_id": "x" * 300})["request_id"] == WITHHELD
