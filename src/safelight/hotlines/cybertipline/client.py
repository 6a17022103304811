"""Asking the CyberTipline over HTTPS: one function a call, and no retry; what an answer means is decided by
:mod:`.outcomes`, and what comes next by :mod:`.steps`."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import Final, Self

import httpx2

from safelight.errors import HotlineError, NeverAsked, NoAnswer, SafelightError
from safelight.hotlines.cybertipline.answers import Answer, read_answer
from safelight.hotlines.cybertipline.environments import Environment, Place

LONGEST_ANSWER: Final = 1 << 20
"""Bytes; answers are a few hundred."""
LONGEST_SCHEMA: Final = 16 << 20
ANSWER_SECONDS: Final = 120.0
"""For an answer to arrive whole, once it has begun."""
TIMEOUTS: Final = httpx2.Timeout(60.0, connect=10.0)
_XML: Final = {"Content-Type": "text/xml; charset=utf-8"}
_NEVER_SENT: Final = (
    httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The answer to an upload, and the MD5 of what was sent, hexadecimal."""

    answer: Answer
    md5: str


class Client:
    """One installation of the service. Safe to use from one thread at a time; close it after use.

    Every call returns the answer, whatever its code. It raises :class:`~safelight.errors.NeverAsked` where
    the service certainly never had the request, and :class:`~safelight.errors.NoAnswer` where no whole answer
    came back, so that nobody knows whether it acted.
    """

    def __init__(
        self,
        place: Place,
        *,
        timeouts: httpx2.Timeout = TIMEOUTS,
        answer_seconds: float = ANSWER_SECONDS,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet. A mock is never reached through a proxy; the others are where one is set."""
        self._environment = place.environment
        self._base = place.base
        self._answer_seconds = answer_seconds
        self._http = httpx2.Client(
            auth=httpx2.BasicAuth(place.username, place.password),
            timeout=timeouts,
            transport=transport,
            # A connection that was kept may be closed under a request, and then nobody knows if it arrived.
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=place.environment is not Environment.MOCK,
            # A mock speaks plain HTTP, and reading the machine's certificates takes longer than asking it.
            verify=not place.base.startswith("http:"),
        )

    def status(self) -> Answer:
        """Whether the service is there and knows us; sends nothing."""
        return self._ask("GET", "status")

    def schema(self) -> bytes:
        """The service's present XML schema. Raises :class:`~safelight.errors.HotlineError` for a refusal."""
        answer = self._ask("GET", "xsd", longest=LONGEST_SCHEMA)
        if answer.root != "schema":
            raise HotlineError(f"The CyberTipline did not send its schema: {answer.told()}.")
        return answer.body

    def submit(self, report: bytes) -> Answer:
        """Open a report. ``report`` is its XML document."""
        return self._ask("POST", "submit", content=report, headers=_XML)

    def upload(self, report_id: str, name: str, pieces: Iterable[bytes], length: int) -> Uploaded:
        """Add a file to an open report, piece by piece; ``length`` is the number of its bytes.

        Where the file cannot be read, nothing was sent if that shows at its first piece, else a part was.
        """
        form, digest, source = (
            _Form(report_id, name, length),
            hashlib.md5(usedforsecurity=False),
            iter(pieces),
        )
        try:
            first = next(source, b"")
        except (SafelightError, OSError) as error:
            raise NeverAsked(f"The file was not sent, for it cannot be read: {error}") from error

        def body() -> Iterator[bytes]:
            yield form.head
            left = length
            for piece in chain([first], source):
                digest.update(piece)
                left -= len(piece)
                yield piece
            if left:
                raise HotlineError(f"it has not the {length} bytes that it should have")
            yield form.tail

        answer = self._ask("POST", "upload", content=body(), headers=form.headers)
        return Uploaded(answer, digest.hexdigest())

    def describe(self, details: bytes) -> Answer:
        """Tell about an uploaded file, once. ``details`` is the XML document, which names report and file."""
        return self._ask("POST", "fileinfo", content=details, headers=_XML)

    def finish(self, report_id: str) -> Answer:
        """File the report, for good. The answer to keep verbatim is this one."""
        return self._ask("POST", "finish", data={"id": report_id})

    def retract(self, report_id: str) -> Answer:
        """Take an unfinished report back."""
        return self._ask("POST", "retract", data={"id": report_id})

    def _ask(
        self,
        method: str,
        call: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        longest: int = LONGEST_ANSWER,
    ) -> Answer:
        try:
            with self._http.stream(
                method, f"{self._base}/{call}", content=content, data=data, headers=headers
            ) as response:
                request_id = response.headers.get("Request-ID", "")
                body = self._whole(response, longest)
                status = response.status_code
        except _NEVER_SENT as error:
            raise NeverAsked(
                f"The CyberTipline was not reached for {call}: {type(error).__name__}."
            ) from error
        except (httpx2.HTTPError, _TooLong) as error:
            raise NoAnswer(f"No whole answer to {call} came back: {type(error).__name__}.") from error
        except (SafelightError, OSError) as error:
            raise NoAnswer(f"The file could not be read to its end: {error}") from error
        answer = read_answer(status, body, request_id)
        _log.info("CyberTipline (%s), %s: %s", self._environment, call, answer.told())
        return answer

    def _whole(self, response: httpx2.Response, longest: int) -> bytes:
        """The body, within a time: a service that sends a byte a minute would keep a worker for ever."""
        until, found = time.monotonic() + self._answer_seconds, bytearray()
        for piece in response.iter_bytes():
            found += piece
            if len(found) > longest or time.monotonic() > until:
                raise _TooLong
        return bytes(found)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _TooLong(Exception):
    """An answer that is too large, or takes too long."""


class _Form:
    """``multipart/form-data`` around one file, whose length is known before."""

    def __init__(self, report_id: str, name: str, length: int) -> None:
        boundary = secrets.token_hex(16)
        shown = "".join(c for c in name if c.isascii() and c.isprintable() and c not in '"\\') or "file"
        self.head = (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="id"\r\n\r\n'
            f"{report_id}\r\n"
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{shown}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("ascii")
        self.tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self.head) + length + len(self.tail)),
        }
