"""One client for both servers: persistent connections, one request at a time on each, little work of its own.

Every response is read to its end and its status is checked, so that a quick refusal is no quick answer.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run of requests took. Times are in seconds."""

    seconds: float = 0
    times: list[float] = field(default_factory=list)
    cpu: float = 0
    """Processor time of the server meanwhile."""

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, part: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * part))]


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.received, self.began = b"", time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bytes | None:
        """The response when it is whole."""
        piece = self.socket.recv(65536)
        assert piece, "the server closed the connection"
        self.received += piece
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        at = head.lower().index(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        return self.received if len(body) >= length else None


def run(
    port: int,
    requests: Sequence[bytes] | Callable[[int], bytes],
    *,
    count: int,
    connections: int,
    expected: bytes = b"HTTP/1.1 200",
) -> Load:
    """Send ``count`` requests, in turn from ``requests``, over that many connections."""
    make = requests if callable(requests) else (lambda number: requests[number % len(requests)])
    load = Load()
    waiting = selectors.DefaultSelector()
    began = time.perf_counter()
    sent = 0
    for _ in range(min(connections, count)):
        connection = _Connection(port)
        waiting.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(make(sent))
        sent += 1
    while len(load.times) < count:
        for key, _ in waiting.select():
            connection = key.data
            answer = connection.answered()
            if answer is None:
                continue
            assert answer.startswith(expected), answer
            load.times.append(time.perf_counter() - connection.began)
            if sent < count:
                connection.send(make(sent))
                sent += 1
    load.seconds = time.perf_counter() - began
    for key in list(waiting.get_map().values()):
        key.data.socket.close()
    waiting.close()
    return load
