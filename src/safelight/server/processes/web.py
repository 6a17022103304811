"""One web process: granian's RSGI worker on the socket that the supervisor listens on.

The socket outlives the process, so connections wait in its queue while a killed one is replaced. Granian's
own process manager is left out: there is one supervisor here, and it is ours.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any, Final

from granian._granian import CallbackScheduler, RSGIWorker, SocketHolder
from granian._loops import loops
from granian._signals import set_loop_signals
from granian.constants import HTTPModes, Loops
from granian.http import HTTP1Settings

from safelight.server.operations.gateway import Gateway
from safelight.server.processes.beats import Beat
from safelight.server.processes.beginning import begin

LISTEN_VARIABLE: Final = "SAFELIGHT_LISTEN_FD"
BACKLOG: Final = 1024
_HEADER_MILLISECONDS: Final = 10_000
_CONNECTIONS: Final = 512
_RUNTIME_THREADS: Final = 1
_RUNTIME_BLOCKING_THREADS: Final = 8
_IDLE_SECONDS: Final = 30


def main() -> None:
    """Serve the Django project until told to stop; requests that have begun are finished."""
    config = begin("web")
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    from safelight.server.wsgi import application  # noqa: PLC0415 - after the logs are set up

    serve(Gateway(application, config.limits, config.web_threads, config.workspace))


def serve(gateway: Gateway) -> None:
    """Answer on the inherited socket until SIGTERM."""
    listener = SocketHolder(  # type: ignore[call-arg]  # its stub leaves them out
        int(os.environ[LISTEN_VARIABLE]), False, BACKLOG
    )
    loop: asyncio.AbstractEventLoop = loops.get(Loops.asyncio)
    stopped = asyncio.Event()
    stop = set_loop_signals(loop)  # type: ignore[no-untyped-call]
    # Called in granian's own thread, once every connection has been let go.
    stop.add_cb(lambda: loop.call_soon_threadsafe(stopped.set))
    gateway.open(loop, Beat())
    plain_http: tuple[object, ...] = (False, None, None, None, "tls1.3", None, [], False)
    make_worker: Any = RSGIWorker  # its stub is of another version
    worker = make_worker(
        1,
        (None, listener),
        None,
        _RUNTIME_THREADS,
        _RUNTIME_BLOCKING_THREADS,
        1,
        _IDLE_SECONDS,
        _CONNECTIONS,
        HTTPModes.http1,
        HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
        None,
        False,
        None,
        *plain_http,
        (None, None),
    )
    worker.serve_mtr(_Hand(loop, gateway, None, None, None), loop, stop)
    loop.run_until_complete(stopped.wait())
    # Everything is answered. Taking the interpreter apart under threads that granian may still have would
    # end in an abort, and there is nothing left that is worth the risk.
    logging.shutdown()
    os._exit(0)


class _Hand(CallbackScheduler):
    """What granian calls with each request; its own would make a task of the loop for every one."""

    def __init__(self, _loop: object, gateway: Gateway, *_of_tasks: object) -> None:
        super().__init__()
        self._schedule_fn = gateway


if __name__ == "__main__":
    main()
