"""A connection to a host by an address that was looked up once, checked, and is the one connected to.

A name that is checked and then looked up again can have another address the second time (DNS rebinding). So
there is one look-up, every address that it gives has to be allowed, and TLS still asks for the name.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpcore2

from safelight.server.fetching.addresses import Address, is_public, parsed
from safelight.server.fetching.errors import FetchFailed, FetchRefused

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
Dial: TypeAlias = Callable[[str, int, float], httpcore2.NetworkStream]
_MOST_ADDRESSES: Final = 4


class Deadline:
    """One span of time for everything that an exchange does."""

    def __init__(self, seconds: float) -> None:
        """It runs from now on."""
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds. Raises :class:`FetchFailed` when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise FetchFailed("The other side took too long.")
        return left


def look_up(host: str, port: int) -> Sequence[str]:
    """The system's resolver: every address of a name, or of an address in whatever notation."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def dial(address: str, port: int, seconds: float) -> httpcore2.NetworkStream:
    """Connect to an address."""
    return httpcore2.SyncBackend().connect_tcp(address, port, timeout=seconds)


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses and addresses connections; tests and nobody else bring another."""

    resolve: Resolve = look_up
    dial: Dial = dial
    tls: ssl.SSLContext | None = None


class Guarded(httpcore2.NetworkBackend):
    """The network of one exchange: only to allowed addresses, only until its deadline."""

    def __init__(
        self, network: Network, deadline: Deadline, allowed: Callable[[Address], bool] = is_public
    ) -> None:
        """``allowed`` says which addresses may be connected to."""
        self._network = network
        self._deadline = deadline
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline holds instead
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Connect to one of the host's addresses. Raises :class:`FetchRefused` if any is not allowed."""
        for address in self._addresses(host, port):
            try:
                return _Timed(self._network.dial(address, port, self._deadline.left()), self._deadline)
            except (httpcore2.ConnectError, httpcore2.TimeoutException):
                continue
        raise FetchFailed("The other side cannot be reached.")

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        found = _within(self._deadline.left(), lambda: self._network.resolve(host, port))
        addresses = [parsed(text) for text in found]
        if not addresses or not all(each is not None and self._allowed(each) for each in addresses):
            raise FetchRefused("This host has an address that this server does not connect to.")
        return [str(each) for each in addresses[:_MOST_ADDRESSES]]


class _Timed(httpcore2.NetworkStream):
    """A stream whose every operation ends by the deadline, however little comes at a time."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _Timed(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's signature
        return self._stream.get_extra_info(info)


def _within(seconds: float, ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What a blocking call returns: the system's resolver has time-outs of its own, and long ones."""
    answer: list[Sequence[str]] = []

    def run() -> None:
        try:
            answer.append(ask())
        except (OSError, UnicodeError):
            answer.append(())

    asking = threading.Thread(target=run, name="resolver", daemon=True)
    asking.start()
    asking.join(seconds)
    if not answer or not answer[0]:
        raise FetchFailed("The host's name has no address at the moment.")
    return answer[0]
