"""What is inside a container is listed with its place and taken out again, byte for byte, one at a time."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterator

import libarchive
import pytest
from documents import Page, pdf
from locked_archives import rar4, rar5, seven
from pictures import draw, encode

from safelight.media.inside import Inside, list_inside, take_out
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.media.spool import Spool
from safelight.types import Problem, UnscannedReason

PNG = encode(draw(90, 60), "PNG")
JPEG = encode(draw(80, 60, 3), "JPEG")
MEMBERS = {"inner/pic.png": PNG, "note.txt": b"words " * 40, "other.jpg": JPEG}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def listed(content: bytes, mime: str, sandbox: Sandbox, limits: Limits | None = None) -> Inside:
    fd = sealed_memfd(content)
    try:
        return list_inside(fd, mime, sandbox, limits or Limits())
    finally:
        os.close(fd)


def taken(content: bytes, mime: str, steps: tuple[int, ...], sandbox: Sandbox) -> bytes | UnscannedReason:
    fd = sealed_memfd(content)
    try:
        got = take_out(fd, mime, steps, sandbox)
    finally:
        os.close(fd)
    if isinstance(got, Problem):
        return got.reason
    try:
        return os.pread(got.fd, got.size, 0)
    finally:
        got.close()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def solid(members: dict[str, bytes]) -> bytes:
    """7z as packers write it: one stream of all members."""
    file = io.BytesIO()
    with libarchive.custom_writer(file.write, "7zip") as archive:
        for name, content in members.items():
            archive.add_file_from_memory(name, len(content), content)
    return file.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (zipped(MEMBERS), "application/zip"),
        (solid(MEMBERS), "application/x-7z-compressed"),
        (tarred(MEMBERS), "application/gzip"),
        (rar5(MEMBERS), "application/vnd.rar"),
        (rar4(MEMBERS), "application/vnd.rar"),
    ],
    ids=["zip", "7z", "tar.gz with a link", "rar", "rar of old"],
)
def test_every_member_is_listed_and_is_the_one_that_comes_out(
    content: bytes, mime: str, sandbox: Sandbox
) -> None:
    found = listed(content, mime, sandbox)
    assert {one.path: one.size for one in found.members} == {(n,): len(c) for n, c in MEMBERS.items()}
    assert {one.mime for one in found.members} == {"image/png", "image/jpeg", "text/plain"}
    assert found.reasons == ()
    for member in found.members:
        assert taken(content, mime, member.steps, sandbox) == MEMBERS[member.path[0]]
    assert isinstance(taken(content, mime, (9,), sandbox), UnscannedReason)


def test_archives_and_documents_within_archives(sandbox: Sandbox) -> None:
    document = pdf(
        [Page(jpegs=(JPEG,)), Page(bitmaps=(draw(24, 20),))], {"a.png": PNG, "page=1/image=1": PNG}
    )
    content = zipped({"deep.7z": solid({"doc.pdf": document, "pic.png": PNG}), "beside.png": PNG})
    found = listed(content, "application/zip", sandbox)
    told = {"!".join(one.path): (one.steps, one.mime, one.of_page) for one in found.members}
    assert told == {
        "deep.7z": ((1,), "application/x-7z-compressed", False),
        "deep.7z!doc.pdf": ((1, 1), "application/pdf", False),
        "deep.7z!doc.pdf!page=1/image=1": ((1, 1, 1), "image/jpeg", True),
        "deep.7z!doc.pdf!a.png": ((1, 1, 2), "image/png", False),
        # Named like a picture of a page, so that it would be taken for seen with it.
        "deep.7z!doc.pdf!attachment-2": ((1, 1, 3), "image/png", False),
        "deep.7z!pic.png": ((1, 2), "image/png", False),
        "beside.png": ((2,), "image/png", False),
    }
    assert taken(content, "application/zip", (1, 1), sandbox) == document
    assert taken(content, "application/zip", (1, 1, 1), sandbox) == JPEG
    assert taken(content, "application/zip", (1, 1, 3), sandbox) == PNG


def test_what_cannot_be_had_says_why(sandbox: Sandbox) -> None:
    locked = listed(rar5(MEMBERS, {"note.txt"}), "application/vnd.rar", sandbox)
    reasons = {one.path[0]: one.reason for one in locked.members}
    assert reasons == {
        "inner/pic.png": None,
        "note.txt": UnscannedReason.ENCRYPTED,
        "other.jpg": None,
    }
    assert listed(seven(MEMBERS, locked_header=True), "application/x-7z-compressed", sandbox).reasons == (
        UnscannedReason.ENCRYPTED,
    )
    content = PNG
    for depth in range(6):
        content = zipped({f"level{depth}": content})
    deep = listed(content, "application/zip", sandbox)
    assert [(len(one.path), one.reason) for one in deep.members][-1] == (4, UnscannedReason.TOO_MANY_PARTS)


def test_a_bomb_and_a_member_cut_short_are_not_taken_out(sandbox: Sandbox) -> None:
    bomb = zipped({"a": bytes(80 << 20), "pic.png": PNG})
    found = listed(bomb, "application/zip", sandbox)
    assert {one.path[0]: one.reason for one in found.members} == {
        "a": UnscannedReason.TOO_LARGE,
        "pic.png": None,
    }
    assert taken(bomb, "application/zip", (1,), sandbox) is UnscannedReason.TOO_LARGE
    assert taken(bomb, "application/zip", (2,), sandbox) == PNG
    with Sandbox(limits=Limits(max_unpacked_bytes=1_000)) as small:
        assert (
            UnscannedReason.TOO_LARGE
            in listed(zipped(MEMBERS), "application/zip", small, small.limits).reasons
        )


def test_what_is_taken_out_can_be_given_to_a_decoder_and_written_by_nobody(sandbox: Sandbox) -> None:
    fd = sealed_memfd(zipped(MEMBERS))
    got = take_out(fd, "application/zip", (1,), sandbox)
    os.close(fd)
    assert isinstance(got, Spool)
    with pytest.raises(PermissionError):
        os.write(got.fd, b"more")
    got.close()
