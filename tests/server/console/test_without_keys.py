"""Without the root key a browser gets a page that says so, and a program the problem document."""

from __future__ import annotations

from typing import Any

from safelight.server.processes.web_without_keys import application


def asked(path: str, accept: str) -> tuple[str, dict[str, str], bytes]:
    seen: list[Any] = []
    answer = application("The key is missing.")
    body = b"".join(
        answer(
            {"PATH_INFO": path, "HTTP_ACCEPT": accept},
            lambda status, headers: seen.extend((status, dict(headers))),
        )
    )
    return seen[0], seen[1], body


def test_a_browser_gets_a_page_in_the_consoles_design() -> None:
    status, headers, body = asked("/cases/", "text/html,application/xhtml+xml")
    assert status.startswith("503")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"no root key" in body
    status, headers, body = asked("/static/console/console.css", "text/css")
    assert status.startswith("200")
    assert headers["Content-Type"].startswith("text/css")
    assert b"--accent" in body


def test_a_program_gets_a_problem_document() -> None:
    status, headers, _ = asked("/api/v1/scan", "*/*")
    assert status.startswith("503")
    assert headers["Content-Type"] == "application/problem+json"


def test_nothing_else_is_served_from_disk() -> None:
    for path in ("/static/console/../../urls.py", "/static/console/cases.py", "/static/people/x"):
        status, _, _ = asked(path, "*/*")
        assert status.startswith("503")
