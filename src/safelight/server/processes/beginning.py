"""What every process of the server does first: leave no core dump, and never outlive the supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from typing import Final

from safelight.server.config import Config, load
from safelight.server.operations.logs import configure_logs
from safelight.vault.spool import forbid_core_dumps

SUPERVISOR_VARIABLE: Final = "SAFELIGHT_SUPERVISOR"
_PR_SET_PDEATHSIG: Final = 1


def begin(name: str) -> Config:
    """Protect this process, tie it to the supervisor, set its logs up, and return the settings."""
    forbid_core_dumps()
    die_with_supervisor()
    config = load()
    configure_logs(config, name)
    return config


def die_with_supervisor() -> None:
    """Have the kernel kill this process as soon as the supervisor is gone, however that ends."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    if supervisor is None:
        sys.exit("This process is started by `safelight serve`.")
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the process could not be tied to its supervisor")
    if os.getppid() != int(supervisor):  # it died before the kernel was asked
        sys.exit(1)


def stopping() -> threading.Event:
    """An event that SIGTERM and SIGINT set, whichever of the process's threads the kernel gives them to.

    Neither a mask nor a handler that sets the event would do: a library's own threads were not asked before
    they began, and a handler may run while the main thread holds the event's lock.
    """
    event = threading.Event()
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.detach(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    threading.Thread(target=_set_when_told, args=(event, told), name="safelight-stop", daemon=True).start()
    return event


def _set_when_told(event: threading.Event, told: socket.socket) -> None:
    while told.recv(1):
        event.set()
