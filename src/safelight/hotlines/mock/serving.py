"""The mock hotline over HTTP, on this machine only."""

from __future__ import annotations

import base64
import hmac
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from safelight.hotlines.mock.calls import Arrived, Hotline, Reply, coded
from safelight.hotlines.mock.faults import Fault, Faults, instead
from safelight.hotlines.mock.forms import BadForm, read_form
from safelight.hotlines.mock.state import GivenAnswer

PATH: Final = "/ispws/"
_LARGEST_DOCUMENT: Final = 8 << 20
_GETS: Final = frozenset({"status", "xsd"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conduct:
    """Who is let in, and how the mock misbehaves; times are in seconds."""

    username: str = "mock"
    password: str = "mock"  # noqa: S105 - it guards nothing, and is on the page that tells how to rehearse
    faults: Faults = field(default_factory=lambda: Faults(0))
    silent_seconds: float = 90.0
    slow_seconds: float = 5.0


class MockServer:
    """Serves a hotline on the loopback interface; each request has a thread of its own."""

    def __init__(self, hotline: Hotline, conduct: Conduct, *, port: int = 0) -> None:
        """Port 0 takes any that is free."""
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.hotline, self._server.conduct = hotline, conduct
        self._thread: threading.Thread | None = None

    @property
    def base(self) -> str:
        """What clients are to be told."""
        return f"http://localhost:{self._server.server_address[1]}{PATH.rstrip('/')}"

    def serve(self) -> None:
        """Serve until :meth:`stop`."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread = threading.Thread(target=self.serve, name="mock hotline", daemon=True)
        self._thread.start()

    def conduct(self, conduct: Conduct) -> None:
        """Behave otherwise from now on."""
        self._server.conduct = conduct

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.ending.set()
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    hotline: Hotline
    conduct: Conduct

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.ending = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "safelight-mock-hotline"
    sys_version = ""
    timeout = 120

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Nothing: what matters is told below, without addresses."""

    def _handle(self) -> None:
        self.close_connection = True
        try:
            self._answer()
        except (ConnectionError, EOFError, TimeoutError):
            _log.info("A caller left in the middle of a request.")

    def _answer(self) -> None:
        call = self.path.removeprefix(PATH) if self.path.startswith(PATH) else ""
        if not self.server.hotline.knows(call) or (self.command == "GET") != (call in _GETS):
            self._send(call, coded(1210, "Resource not found", status=HTTPStatus.NOT_FOUND))
            return
        if not self._is_let_in():
            # As recorded of the real service: no XML, only the status.
            self._send(call, Reply(b"", HTTPStatus.UNAUTHORIZED))
            return
        try:
            arrived = self._arrived(call)
        except BadForm as error:
            self._send(call, coded(4000, f"The request is invalid: {error}", status=HTTPStatus.BAD_REQUEST))
            return
        fault = self.server.conduct.faults.draw(call)
        if fault is None:
            self._send(call, self.server.hotline.act(arrived))
        else:
            self._misbehave(fault, arrived)

    def _misbehave(self, fault: Fault, arrived: Arrived) -> None:
        reply = self.server.hotline.act(arrived) if fault.acts else None
        _log.info("%s: %s", arrived.call, fault)
        if fault is Fault.SILENT:
            self.server.ending.wait(self.server.conduct.silent_seconds)
        elif fault is Fault.DONE_THEN_DROPPED:
            assert reply is not None
            self._note(arrived.call, reply, "none")
        elif fault is Fault.DONE_THEN_CUT:
            assert reply is not None
            self._send(arrived.call, reply, part=True)
        elif fault is Fault.DONE_SLOWLY:
            assert reply is not None
            self._send(arrived.call, reply, slowly=True)
        else:
            self._send(arrived.call, instead(fault, arrived.call))

    def _is_let_in(self) -> bool:
        conduct = self.server.conduct
        expected = base64.b64encode(f"{conduct.username}:{conduct.password}".encode()).decode()
        given = self.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Basic {expected}".encode())

    def _arrived(self, call: str) -> Arrived:
        told = self.headers.get("Content-Length", "0")
        if not told.isdigit():
            raise BadForm("Say how long the body is.")
        length, user, address = int(told), self.server.conduct.username, self.client_address[0]
        if call in _GETS:
            return Arrived(call, user=user, address=address)
        if call in {"submit", "fileinfo"}:
            if length > _LARGEST_DOCUMENT:
                raise BadForm("The document is too large.")
            document = self.rfile.read(length)
            if len(document) < length:
                raise EOFError
            return Arrived(call, document=document)
        form = read_form(self.headers.get("Content-Type", ""), length, self.rfile)
        return Arrived(call, report_id=form.report_id, file=form.file)

    def _note(self, call: str, reply: Reply, sent: str) -> str:
        request_id = secrets.token_hex(8)
        self.server.hotline.state.note(
            GivenAnswer(request_id, call, reply.report, reply.status, reply.body, sent)
        )
        return request_id

    def _send(self, call: str, reply: Reply, *, part: bool = False, slowly: bool = False) -> None:
        request_id = self._note(call, reply, "part" if part else "whole")
        _log.info("%s: HTTP %d, report %s", call, reply.status, reply.report or "-")
        self.send_response(reply.status)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="mock hotline"')
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Request-ID", request_id)
        self.end_headers()
        if part:
            self.wfile.write(reply.body[: len(reply.body) // 2])
        elif slowly:
            for at in range(0, len(reply.body), 16):
                self.wfile.write(reply.body[at : at + 16])
                self.wfile.flush()
                time.sleep(self.server.conduct.slow_seconds * 16 / len(reply.body))
        else:
            self.wfile.write(reply.body)
