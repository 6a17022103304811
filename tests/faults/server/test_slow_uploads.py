"""Uploads that drag on delay nobody who asks whether the server lives."""

from __future__ import annotations

import contextlib
import socket
import statistics
import threading
import time
from collections.abc import Iterator

import pytest
from trial_server import TrialServer, figures, trial_server
from trial_uploads import Platform

pytestmark = pytest.mark.xdist_group("trials")

LENGTH = 4 << 20


@contextlib.contextmanager
def slow_uploads(server: TrialServer, platform: Platform, number: int) -> Iterator[list[socket.socket]]:
    """That many uploads at once, each of which sends a few bytes a second."""
    head = (
        f"POST /api/v1/scan HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Length: {LENGTH}\r\n"
        f"Authorization: Bearer {platform.token}\r\nContent-Type: application/octet-stream\r\n\r\n"
    ).encode()
    over = threading.Event()
    uploads = [socket.create_connection(("127.0.0.1", server.port), timeout=90) for _ in range(number)]
    for upload in uploads:
        upload.sendall(head + bytes(1000))

    def drag() -> None:
        while not over.wait(0.5):
            for upload in uploads:
                with contextlib.suppress(OSError):  # told to come back, or too slow
                    upload.sendall(bytes(100))

    dragging = threading.Thread(target=drag, daemon=True)
    dragging.start()
    try:
        yield uploads
    finally:
        over.set()
        dragging.join()
        for upload in uploads:
            upload.close()


def ask_healthz(server: TrialServer, times: int) -> list[float]:
    """Milliseconds that each answer took; all are 200."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        status, _ = server.get("/healthz")
        took.append((time.perf_counter() - began) * 1000)
        assert status == 200
        time.sleep(0.02)
    return took


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_slow_uploads_do_not_delay_healthz():
    with trial_server() as server:
        platform = server.begin(listed=1)
        server.wait_until_well()
        alone = ask_healthz(server, 200)
        with slow_uploads(server, platform, 2):
            two = ask_healthz(server, 200)
        with slow_uploads(server, platform, 64):
            many = ask_healthz(server, 200)
        for name, took in {"alone": alone, "two_slow": two, "64_slow": many}.items():
            figures(
                **{
                    f"healthz_ms_p50_{name}": round(statistics.median(took), 1),
                    f"healthz_ms_max_{name}": round(max(took), 1),
                }
            )
        # Generous, for a busy machine: a thread that waits for a body would wait its whole minute.
        assert max(two + many) < 5_000
        assert platform.upload(platform.pictures.others[0]).outcome == "clear"
