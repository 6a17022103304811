"""`safelight serve` from nothing: what must be right before the first process starts, in plain words.

Nothing is written to a workspace whose root key is missing or wrong. The server then only says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from safelight.errors import RootKeyError, SafelightError, SandboxError, WorkspaceBusy, WorkspaceError
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import FAMILIES
from safelight.server.config import Config
from safelight.server.operations.logs import configure_logs
from safelight.server.processes.child import start
from safelight.server.processes.keys import KeyKeeper
from safelight.server.processes.programs import PREPARE
from safelight.server.processes.run_directory import SANDBOX, make_run_directory
from safelight.server.processes.supervisor import Supervisor, sandbox_server
from safelight.server.processes.web import BACKLOG
from safelight.server.vault.client import RUN_VARIABLE
from safelight.vault.spool import forbid_core_dumps
from safelight.workspace import Workspace
from safelight.workspace.description import read_description

Say = Callable[[str], None]


def serve(config: Config, key_file: Path | None, say: Say) -> None:
    """Serve until told to stop. ``say`` takes lines for the operator.

    Raises :class:`~safelight.errors.SafelightError` where the server cannot start.
    """
    forbid_core_dumps()
    configure_logs(config, "supervisor")
    with only_server(config.workspace), listening(config.port) as listener:
        try:
            workspace, made = Workspace.open_or_create(config.workspace, key_file=key_file)
        except RootKeyError as error:
            _serve_without_keys(config, listener, str(error), say)
            return
        with workspace:
            keys = KeyKeeper(workspace)
        if made:
            say(
                f"Made a workspace at {workspace.directory}.\nIts root key is {workspace.key_file.path}. "
                "Keep a copy of that file in a safe place, apart from backups of the workspace."
            )
        run = make_run_directory(workspace.id)
        with sandbox_server(run) as sandbox:
            _refuse_partial_sandbox(config, run)
            _prepare(config, run, keys, say)
            say(f"Safelight listens, on this machine only, at {config.public_url}\nCtrl-C stops it in order.")
            Supervisor(config, run, listener, keys, say=say).run(sandbox)


def _serve_without_keys(config: Config, listener: socket.socket, reason: str, say: Say) -> None:
    run = make_run_directory(read_description(config.workspace).id)
    say(
        f"{reason}\nUntil then nothing is read, scanned or written. {config.public_url}/readyz says the "
        "same. Start `safelight serve` again once the key is there."
    )
    Supervisor(config, run, listener, None, say=say, reason=reason).run(None)


@contextlib.contextmanager
def only_server(directory: Path) -> Iterator[None]:
    """Hold the workspace's server lock; the system drops it when this process dies.

    Raises :class:`~safelight.errors.WorkspaceBusy`, and :class:`~safelight.errors.WorkspaceError` for a
    directory that cannot be written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {directory} cannot be written: {error.strerror}. Choose another with "
            "--workspace, or give this user the right to write there."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceBusy(
                f"Another `safelight serve` runs on the workspace {directory}. Stop it first, or choose "
                "another workspace with --workspace."
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A listening socket on the loopback interface. Raises :class:`PortTaken`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise PortTaken(
                f"Port {port} on this machine cannot be used: {error.strerror}. Stop what uses it, or choose "
                "another with --port."
            ) from None
        listener.setblocking(False)
        yield listener


class PortTaken(SafelightError):
    """The port cannot be listened on."""


def _refuse_partial_sandbox(config: Config, run: Path) -> None:
    with Sandbox(directory=run / SANDBOX, accept_partial=True) as sandbox:
        missing = {
            f"{family.name}: {gap}" for family in FAMILIES for gap in sandbox.protections(family.name).missing
        }
    if missing and not config.accept_partial_sandbox:
        raise SandboxError(
            f"The decoders' sandbox is not complete on this machine ({'; '.join(sorted(missing))}). See "
            "`safelight doctor`. To start all the same, set accept_partial_sandbox."
        )


def _prepare(config: Config, run: Path, keys: KeyKeeper, say: Say) -> None:
    environment = {
        "SAFELIGHT_WORKSPACE": str(config.workspace.absolute()),
        "SAFELIGHT_PORT": str(config.port),
        RUN_VARIABLE: str(run),
    }
    with start(PREPARE, keys(PREPARE), environment, output=subprocess.PIPE) as process:
        said, failed = (part.decode(errors="replace").strip() for part in process.communicate())
    if process.returncode:
        raise WorkspaceError(failed.splitlines()[-1] if failed else "The database could not be prepared.")
    if said:
        say(said)
