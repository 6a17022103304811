"""Only ``http://localhost:PORT`` is answered: another name in a request is a page trying to reach in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from safelight.server.config import Config

Start = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def only_our_host(application: Application, config: Config) -> Application:
    """Answer 421 to a request for any other host or port."""
    ours = config.public_url.removeprefix("http://")

    def answer(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") != ours:
            start_response("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"Only {config.public_url} is served here.\n".encode()]
        return application(environ, start_response)

    return answer
