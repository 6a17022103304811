"""A PDF is looked at for the pictures that it holds, for what its pages show, and for what is attached."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator

import pytest
from documents import LOCKED, Page, pdf, stamped, strips
from pictures import distance, draw, encode, oracle

from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.types import UnscannedReason

JPEG = encode(draw(), "JPEG")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def hashed(findings: Findings) -> dict[str, str]:
    return {str(signal.part): signal.value for signal in findings.signals if signal.type == "pdq"}


def said(findings: Findings) -> set[tuple[UnscannedReason, str]]:
    return {(problem.reason, str(problem.part)) for problem in findings.problems}


def test_a_jpeg_in_a_pdf_is_the_file_that_went_in(sandbox: Sandbox) -> None:
    findings = look(pdf([Page(), Page(), Page(jpegs=(JPEG,))]), sandbox)
    assert findings.problems == ()
    digests = {s.value for s in findings.signals if s.type == "sha256"}
    assert digests == {hashlib.sha256(JPEG).hexdigest()}
    assert list(hashed(findings)) == ["!page=3/image=1"]


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_any_other_picture_is_hashed_as_it_shows(mode: str, sandbox: Sandbox) -> None:
    picture = draw().convert(mode)
    findings = look(pdf([Page(bitmaps=(picture,))]), sandbox)
    assert findings.problems == ()
    [value] = hashed(findings).values()
    assert distance(value, oracle(picture.convert("RGB"))[0][0]) <= 10
    assert list(hashed(findings)) == ["#page=1/image=1"]


def test_a_picture_made_of_strips_is_found_on_the_drawn_page(sandbox: Sandbox) -> None:
    findings = look(strips(draw()), sandbox)
    assert distance(hashed(findings)["#page=1"], oracle(draw())[0][0]) <= 20


def test_one_picture_on_many_pages_is_told_once(sandbox: Sandbox) -> None:
    findings = look(pdf([Page(jpegs=(JPEG,))] * 5), sandbox)
    assert list(hashed(findings)) == ["!page=1/image=1"]


def test_attachments_are_files_of_their_own(sandbox: Sandbox) -> None:
    bag = io.BytesIO()
    with zipfile.ZipFile(bag, "w") as archive:
        archive.writestr("pic.jpg", JPEG)
    content = pdf([Page()], {"a.png": encode(draw(90, 90, 5), "PNG"), "bag é.zip": bag.getvalue()})
    findings = look(content, sandbox)
    assert findings.problems == ()
    assert set(hashed(findings)) == {"!a.png", "!bag é.zip!pic.jpg"}


def test_a_pdf_in_an_archive(sandbox: Sandbox) -> None:
    bag = io.BytesIO()
    with zipfile.ZipFile(bag, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.pdf", pdf([Page(jpegs=(JPEG,))]))
    assert list(hashed(look(bag.getvalue(), sandbox))) == ["!doc.pdf!page=1/image=1"]


def test_an_archive_that_a_reader_of_pdf_takes_is_looked_at_as_both(sandbox: Sandbox) -> None:
    bag = io.BytesIO()
    with zipfile.ZipFile(bag, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("doc.pdf", pdf([Page(jpegs=(JPEG,))]))
    parts = set(hashed(look(bag.getvalue(), sandbox)))
    assert parts == {"!doc.pdf!page=1/image=1", "!page=1/image=1"}


def test_locked_and_damaged_documents_say_so(sandbox: Sandbox) -> None:
    assert said(look(LOCKED, sandbox)) == {(UnscannedReason.ENCRYPTED, "")}
    assert said(look(b"%PDF-1.4\nnothing else", sandbox)) == {(UnscannedReason.DAMAGED, "")}


def test_a_damaged_picture_does_not_hide_its_neighbours(sandbox: Sandbox) -> None:
    content = bytearray(pdf([Page(jpegs=(encode(draw(320, 240, 7), "JPEG"),)), Page(jpegs=(JPEG,))]))
    at = content.index(b"\xff\xd8\xff") + 30
    content[at : at + 300] = b"\0" * 300
    findings = look(bytes(content), sandbox)
    assert "!page=2/image=1" in hashed(findings)


def test_pages_of_any_size_are_drawn_small(sandbox: Sandbox) -> None:
    findings = look(pdf([Page(bitmaps=(draw(), draw(320, 240, 4)), width=14_000, height=9_000)]), sandbox)
    assert "#page=1" in {str(picture.part) for picture in findings.pictures}
    assert max(max(picture.width, picture.height) for picture in findings.pictures) <= 640


def test_the_first_pages_of_very_many_are_looked_at() -> None:
    with Sandbox(limits=Limits(max_parts=2)) as sandbox:
        findings = look(pdf([Page(bitmaps=(draw(90, 90, n),)) for n in range(4)]), sandbox)
    assert set(hashed(findings)) == {"#page=1/image=1", "#page=2/image=1"}
    assert said(findings) == {(UnscannedReason.TOO_MANY_PARTS, "")}


def test_a_picture_that_is_a_pdf_too_is_looked_at_as_both(sandbox: Sandbox) -> None:
    picture = encode(draw(320, 240, 8), "JPEG", comment=b"x")
    both = picture[:2] + b"\xff\xfe\0\x0c%PDF-1.4\n\n" + picture[2:] + pdf([Page(jpegs=(JPEG,))])
    findings = look(both, sandbox)
    assert "" in hashed(findings)


def test_a_page_with_one_picture_and_a_stamp_is_drawn_too(sandbox: Sandbox) -> None:
    findings = look(stamped(JPEG, draw(320, 240, 9)), sandbox)
    assert {"!page=1/image=1", "#page=1"} <= set(hashed(findings))
