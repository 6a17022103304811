"""The integrators' pages: every example is run as it stands, against a real `safelight serve`."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from pictures import draw
from serving import PATIENCE, Server, free_port, wait_until

pytestmark = pytest.mark.xdist_group("examples")  # one worker: its servers start once
PAGES = Path(__file__).parents[3] / "docs" / "integrator"


def picture(seed: int) -> bytes:
    written = io.BytesIO()
    draw(seed=seed).save(written, "PNG")
    return written.getvalue()


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def surroundings() -> Iterator[dict[str, str]]:
    """What the examples find in their environment: a server with a list, a key, and where they are run."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as made:
        for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
            patch.delenv(name)
        server = Server(Path(made), web_workers="1")
        try:
            server.start()
            hashes = server.directory / "hashes.txt"
            hashes.write_text(f"sha256 {hashlib.sha256(picture(2)).hexdigest()}\n")
            assert not server.run(
                "lists", "import", str(hashes), "--name", "ours", "--class", "test"
            ).returncode
            assert not server.run("api-keys", "surface", "posts", "--public").returncode
            told = server.run("api-keys", "make", "docs", "--surface", "posts", "--audience", "server",
                              "--scope", "scan", "--scope", "report")  # fmt: skip
            key = re.search(r"slk_\S+", told.stdout)
            assert key, told.stderr
            place = server.directory / "place"
            place.mkdir()
            (place / "picture.png").write_bytes(picture(1))
            around = server.environment() | {
                "SAFELIGHT_URL": f"http://localhost:{server.port}",
                "SAFELIGHT_API_KEY": key[0],
                "PLACE": str(place),
            }
            wait_until(
                "the list to be searched", lambda: '"clear"' in run(around, examples("curl.md", "sh")[1])
            )
            yield around
        finally:
            server.end()


def run(around: dict[str, str], *command: str) -> str:
    words = ["sh", "-c", *command] if len(command) == 1 else list(command)
    done = subprocess.run(
        words, env=around, cwd=around["PLACE"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(surroundings: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    told = [run(surroundings, example) for example in examples("curl.md", "sh")]
    assert ['"clear"' in told[0], '"clear"' in told[1], '"received"' in told[2]] == [True] * 3


def test_python(surroundings: dict[str, str]) -> None:
    [example] = examples("python.md", "python")
    assert run(surroundings, sys.executable, "-c", example) == "clear\n"


def test_a_django_form(surroundings: dict[str, str]) -> None:
    [example] = examples("upload-django.md", "python")
    program = example + textwrap.dedent("""
        import sys
        from django.conf import settings
        settings.configure(DEFAULT_CHARSET="utf-8")
        from django.core.files.uploadedfile import SimpleUploadedFile
        did = []
        publish = lambda content: did.append("publish")
        keep_private = lambda content: did.append("keep private")
        said = set()
        for number, name in enumerate(sys.argv[1:]):
            request = HttpRequest()
            request.FILES["file"] = SimpleUploadedFile("x.png", open(name, "rb").read())
            request.POST = {"account": "u-7", "upload": f"django-{number}"}
            did.append("")
            said.add(upload(request).content)
        print(did, len(said))
    """)
    place = Path(surroundings["PLACE"])
    (place / "listed.png").write_bytes(picture(2))
    (place / "words.txt").write_text("words")
    told = run(surroundings, sys.executable, "-c", program, "picture.png", "listed.png", "words.txt")
    assert told == "['', 'publish', '', '', 'keep private'] 1\n"


def test_a_node_form(surroundings: dict[str, str]) -> None:
    if shutil.which("node") is None:
        pytest.skip("there is no Node here")
    [example] = examples("upload-node.md", "js")
    place, port = Path(surroundings["PLACE"]), free_port()
    (place / "form.mjs").write_text(example)
    form = subprocess.Popen(
        ["node", "form.mjs"],
        env=surroundings | {"PORT": str(port)},
        cwd=place,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until("the form", lambda: socket.create_connection(("127.0.0.1", port)).close() or True)
        said = set()
        for number, content in enumerate((picture(1), picture(2), b"words")):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("POST", "/", content, {"X-Account": "u-7", "X-Upload": f"node-{number}"})
            said.add(connection.getresponse().read())
            connection.close()
        assert len(said) == 1
        assert form.stdout is not None
        assert [form.stdout.readline() for _ in range(3)] == ["publish\n", "refuse\n", "keep private\n"]
    finally:
        form.kill()
        form.communicate()


def test_a_sweep_of_a_bucket(surroundings: dict[str, str]) -> None:
    pytest.importorskip("obstore")
    bucket = Path(surroundings["PLACE"]) / "bucket"
    bucket.mkdir()
    for number in (1, 2, 3):
        (bucket / f"{number}.png").write_bytes(picture(number))
    [example] = examples("object-store.md", "python")
    for _ in range(2):
        told = run(surroundings | {"BUCKET": bucket.as_uri()}, sys.executable, "-c", example)
        assert told == "clear 2\nmatch 1\n"


def test_every_route_is_documented() -> None:
    from safelight.server.api.openapi import document
    from safelight.server.api.urls import api

    page = (PAGES / "api.md").read_text(encoding="utf-8")
    for path, methods in document(api)["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path.removeprefix('/api/v1')}`" in page
