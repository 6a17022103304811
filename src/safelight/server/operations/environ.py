"""WSGI's environment, made of an RSGI scope: what this request brought, nothing of the process."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, Any, Final, Protocol, TypeAlias

from safelight.vault.spool import Spool

Environ: TypeAlias = dict[str, Any]
"""PEP 3333 fixes its keys."""

BODY: Final = "safelight.body"
"""Where the environment of a large body has the :class:`~safelight.vault.spool.Spool` that it waits in."""
_BUFFER: Final = 1 << 18
_JOINED: Final = {"cookie": "; "}
_OF_EVERY: Final[Environ] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class _Headers(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """As much of RSGI's scope as is used (RSGI 1.5, granian). ``path`` is percent-decoded."""

    http_version: str
    client: str
    server: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> _Headers:
        """The headers as they came; names are in lower case."""
        ...


def environ_of(scope: Scope) -> Environ:
    """The environment of a request, without its body.

    Names of headers with an underscore are left out: WSGI could not tell those from ones with a hyphen.
    Repeated headers are joined as RFC 9110, section 5.3 has it.
    """
    host, _, port = scope.server.rpartition(":")
    environ: Environ = _OF_EVERY | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        environ[key] = f"{environ[key]}{_JOINED.get(name, ',')}{value}" if key in environ else value
    return environ


class _Reading(io.RawIOBase):
    """A spool read from its start, whatever others do with the same descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - a writable buffer, as io has it
        count = os.preadv(self._fd, [buffer], self._at)
        self._at += count
        return count


def reading(spool: Spool) -> IO[bytes]:
    """A finished spool as ``wsgi.input``."""
    return io.BufferedReader(_Reading(spool.fd), _BUFFER)
