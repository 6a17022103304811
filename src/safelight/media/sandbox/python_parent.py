"""A warm parent that is a Python interpreter: ``python -I -m safelight.media.sandbox.python_parent``.

It imports the decoder while it still has the file system, gives up its rights, and forks a confined child a
file. The decoder is a function ``decode(fd, *, max_pixels, max_parts)`` that yields reply messages, ``end``
last; one that expects a payload takes ``payload`` as well. Between a ``member`` and its ``member_end`` it
yields the member's bytes, in pieces of any size. It must read the descriptor by position.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from safelight.native import _confine

Decoder = Callable[..., Iterator[str | bytes]]

_PIECE: Final = _confine.MAX_MESSAGE - 1


class _NobodyListens(Exception):
    pass


def main(arguments: Sequence[str]) -> int:
    """Run until the last client has gone; what this parser does not know goes to ``read_options`` in C++."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--handler", required=True, metavar="MODULE:FUNCTION")
    parser.add_argument("--threads", action="store_true")
    options, rest = parser.parse_known_args(arguments)
    decoder = _load(options.handler)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _confine.run_warm_parent(
        lambda request, payload: _run(decoder, request, payload), rest, threads=options.threads
    )


def _load(handler: str) -> Decoder:
    module, _, function = handler.partition(":")
    decoder: Decoder = getattr(importlib.import_module(module), function)
    return decoder


def _run(decoder: Decoder, request: _confine.Request, payload: bytes) -> None:
    """One file, in the child, confined. A MemoryError is left to C++, which allocates nothing to say so."""
    sys.stdout = sys.stderr = None  # /dev/null, and writing to it is refused
    extra = {"payload": payload} if payload else {}
    try:
        for message in decoder(
            _confine.FILE_FD, max_pixels=request.max_pixels, max_parts=request.max_parts, **extra
        ):
            _send(message)
    except (MemoryError, _NobodyListens):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is that file's problem
        detail = f"the decoder raised {type(error).__name__}"
        _send(json.dumps({"failed": {"reason": "crashed", "detail": detail}}))


def _send(message: str | bytes) -> None:
    if isinstance(message, str):
        packets: Iterable[bytes] = (message.encode(),)
    else:  # a leading NUL tells data from JSON; sandbox/protocol.py
        packets = (b"\0" + message[at : at + _PIECE] for at in range(0, len(message), _PIECE))
    for packet in packets:
        if not _confine.send_message(packet):
            raise _NobodyListens


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
