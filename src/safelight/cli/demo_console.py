"""The second half of ``safelight demo --console``: a real server on the demo's workspace, with cases waiting.

Everything goes the way it goes in earnest: the server is `safelight serve`, and what becomes a case was sent
to its API with a key.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from safelight.cli.server_extra import needs_server
from safelight.cli.text import console
from safelight.errors import SafelightError, UsageError
from safelight.keys import Purpose

if TYPE_CHECKING:
    from safelight.server.demo.seeding import Seeded

FIRST_PORT: Final = 8400
_PORTS: Final = 20
_PATIENCE: Final = 120.0
_GRACE: Final = 30.0
_SAFELIGHT: Final = "from safelight.cli import main; main()"


@dataclass(frozen=True, slots=True)
class _Upload:
    """A file of the demonstration's folder, and what the platform tells about it."""

    path: str
    account: str
    private: bool = False


_UPLOADS: Final = (
    _Upload("the same file/coffee.png", "maple-417"),
    _Upload("recompressed/coffee.q40.jpg", "maple-417"),
    _Upload("resized/rocket.smaller.jpg", "maple-417"),
    _Upload("the same file/chelsea.png", "heron-88", private=True),
    _Upload("converted/chelsea.webp", "heron-88", private=True),
    _Upload("recoloured/moon.warm.jpg", "quartz-2051"),
    _Upload("mirrored or turned/motorcycle_left.mirror.jpg", "lantern-9"),
    _Upload("converted/coins.palette.gif", "lantern-9"),
    _Upload("resized/hubble_deep_field.larger.jpg", "birch-730"),
    _Upload("the same file/shapes-3.png", "birch-730"),
    _Upload("recoloured/shapes-5.grey.jpg", "cobalt-66"),
    _Upload("labelled as generated/shapes-7.labelled.png", "cobalt-66"),
    _Upload("recompressed/brick.q80.jpg", "willow-1204"),
    _Upload("the same file/grass.png", "willow-1204"),
    _Upload("inside other files/holiday.zip", "maple-417"),
    _Upload("inside other files/album.pdf", "heron-88"),
    _Upload("moving pictures/film.smaller.mp4", "juniper-5"),
    _Upload("moving pictures/shapes.gif", "aspen-12"),
    _Upload("sounds/tune.wav", "linden-3"),
    _Upload("model files/half precision.safetensors", "cobalt-66"),
    _Upload("other pictures/other-1.png", "maple-417"),
    _Upload("other pictures/other-2.webp", "heron-88"),
    _Upload("other pictures/other-3.jpg", "birch-730"),
    _Upload("other pictures/plain.png", "birch-730"),
    _Upload("broken files/cut short.jpg", "cobalt-66"),
    _Upload("broken files/text.jpg", "willow-1204"),
    _Upload("broken files/huge.png", "quartz-2051"),
)


@needs_server
def show_console(folder: Path, port: int | None, *, stop_when_ready: bool) -> None:
    """Serve the workspace in ``folder`` until Ctrl-C, or only until it is ready.

    Raises :class:`~safelight.errors.UsageError` where no port is free.
    """
    out, chosen = console(), _free_port(port)
    out.print("\nNow the same with a server: starting it, and sending it some of these pictures ...")
    with _rehearsing(folder) as hotline, _serving(folder, chosen, hotline) as server:
        _wait_until_ready(server, chosen)
        seeded = _seed(folder, chosen, hotline)
        sent = _send(folder, chosen, seeded)
        _begin_work()
        out.print(
            f"sent {len(_UPLOADS)} files to the API: {', '.join(f'{n} {what}' for what, n in sent.items())}"
        )
        out.print("What was unscanned may only have waited: archives and documents are scanned in a moment.")
        _say(out, chosen, folder, seeded)
        if stop_when_ready:
            return
        try:
            server.wait()
        except KeyboardInterrupt:
            out.print("\nStopping. The demo workspace goes with it; `make demo` makes another.")
            return
    raise SafelightError(f"The server stopped by itself. What it said is in {folder / 'server.log'}.")


