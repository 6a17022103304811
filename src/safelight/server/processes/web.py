"""One web process: granian's WSGI worker on the socket that the supervisor listens on.

The socket outlives the process, so connections wait in its queue while a killed one is replaced. Granian's
own process manager is left out: there is one supervisor here, and it is ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from granian._granian import SocketHolder
from granian._loops import loops
from granian.constants import HTTPModes, Loops, RuntimeModes, TaskImpl
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from safelight.server.processes.beginning import begin

LISTEN_VARIABLE: Final = "SAFELIGHT_LISTEN_FD"
BACKLOG: Final = 1024
RESERVED_THREADS: Final = 2
"""Threads beyond those that bodies may occupy: ``/healthz`` is answered while uploads drag on."""
_HEADER_MILLISECONDS: Final = 10_000
_CONNECTIONS: Final = 512


def main() -> None:
    """Serve the Django project until told to stop; requests that have begun are finished."""
    config = begin("web")
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    from safelight.server.wsgi import application  # noqa: PLC0415 - after the logs are set up

    # Granian copies the environment into every request; the database's password is not for them.
    os.environ.pop("SAFELIGHT_DATABASE_URL", None)
    serve(application, config.web_threads + RESERVED_THREADS)


def serve(application: Callable[..., Any], threads: int) -> None:
    """Answer on the inherited socket with that many blocking threads, until SIGTERM."""
    listener = SocketHolder(  # type: ignore[call-arg]  # its stub leaves them out
        int(os.environ[LISTEN_VARIABLE]), False, BACKLOG
    )
    worker: Any = MPServer._spawn_wsgi_worker.__wrapped__  # noqa: SLF001 - pinned
    worker(
        worker_id=1,
        callback=application,
        sock=(None, listener),
        ipc=None,
        loop=loops.get(Loops.asyncio),
        runtime_mode=RuntimeModes.mt,
        runtime_threads=1,
        runtime_blocking_threads=512,
        blocking_threads=threads,
        blocking_threads_idle_timeout=30,
        backpressure=_CONNECTIONS,
        task_impl=TaskImpl.asyncio,
        http_mode=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
        http2_settings=None,
        websockets=False,
        static_path=None,
        log_access_fmt=None,
        ssl_ctx=(False, None, None, None, "tls1.3", None, [], False),
        scope_opts={"url_path_prefix": None},
        metrics=(None, None),
    )


if __name__ == "__main__":
    main()
