"""A file by its https address, from a host that the operator named, into a spool.

Each redirect is checked like a first address: it leads to a named host or nowhere.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from safelight.errors import SpoolTooLarge
from safelight.server.config import Fetching
from safelight.server.fetching.connecting import Deadline, Network
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.server.fetching.exchange import Answer, exchange
from safelight.server.fetching.targets import Target
from safelight.vault.spool import Spool

MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def fetch_file(url: str, rules: Fetching, directory: Path, network: Network) -> Spool:
    """Fetch one file. The caller closes the spool, which is finished.

    Raises :class:`FetchRefused`, :class:`FetchFailed` and :class:`FetchTooLarge`.
    """
    target, deadline = Target.of(url), Deadline(rules.seconds)
    for _hop in range(1 + MOST_REDIRECTS):
        _check(target, rules)
        with exchange("GET", target, deadline, network=network) as answer:
            if answer.status in _REDIRECTS:
                target = target.followed(answer.headers.get("location", ""))
                continue
            return _spooled(answer, rules, directory)
    raise FetchFailed("The address redirects too often.")


def _check(target: Target, rules: Fetching) -> None:
    if target.host not in rules.hosts or target.port not in rules.ports:
        raise FetchRefused("This server does not fetch from there. The operator names hosts and ports.")


def _spooled(answer: Answer, rules: Fetching, directory: Path) -> Spool:
    if answer.status != 200:
        raise FetchFailed(f"The other side answered {answer.status}.")
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        # Decompressing is how a small answer becomes a large one, and the bytes asked for are the file's own.
        raise FetchFailed("The other side compressed the file although it was asked not to.")
    limit = rules.max_mib << 20
    too_large = FetchTooLarge(f"The file is larger than {rules.max_mib} MiB, the limit that is set.")
    told = answer.headers.get("content-length", "0")
    if told.isdigit() and int(told) > limit:
        raise too_large
    with ExitStack() as undo:
        spool = undo.enter_context(Spool(directory, limit=limit))
        try:
            spool.write_all(answer.pieces)
        except SpoolTooLarge:
            raise too_large from None
        undo.pop_all()
    return spool
