"""Real servers on this machine: for what the server fetches, posts and mails."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore2

PUBLIC = "93.184.216.34"
"""An address that is public; nothing here ever connects to it."""


@dataclass
class Web:
    """A web server. ``answers`` gives status, headers and body by path; ``asked`` is what was asked of it."""

    port: int = 0
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    before: Callable[[Any], None] | None = None


@contextlib.contextmanager
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            told.asked.append(
                (self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            )
            if told.before is not None:
                told.before(self)
                return
            status, headers, content = told.answers.get(self.path, (404, {}, b""))
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the library calls it

        def log_message(self, *_told: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_told: Any) -> None:
            """A client that hangs up is what these tests are about."""

    server = Quiet(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Net:
    """Names and addresses of a world of its own: a public address leads to a server of this machine.

    ``names`` gives the addresses of a name, one list a look-up; the last one stays. ``dialled`` is what was
    really connected to.
    """

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    leads_to: dict[str, int] = field(default_factory=dict)
    dialled: list[tuple[str, int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        if host not in self.names:
            raise OSError("no such name")
        given = self.names[host]
        return given.pop(0) if len(given) > 1 else given[0]

    def dial(self, address: str, port: int, seconds: float) -> httpcore2.NetworkStream:
        self.dialled.append((address, port))
        to = self.leads_to.get(address)
        if to is None:
            raise httpcore2.ConnectError
        return httpcore2.SyncBackend().connect_tcp("127.0.0.1", to, timeout=seconds)

    def network(self, **told: Any) -> Any:
        from safelight.server.fetching.connecting import Network

        return Network(self.resolve, self.dial, **told)


@dataclass
class Mailbox:
    """A mail server, and what it took."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """As much of SMTP (RFC 5321) as a client needs to leave a message."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self._say("354 go on")
                    taken = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        taken += part
                    box.messages.append(taken)
                self._say("221 bye" if verb == b"QUIT" else "250 localhost")
                if verb == b"QUIT":
                    return

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield box
        server.shutdown()
