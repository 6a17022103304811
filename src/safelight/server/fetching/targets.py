"""One URL taken apart strictly: what two parsers could read in two ways is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from safelight.server.fetching.errors import FetchRefused

LONGEST: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}
_PLAIN: Final = re.compile(r"[!-~]+")
_UNSAFE: Final = frozenset('\\"<>^`{|}')
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_IPV6: Final = re.compile(r"[0-9a-f:.]{2,45}")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and what to ask for there. ``host`` is a name or an address, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises :class:`FetchRefused` for anything but plain http and https URLs in ASCII."""
        if len(url) > LONGEST or not _PLAIN.fullmatch(url) or _UNSAFE & set(url):
            raise FetchRefused("This is not a URL of printable ASCII characters; percent-encode the others.")
        split = _split(url)
        if split.scheme not in _PORTS:
            raise FetchRefused("Only https and http addresses are fetched.")
        if "@" in split.netloc:
            raise FetchRefused("An address with a user name or password in it is not fetched.")
        host = (split.hostname or "").lower()
        if not (_IPV6 if ":" in host else _NAME).fullmatch(host):
            raise FetchRefused("The address names no host. International names are written in Punycode.")
        path = (split.path or "/") + (f"?{split.query}" if split.query else "")
        return cls(split.scheme, host, _PORTS[split.scheme] if split.port is None else split.port, path)

    def followed(self, location: str) -> Target:
        """Where a redirect leads; relative ones too."""
        return type(self).of(urljoin(self.url, location))

    @property
    def url(self) -> str:
        """The same address, written in one way only."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def place(self) -> str:
        """Host and port, as the settings name them."""
        return f"{self.host}:{self.port}"


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        _ = split.port  # reading it is what checks it
    except ValueError:
        raise FetchRefused("This is not a URL.") from None
    return split
