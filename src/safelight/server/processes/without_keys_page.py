"""What a browser is shown while the root key is missing: the console's design, without Django behind it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_STATIC: Final = "/static/console/"
_TYPES: Final = {"console.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
_HTML: Final = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Not ready - Safelight</title>
  <link rel="stylesheet" href="/static/console/console.css">
  <link rel="icon" href="/static/console/icon.svg" type="image/svg+xml">
</head>
<body>
  <div class="entrance">
    <header><p class="brand"><img src="/static/console/icon.svg" alt="">Safelight</p></header>
    <main>
      <h1>Not ready</h1>
      <p>This server has no root key, or one of another workspace. Until the right one is back it reads,
      scans and writes nothing.</p>
      <p>Whoever runs it finds the reason on its terminal and at <a href="/readyz">/readyz</a>.</p>
    </main>
  </div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer for a browser."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def page(path: str, accept: str) -> Shown | None:
    """The page, or a part of its design; None for whoever did not ask for a page."""
    name = path.removeprefix(_STATIC)
    if path.startswith(_STATIC) and name in _TYPES:
        body = files("safelight.server.console").joinpath("static", "console", name).read_bytes()
        return Shown("200 OK", (("Content-Type", _TYPES[name]),), body)
    if "text/html" not in accept:
        return None
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'"),
        ("Cache-Control", "no-store"),
        ("Retry-After", "60"),
    )
    return Shown("503 Service Unavailable", headers, _HTML.encode())
