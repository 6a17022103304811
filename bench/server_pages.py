"""How long the console's pages take with ten thousand open cases: real HTTP on loopback, signed in.

``make bench-pages``. The demo's own server and people; each case is a user's report of one of the demo's
photographs, recompressed, about an account of its own. Ends with FIGURE lines: medians over many requests,
one at a time, of the first page, the queue, a case, and a file that is to be assessed.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import http.client
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from server_client import run
from server_ours import SAFELIGHT, free_port

PICTURE = "recompressed/brick.q80.jpg"
CONNECTIONS = 4
FORM = "application/x-www-form-urlencoded"


@dataclass
class Demo:
    """A demo that runs: its port, a way in, and its folder."""

    port: int
    entrance: str
    folder: Path


@contextlib.contextmanager
def demo() -> Iterator[Demo]:
    """`safelight demo --console`, as anybody starts it."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as made:  # a socket's path is short
        folder, port = Path(made) / "d", free_port()
        command = [SAFELIGHT, "demo", "--directory", folder, "--console", "--port", str(port)]
        environment = {**os.environ, "TMPDIR": made}
        showing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert showing.stdout
            lines = iter(showing.stdout.readline, "")
            entrance = next(found[0] for line in lines if (found := re.search(r"http://\S+/demo/\S+", line)))
            # Only now is everything said, and the server ready.
            next(line for line in lines if "Ctrl-C" in line)
            yield Demo(port, entrance, folder)
        finally:
            showing.terminate()
            showing.wait(60)


class Browser:
    """One persistent connection with cookies."""

    def __init__(self, port: int) -> None:
        self._host = f"localhost:{port}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._cookies: dict[str, str] = {}

    def get(self, path: str, *, form: dict[str, str] | None = None) -> str:
        """A page as text; with ``form`` what answers it. A redirect after a form is followed."""
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Host": self._host, "Cookie": cookie, "Origin": f"http://{self._host}"}
        method, body = "GET", None
        if form is not None:
            method, body = "POST", urlencode(form)
            headers |= {"Content-Type": FORM}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for told in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: one.value for name, one in SimpleCookie(told).items()}
        if answer.status == http.client.FOUND:
            return self.get(answer.headers["Location"])
        assert answer.status == http.client.OK, f"{method} {path}: {answer.status}"
        return text

    def post(self, page: str, path: str, **form: str) -> str:
        """Send a form of a page."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        return self.get(path, form={"csrfmiddlewaretoken": token[1], **form})


def open_cases(served: Demo, count: int) -> None:
    """An upload of an account of its own for each."""
    where = ("--workspace", str(served.folder / "workspace"))
    keys = ("--key-file", str(served.folder / "key" / "root-key.toml"))
    options = ("--surface", "uploads", "--audience", "server", "--rate", "0", "--budget", "0")
    command = [SAFELIGHT, "api-keys", "make", "bench", *options, "--scope", "report", *where, *keys]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    token = re.search(r"slk_\S+", told)
    assert token
    picture = (served.folder / "pictures" / PICTURE).read_bytes()

    def request(number: int) -> bytes:
        about = {"kind": "user_report", "context": {"account": f"account {number}", "country": "US"}}
        body = b"".join(
            (
                b'--b\r\nContent-Disposition: form-data; name="report"\r\n\r\n',
                json.dumps(about).encode(),
                b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="f.jpg"\r\n',
                b"Content-Type: image/jpeg\r\n\r\n",
                picture + number.to_bytes(8, "big"),  # another file, that looks the same
                b"\r\n--b--\r\n",
            )
        )
        head = (
            "POST /api/v1/reports HTTP/1.1",
            f"Host: localhost:{served.port}",
            f"Authorization: Bearer {token[0]}",
            "Content-Type: multipart/form-data; boundary=b",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    began = time.monotonic()
    run(served.port, request, count=count, connections=CONNECTIONS, expected=b"HTTP/1.1 202")
    print(f"  {count} cases in {time.monotonic() - began:.0f} s", flush=True)


def median_ms(browser: Browser, paths: list[str], count: int) -> float:
    """Of ``count`` requests of these pages in turn."""
    times = []
    for path in itertools.islice(itertools.cycle(paths), count):
        began = time.perf_counter()
        browser.get(path)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=60, help="of each page")
    told = parser.parse_args()
    with demo() as served:
        open_cases(served, told.cases)
        browser = Browser(served.port)
        entrance = served.entrance.removeprefix(f"http://localhost:{served.port}")
        browser.post(browser.get(entrance), entrance)
        case = re.search(r"/cases/[0-9a-f-]{36}/", browser.post(browser.get("/cases/"), "/cases/next/"))
        assert case
        item = re.search(rf"{case[0]}items/[0-9a-f-]{{36}}/", browser.get(case[0]))
        assert item
        queue = browser.get("/cases/")
        others = sorted(set(re.findall(r"/cases/[0-9a-f-]{36}/", queue)))[:20]
        further = re.search(r"\?[^\"]*after=[^\"]+", queue)
        assert further
        pages = {
            "home_page": ["/"],
            "queue_page": ["/cases/"],
            "queue_further_page": ["/cases/" + html.unescape(further[0])],
            "case_page": others,
            "assess_page": [item[0]],
        }
        print(f"FIGURE open_cases {told.cases}")
        for name, paths in pages.items():
            browser.get(paths[0])
            print(f"FIGURE {name}_ms {median_ms(browser, paths, told.requests):.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
