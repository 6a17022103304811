"""The web process of a server whose root key is missing or wrong: it says so, and touches nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from safelight.server.operations.hosts import only_our_host
from safelight.server.processes.beginning import begin
from safelight.server.processes.web import serve

REASON_VARIABLE: Final = "SAFELIGHT_REASON"
_THREADS: Final = 4
_PAGE: Final = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Safelight: not ready</title>
<h1>Not ready: the root key is missing or wrong</h1>
<p>Nothing is read, scanned or written until the operator has put the key file back and started the server
again. The terminal and <a href="/readyz">/readyz</a> say which file.</p></html>
"""
"""Says no more than the problem document: whoever reaches the port may see it."""
_Start = Callable[[str, list[tuple[str, str]]], object]


def main() -> None:
    """Answer until told to stop."""
    config = begin("web")
    serve(only_our_host(application(os.environ[REASON_VARIABLE]), config), _THREADS)


def application(reason: str) -> Callable[[dict[str, Any], _Start], Iterable[bytes]]:
    """Alive, not ready, and nothing else."""

    def answer(environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/healthz":
            start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"alive\n"]
        if environ["PATH_INFO"] == "/readyz":
            body = {"ready": False, "checks": [{"name": "root key", "well": False, "says": reason}]}
            start_response("503 Service Unavailable", [("Content-Type", "application/json")])
            return [json.dumps(body).encode()]
        if "text/html" in environ.get("HTTP_ACCEPT", ""):
            start_response("503 Service Unavailable", [("Content-Type", "text/html; charset=utf-8")])
            return [_PAGE]
        problem = {
            "type": "about:blank",
            "title": "Not ready",
            "status": 503,
            "detail": "The root key is missing or wrong. The operator's terminal and /readyz say more.",
        }
        start_response("503 Service Unavailable", [("Content-Type", "application/problem+json")])
        return [json.dumps(problem).encode()]

    return answer


if __name__ == "__main__":
    main()
