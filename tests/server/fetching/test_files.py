"""Fetching by address: only from named hosts, only at public addresses, whatever names and redirects say."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from receivers import PUBLIC, Net, Web, web

from safelight.server.config import Fetching
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.server.fetching.files import fetch_file
from safelight.server.fetching.services import fetch

HOST, OTHER = "media.example.org", "other.example.org"
FILE = os.urandom(5_000)
RULES = Fetching(hosts=(HOST, OTHER), ports=(80, 443), max_mib=1, seconds=5)


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as running:
        running.answers["/file"] = (200, {}, FILE)
        yield running


@pytest.fixture
def net(site: Web) -> Net:
    return Net(
        names={HOST: [[PUBLIC]], OTHER: [[PUBLIC]]}, leads_to={PUBLIC: site.port, "127.0.0.1": site.port}
    )


def fetched(url: str, net: Net, tmp_path: Path, rules: Fetching = RULES) -> bytes:
    with fetch_file(url, rules, tmp_path, net.network()) as spool:
        return os.pread(spool.fd, spool.size, 0)


def test_a_file_of_a_named_host_is_fetched_into_memory(site: Web, net: Net, tmp_path: Path) -> None:
    assert fetched(f"http://{HOST}/file", net, tmp_path) == FILE
    assert net.dialled == [(PUBLIC, 80)]
    [(method, path, headers, _body)] = site.asked
    assert (method, path, headers["host"]) == ("GET", "/file", HOST)
    assert headers["accept-encoding"] == "identity"
    assert not {"authorization", "cookie", "referer"} & headers.keys()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_fetched_unless_the_settings_say_so() -> None:
    for reference in (f"https://{HOST}/file", "s3://bucket/key"):
        with pytest.raises(FetchRefused, match="settings"):
            fetch(reference)


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example.org/file",
        f"http://{HOST}.evil.example/file",
        f"http://evil.example/{HOST}",
        f"http://user@{HOST}/file",
        f"http://user:word@{HOST}/file",
        f"http://{HOST}@evil.example/file",
        f"http://evil.example#@{HOST}/file",
        f"http://evil.example\\@{HOST}/file",
        f"http://{HOST}:8080/file",
        f"http://{HOST}:0/file",
        f"http://{HOST}:99999/file",
        f"ftp://{HOST}/file",
        f"file://{HOST}/etc/passwd",
        f"//{HOST}/file",
        "/etc/passwd",
        "",
        f"http://{HOST}/file\r\nHost: evil.example",
        f"http://{HOST}/a file",
        f"http://{HOST}%00.evil.example/file",
        f"http://{HOST}\uff0eevil.example/file",
        "http://127.0.0.1/file",
        "http://2130706433/file",
        "http://0x7f000001/file",
        "http://0177.0.0.1/file",
        "http://127.1/file",
        "http://[::1]/file",
        "http://[::ffff:127.0.0.1]/file",
        "http://[fe80::1%25eth0]/file",
        "http://[64:ff9b::7f00:1]/file",
        "http://localhost/file",
        f"http://{HOST}./file",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_before_anybody_is_asked(url: str, net: Net, tmp_path: Path) -> None:
    with pytest.raises(FetchRefused):
        fetched(url, net, tmp_path)
    assert net.looked_up == net.dialled == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:93.184.216.34", "::93.184.216.34",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::1", "2001:db8::1", "100::1", "4000::1",
        "not an address",
    ],
)  # fmt: skip
def test_a_named_host_at_an_address_that_is_not_public_is_not_connected_to(
    address: str, net: Net, tmp_path: Path
) -> None:
    net.names[HOST] = [[address]]
    with pytest.raises(FetchRefused):
        fetched(f"http://{HOST}/file", net, tmp_path)
    net.names[HOST] = [[PUBLIC, address]]
    with pytest.raises(FetchRefused):
        fetched(f"http://{HOST}/file", net, tmp_path)
    assert net.dialled == []


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_connected_to(address: str, site: Web, net: Net, tmp_path: Path) -> None:
    net.names[HOST], net.leads_to[address] = [[address]], site.port
    assert fetched(f"http://{HOST}/file", net, tmp_path) == FILE


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    site: Web, net: Net, tmp_path: Path
) -> None:
    """DNS rebinding: the second answer would be loopback, and nobody asks a second time."""
    net.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert fetched(f"http://{HOST}/file", net, tmp_path) == FILE
    assert net.looked_up == [HOST]
    assert net.dialled == [(PUBLIC, 80)]


def test_a_redirect_to_a_named_host_is_followed_and_checked_anew(site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/here"] = (302, {"Location": f"http://{OTHER}/file"}, b"")
    assert fetched(f"http://{HOST}/here", net, tmp_path) == FILE
    net.names[OTHER] = [["127.0.0.1"]]
    with pytest.raises(FetchRefused):
        fetched(f"http://{HOST}/here", net, tmp_path)


@pytest.mark.parametrize(
    "location",
    [
        "http://evil.example/file", "//evil.example/file", "http://127.0.0.1/file", "http://[::1]/file",
        f"http://{HOST}:22/", f"ftp://{HOST}/file", "file:///etc/passwd", f"http://user@{HOST}/file",
        "http://2130706433/", "s3://bucket/key", "gopher://x/", "",
    ],
)  # fmt: skip
def test_no_redirect_leads_out(location: str, site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/here"] = (302, {"Location": location}, b"")
    with pytest.raises((FetchRefused, FetchFailed)):
        fetched(f"http://{HOST}/here", net, tmp_path)
    assert {address for address, _ in net.dialled} == {PUBLIC}


def test_redirects_end(site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/round"] = (301, {"Location": "/round"}, b"")
    with pytest.raises(FetchFailed, match="redirects"):
        fetched(f"http://{HOST}/round", net, tmp_path)
    assert len(site.asked) == 4


def test_too_much_is_refused_whether_it_is_told_or_not(site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/told"] = (200, {"Content-Length": str(2 << 20)}, b"")
    with pytest.raises(FetchTooLarge):
        fetched(f"http://{HOST}/told", net, tmp_path)

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for _ in range(64):
            handler.wfile.write(bytes(1 << 16))

    site.before = endless
    with pytest.raises(FetchTooLarge):
        fetched(f"http://{HOST}/endless", net, tmp_path)


def test_what_comes_a_byte_at_a_time_ends_at_the_deadline(site: Web, net: Net, tmp_path: Path) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    site.before = drip
    with pytest.raises(FetchFailed, match="too long"):
        fetched(f"http://{HOST}/drip", net, tmp_path, RULES.model_copy(update={"seconds": 1}))


def test_compressed_answers_are_not_taken(site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/file"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    with pytest.raises(FetchFailed, match="compressed"):
        fetched(f"http://{HOST}/file", net, tmp_path)


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_anything_but_200_is_no_file(status: int, site: Web, net: Net, tmp_path: Path) -> None:
    site.answers["/file"] = (status, {}, b"")
    with pytest.raises(FetchFailed, match=str(status)):
        fetched(f"http://{HOST}/file", net, tmp_path)


def test_a_body_cut_short_is_no_file(site: Web, net: Net, tmp_path: Path) -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    site.before = cut
    with pytest.raises(FetchFailed):
        fetched(f"http://{HOST}/cut", net, tmp_path)


def test_a_proxy_of_the_environment_is_not_used(
    site: Web, net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetched(f"http://{HOST}/file", net, tmp_path) == FILE


def test_https_asks_for_the_name_and_refuses_a_certificate_of_another(
    site: Web, net: Net, tmp_path: Path
) -> None:
    """The server speaks plain HTTP, so that TLS fails; what counts is that nothing falls back."""
    with pytest.raises(FetchFailed):
        fetch_file(f"https://{HOST}/file", RULES, tmp_path, net.network(tls=ssl.create_default_context()))
    assert site.asked == []
    assert net.dialled == [(PUBLIC, 443)]