def _free_port(port: int | None) -> int:
    if port is not None:
        if not _is_free(port):
            raise UsageError(f"Port {port} is in use. Stop what uses it, or choose another with --port.")
        return port
    for candidate in range(FIRST_PORT, FIRST_PORT + _PORTS):
        if _is_free(candidate):
            return candidate
    raise UsageError(f"No port from {FIRST_PORT} on is free. Choose one with --port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def _rehearsing(folder: Path) -> Iterator[dict[str, str]]:
    """A mock hotline for the demonstration's reports, and the settings that name it."""
    from safelight.hotlines.mock.calls import Hotline  # noqa: PLC0415 - the server's packages are an extra
    from safelight.hotlines.mock.documents import Checker  # noqa: PLC0415
    from safelight.hotlines.mock.serving import Conduct, MockServer  # noqa: PLC0415
    from safelight.hotlines.mock.state import State  # noqa: PLC0415

    state = State(folder / "mock-hotline")
    mock = MockServer(Hotline(state, Checker(None)), Conduct())
    mock.start()
    try:
        yield {
            "SAFELIGHT_CYBERTIPLINE__ENVIRONMENT": "mock",
            "SAFELIGHT_CYBERTIPLINE__MOCK_URL": mock.base,
            "SAFELIGHT_REPORTING__EMAIL": "trust-and-safety@example.org",
        }
    finally:
        mock.stop()
        state.close()


@contextmanager
def _serving(folder: Path, port: int, hotline: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`safelight serve` as an operator starts it, with settings of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-c", _SAFELIGHT, "serve", "--port", str(port)),
                *("--workspace", str(folder / "workspace"), "--key-file", str(_key_file(folder))),
            ],
            env={**kept, **hotline, "SAFELIGHT_DEMO": "true", "SAFELIGHT_ACCEPT_PARTIAL_SANDBOX": "true"},
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C comes to this process, which then stops the server in order.
            start_new_session=True,
        )
        try:
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(_GRACE)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _key_file(folder: Path) -> Path:
    return folder / "key" / "root-key.toml"


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _PATIENCE
    said = b""
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SafelightError("The server did not start. Run `safelight doctor`, then try again.")
        try:
            status, said = _ask(port, "GET", "/readyz", b"", {})
            if status == http.client.OK:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SafelightError(
        f"The server is not ready after {_PATIENCE:.0f} seconds: {said.decode(errors='replace')}"
    )


def _ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request(method, path, body or None, {"Host": f"localhost:{port}", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _seed(folder: Path, port: int, hotline: dict[str, str]) -> Seeded:
    from safelight.server.by_hand import set_up  # noqa: PLC0415 - the server's packages are an extra
    from safelight.server.terminal import PURPOSES  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        del os.environ[name]
    os.environ |= {**hotline, "SAFELIGHT_PORT": str(port), "SAFELIGHT_DEMO": "true"}
    lists = {Purpose.LIST_VALUE_SEAL, Purpose.LIST_VALUE_LOOKUP}
    set_up(folder / "workspace", _key_file(folder), PURPOSES | lists)
    from safelight.server.demo.seeding import seed  # noqa: PLC0415 - after Django is set up

    return seed()


def _begin_work() -> None:
    from safelight.server.demo.seeding import begin_work  # noqa: PLC0415 - as above

    begin_work()


def _send(folder: Path, port: int, seeded: Seeded) -> dict[str, int]:
    """Send the files as a platform would; how often each outcome was answered."""
    counted: dict[str, int] = {}
    for number, upload in enumerate(_UPLOADS):
        path = folder / "pictures" / upload.path
        context = {
            "account": upload.account,
            "content_id": f"post-{4100 + number}",
            "file_name": path.name,
            "country": "DE" if upload.private else "US",
            "visibility": "private" if upload.private else "public",
            "ip_events": [{"address": f"192.0.2.{10 + number}", "kind": "upload"}],
        }
        token = seeded.messages if upload.private else seeded.uploads
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": f"demo-{number}",
            "Safelight-Context": json.dumps(context),
        }
        status, answer = _ask(port, "POST", "/api/v1/scan", path.read_bytes(), headers)
        if status not in (http.client.OK, http.client.ACCEPTED):
            raise SafelightError(
                f"The server answered {status} to an upload: {answer.decode(errors='replace')}"
            )
        outcome = str(json.loads(answer).get("outcome", "received"))
        counted[outcome] = counted.get(outcome, 0) + 1
    return counted


def _say(out: Console, port: int, folder: Path, seeded: Seeded) -> None:
    # Not wrapped: links and the command must survive being copied.
    out.print(f"\nThe console is at http://localhost:{port}", soft_wrap=True)
    out.print("It is a demo workspace: this machine only, test lists only, marked so on every page.")
    out.print("What you confirm can be reported: to a mock hotline, which forgets it with the demo.\n")
    for entrance in seeded.entrances:
        out.print(f"Sign in as {entrance.name} ({', '.join(entrance.roles)}), once:", soft_wrap=True)
        out.print(f"  {entrance.link}\n", soft_wrap=True, markup=False, highlight=False)
    picture = folder / "pictures" / "resized" / "coffee.smaller.jpg"
    out.print("Scan a picture yourself:")
    command = (
        f"  curl --data-binary @'{picture}' -H 'Content-Type: application/octet-stream' "
        f"-H 'Authorization: Bearer {seeded.uploads}' http://localhost:{port}/api/v1/scan"
    )
    out.print(command, soft_wrap=True, markup=False, highlight=False)
    out.print("\nCtrl-C stops it.")
    sys.stdout.flush()
