"""Archives are looked into as folders are: each member for itself, with an address that says where it was."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import resource
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import libarchive
import py7zr
import pytest
import pyzipper
from documents import Page, pdf
from locked_archives import rar4, rar5, seven
from pictures import draw, encode

from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.types import UnscannedReason

PICTURE = encode(draw(), "PNG")
OTHER = encode(draw(320, 240, 3), "JPEG")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def written(members: dict[str, bytes], format_: str, filter_: str | None = None) -> bytes:
    file = io.BytesIO()
    with libarchive.custom_writer(file.write, format_, filter_) as archive:
        for name, content in members.items():
            archive.add_file_from_memory(name, len(content), content)
    return file.getvalue()


MEMBERS = {"inner/pic.png": PICTURE, "other.jpg": OTHER}

ARCHIVES = {
    "zip": zipped(MEMBERS),
    "zip, stored": zipped(MEMBERS, zipfile.ZIP_STORED),
    "7z": written(MEMBERS, "7zip"),
    "7z, stored": seven(MEMBERS),
    "rar": rar5(MEMBERS),
    "rar of old": rar4(MEMBERS),
    "tar": written(MEMBERS, "pax"),
    **{
        f"tar.{name}": written(MEMBERS, "gnutar", name)
        for name in ("gzip", "bzip2", "xz", "zstd", "lz4", "lzma")
    },
}
ARCHIVES.pop("tar.lzma")  # it has no magic number


def hashed(findings: Findings) -> set[str]:
    return {str(signal.part) for signal in findings.signals if signal.type == "pdq"}


def said(findings: Findings) -> set[tuple[UnscannedReason, str]]:
    return {(problem.reason, str(problem.part)) for problem in findings.problems}


@pytest.mark.parametrize("name", ARCHIVES)
def test_members_are_hashed_and_digested_where_they_are(name: str, sandbox: Sandbox) -> None:
    findings = look(ARCHIVES[name], sandbox)
    assert findings.problems == ()
    assert hashed(findings) == {"!inner/pic.png", "!other.jpg"}
    digests = {(s.type, str(s.part)): s.value for s in findings.signals}
    assert digests["sha256", "!inner/pic.png"] == hashlib.sha256(PICTURE).hexdigest()
    assert digests["md5", "!other.jpg"] == hashlib.md5(OTHER).hexdigest()
    alone = look(PICTURE, sandbox).signals[0]
    assert digests["pdq", "!inner/pic.png"] == alone.value


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_one_compressed_file_is_an_archive_of_one(compress, sandbox: Sandbox) -> None:
    findings = look(compress(PICTURE), sandbox)
    assert findings.problems == ()
    assert hashed(findings) == {"!data"}


def test_archives_within_archives(sandbox: Sandbox) -> None:
    inner = written({"pic.png": PICTURE}, "pax", "xz")
    findings = look(zipped({"bag.tar.xz": inner, "beside.jpg": OTHER}), sandbox)
    assert findings.problems == ()
    assert hashed(findings) == {"!bag.tar.xz!pic.png", "!beside.jpg"}


def test_many_archives_within_one_need_few_descriptors(sandbox: Sandbox) -> None:
    inner = zipped({"pic.png": encode(draw(24, 20), "PNG")})
    content = zipped({f"{number}.zip": inner for number in range(120)})
    look(content, sandbox)  # starts what is started once
    used = len(list(Path("/proc/self/fd").iterdir()))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, before[1]))
    try:
        findings = look(content, sandbox)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert findings.problems == ()
    assert len(hashed(findings)) == 120


def test_only_so_deep(sandbox: Sandbox) -> None:
    content = PICTURE
    for depth in range(6):
        content = zipped({f"level{depth}": content, f"beside{depth}": OTHER})
    findings = look(content, sandbox)
    assert said(findings) == {(UnscannedReason.TOO_MANY_PARTS, "!level5!level4!level3!level2")}
    assert hashed(findings) == {
        "!beside5",
        "!level5!beside4",
        "!level5!level4!beside3",
        "!level5!level4!level3!beside2",
    }


def test_names_are_labels_never_paths(sandbox: Sandbox) -> None:
    names = ["../../etc/pic.png", "/absolute.png", "a!b#c=d.png", "\x1b[2J.png", "naïve 猫.png"]
    findings = look(zipped(dict.fromkeys(names, PICTURE)), sandbox)
    assert findings.problems == ()
    assert hashed(findings) == {
        "!../../etc/pic.png",
        "!/absolute.png",
        "!a%21b%23c=d.png",
        "!\ufffd[2J.png",
        "!naïve 猫.png",
    }


def test_links_and_devices_are_skipped_and_said(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("fifo", tarfile.FIFOTYPE),
            ("null", tarfile.CHRTYPE),
            ("folder", tarfile.DIRTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("pic.png")
        member.size = len(PICTURE)
        archive.addfile(member, io.BytesIO(PICTURE))
    findings = look(file.getvalue(), sandbox)
    assert hashed(findings) == {"!pic.png"}
    assert said(findings) == {
        (UnscannedReason.NOT_A_FILE, part) for part in ("!link", "!hard", "!fifo", "!null")
    }


def test_an_encrypted_member_does_not_hide_its_neighbours(sandbox: Sandbox) -> None:
    content = bytearray(zipped({"secret.png": PICTURE, "open.jpg": OTHER}))
    content[6] |= 1  # the flag of the local header and of the central directory (APPNOTE 4.4.4)
    content[content.index(b"PK\1\2") + 8] |= 1
    findings = look(bytes(content), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, "!secret.png")}
    assert hashed(findings) == {"!open.jpg"}


MIXED = {"open.jpg": OTHER, "sécret.png": PICTURE, "too.png": PICTURE}


@pytest.mark.parametrize("write", [rar5, rar4])
def test_a_locked_member_of_rar_does_not_hide_its_neighbours(write, sandbox: Sandbox) -> None:
    findings = look(write(MIXED, {"sécret.png"}), sandbox)
    [(reason, _)] = said(findings)
    assert reason is UnscannedReason.ENCRYPTED
    assert hashed(findings) == {"!open.jpg", "!too.png"}


def test_libarchive_reads_no_7z_past_a_locked_member_and_that_is_said(sandbox: Sandbox) -> None:
    findings = look(seven(MIXED, {"sécret.png"}), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, part) for part in ("!sécret.png", "", "!too.png")}
    assert hashed(findings) == {"!open.jpg"}
    both = look(seven(MIXED, {"sécret.png", "too.png"}), sandbox)
    assert (UnscannedReason.ENCRYPTED, "") in said(both)


def zip_locked(how: int | None, locked: Collection[str]) -> bytes:
    """A ZIP as WinZip writes it with AES (``how``: bits), its other members open."""
    file = io.BytesIO()
    with pyzipper.AESZipFile(file, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        for name, content in MIXED.items():
            if name not in locked:
                archive.writestr(name, content)
        archive.setpassword(b"a password of this test")
        archive.setencryption(pyzipper.WZ_AES, nbits=how)
        for name in locked:
            archive.writestr(name, MIXED[name])
    return file.getvalue()


def seven_locked(locked: Collection[str]) -> bytes:
    """A 7z as 7-Zip writes it with a password (LZMA2 and AES-256), members before and behind left open."""
    file, told = io.BytesIO(), "a password of this test"
    for number, (name, content) in enumerate(MIXED.items()):
        how = {"password": told} if name in locked else {}
        file.seek(0)
        with py7zr.SevenZipFile(file, "a" if number else "w", **how) as archive:
            archive.writestr(content, name)
    return file.getvalue()


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_a_zip_that_was_really_locked_shows_what_is_open(bits: int, sandbox: Sandbox) -> None:
    findings = look(zip_locked(bits, ["sécret.png", "too.png"]), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, f"!{name}") for name in ("sécret.png", "too.png")}
    assert hashed(findings) == {"!open.jpg"}
    findings = look(zip_locked(bits, list(MIXED)), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, f"!{name}") for name in MIXED}
    assert not findings.signals


def test_of_a_7z_that_was_really_locked_it_is_said_what_was_not_read(sandbox: Sandbox) -> None:
    findings = look(seven_locked(["sécret.png"]), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, part) for part in ("!sécret.png", "", "!too.png")}
    assert hashed(findings) == {"!open.jpg"}
    assert "what lies behind it was not read" in findings.problems[1].detail
    assert "it lies behind a member that needs a password" in findings.problems[2].detail
    findings = look(seven_locked(list(MIXED)), sandbox)
    assert {part for _, part in said(findings)} >= {"!open.jpg"}
    assert {reason for reason, _ in said(findings)} == {UnscannedReason.ENCRYPTED}
    assert not findings.signals


def test_of_a_7z_with_locked_names_none_is_known(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    locked = {"password": "a password of this test", "header_encryption": True}
    with py7zr.SevenZipFile(file, "w", **locked) as archive:
        for name, content in MIXED.items():
            archive.writestr(content, name)
    findings = look(file.getvalue(), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, "")}
    assert not findings.signals


def test_every_member_of_a_solid_7z_is_looked_at(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        for name, content in MIXED.items():
            archive.writestr(content, name)
    findings = look(file.getvalue(), sandbox)
    assert (said(findings), hashed(findings)) == (set(), {f"!{name}" for name in MIXED})


@pytest.mark.parametrize("write", [seven, rar5, rar4])
def test_an_archive_whose_list_of_members_is_locked_says_so(write, sandbox: Sandbox) -> None:
    findings = look(write(MEMBERS, locked_header=True), sandbox)
    assert said(findings) == {(UnscannedReason.ENCRYPTED, "")}
    assert not hashed(findings)


@pytest.mark.parametrize("write", [rar5, rar4])
def test_of_a_truncated_rar_what_is_left_is_looked_at(write, sandbox: Sandbox) -> None:
    content = write(MEMBERS)
    findings = look(content[: len(content) - len(OTHER) // 2], sandbox)
    assert hashed(findings) >= {"!inner/pic.png"}
    assert {reason for reason, _ in said(findings)} & {UnscannedReason.TRUNCATED, UnscannedReason.DAMAGED}


@pytest.mark.parametrize("write", [seven, lambda members: written(members, "7zip")])
def test_a_truncated_7z_has_lost_its_list_of_members(write, sandbox: Sandbox) -> None:
    content = write(MEMBERS)
    for missing in (1, 20, len(OTHER) // 2, len(content) - 40):
        findings = look(content[:-missing], sandbox)
        assert not hashed(findings)
        [(reason, part)] = said(findings)
        assert reason in {UnscannedReason.TRUNCATED, UnscannedReason.DAMAGED}, findings.problems
        assert part == ""


def test_a_damaged_member_does_not_hide_its_neighbours(sandbox: Sandbox) -> None:
    content = bytearray(zipped({"a.png": PICTURE, "b.png": PICTURE, "c.jpg": OTHER}))
    at = content.index(b"b.png") + 500
    content[at : at + 200] = b"\xff" * 200
    findings = look(bytes(content), sandbox)
    assert {"!a.png", "!c.jpg"} <= hashed(findings)
    assert (UnscannedReason.DAMAGED, "!b.png") in said(findings)
    assert not {str(s.part) for s in findings.signals if s.type == "sha256"} & {"!b.png"}


@pytest.mark.parametrize("name", ["zip, stored", "tar", "tar.gzip"])
def test_what_is_left_of_a_truncated_archive_is_looked_at(name: str, sandbox: Sandbox) -> None:
    content = ARCHIVES[name]
    findings = look(content[: len(content) - len(OTHER) // 2 - 12_000], sandbox)
    assert "!inner/pic.png" in hashed(findings)
    assert findings.problems


def test_a_bomb_costs_itself_only(sandbox: Sandbox) -> None:
    bomb = zipped({"bomb": bytes(80 << 20), "pic.png": PICTURE})
    findings = look(bomb, sandbox)
    assert (UnscannedReason.TOO_LARGE, "!bomb") in said(findings)
    assert hashed(findings) == {"!pic.png"}


def test_what_unpacks_too_far_in_all_is_cut_off() -> None:
    content = zipped({f"{n}.png": PICTURE for n in range(20)}, zipfile.ZIP_STORED)
    with Sandbox(limits=Limits(max_members=5)) as sandbox:
        findings = look(content, sandbox)
        assert len(hashed(findings)) == 5
        assert said(findings) == {(UnscannedReason.TOO_MANY_PARTS, "")}
    with Sandbox(limits=Limits(max_unpacked_bytes=3 * len(PICTURE) + 100)) as sandbox:
        findings = look(content, sandbox)
        assert {"!0.png", "!1.png", "!2.png"} <= hashed(findings)
        assert (UnscannedReason.TOO_LARGE, "") in said(findings)
    with Sandbox(limits=Limits(max_member_bytes=len(PICTURE) - 1)) as sandbox:
        findings = look(zipped({"big.png": PICTURE, "other.jpg": OTHER[:100]}), sandbox)
        assert (UnscannedReason.TOO_LARGE, "!big.png") in said(findings)


def test_what_takes_too_long_in_all_is_cut_off() -> None:
    inner = zipped({"pic.png": PICTURE})
    with Sandbox(limits=Limits(total_seconds=0.001)) as sandbox:
        findings = look(zipped({"bag.zip": inner, "pic.png": PICTURE}), sandbox)
    assert UnscannedReason.TIMEOUT in {reason for reason, _ in said(findings)}
    assert not hashed(findings)


def test_an_archive_of_nothing_says_so(sandbox: Sandbox) -> None:
    assert said(look(zipped({}), sandbox)) == {(UnscannedReason.EMPTY, "")}
    findings = look(zipped({"empty": b"", "pic.png": PICTURE}), sandbox)
    assert (findings.problems, hashed(findings)) == ((), {"!pic.png"})


def test_what_is_two_formats_is_looked_at_as_both(sandbox: Sandbox) -> None:
    findings = look(OTHER + zipped({"pic.png": PICTURE}), sandbox)
    assert (findings.problems, hashed(findings)) == ((), {"", "!pic.png"})
    findings = look(b"MZ" + bytes(500) + zipped({"pic.png": PICTURE}), sandbox)
    assert (findings.problems, hashed(findings)) == ((), {"!pic.png"})
    document = pdf([Page(bitmaps=(draw(90, 90, 2),))])
    findings = look(b"MZ" + bytes(500) + document + zipped({"pic.png": PICTURE}), sandbox)
    assert hashed(findings) == {"#page=1/image=1", "!pic.png"}
    findings = look(OTHER + b"PK\5\6" + bytes(18), sandbox)
    assert hashed(findings) == {""}
    locked = bytearray(zipped({"secret.png": PICTURE}))
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    assert (UnscannedReason.ENCRYPTED, "!secret.png") in said(look(OTHER + bytes(locked), sandbox))
