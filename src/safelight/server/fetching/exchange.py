"""One request and its answer, with nothing added that nobody asked for.

No redirect is followed, nothing is decompressed, no proxy is read from the environment, no cookie or
credential is kept, and no connection outlives its exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpcore2

from safelight.server.fetching.addresses import Address, is_public
from safelight.server.fetching.connecting import Deadline, Guarded, Network
from safelight.server.fetching.errors import FetchFailed
from safelight.server.fetching.targets import Target

AGENT: Final = "Safelight"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the body piece by piece, each once. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


@contextmanager
def exchange(
    method: str,
    target: Target,
    deadline: Deadline,
    *,
    network: Network,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    allowed: Callable[[Address], bool] = is_public,
) -> Iterator[Answer]:
    """Ask once; the connection ends with the ``with`` block.

    Raises :class:`~.errors.FetchRefused` for an address that is not allowed and :class:`FetchFailed` for
    whatever else the network does, within the block too.
    """
    sent: dict[bytes | str, bytes | str] = {
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    sent.update((headers or {}).items())
    pool = httpcore2.ConnectionPool(
        ssl_context=network.tls, network_backend=Guarded(network, deadline, allowed), http2=False, retries=0
    )
    try:
        with (
            pool,
            pool.stream(method, target.url, headers=sent, content=content) as answered,
        ):
            told = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answered.headers
            }
            yield Answer(answered.status, told, iter(answered.iter_stream()))
    except httpcore2.TimeoutException:
        raise FetchFailed("The other side took too long.") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise FetchFailed(f"The other side broke off ({type(error).__name__}).") from None
