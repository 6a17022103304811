"""Where a system library is missing, its medium is unscanned and says what to install; never clear."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest
from decoders import family
from documents import Page, pdf
from pictures import draw, encode

from safelight.cli.checkup import containers
from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import ARCHIVE, DOCUMENT, FAMILIES
from safelight.media.sandbox.messages import ARCHIVE_MESSAGES, DOCUMENT_MESSAGES
from safelight.scan.observe import now_utc, observe
from safelight.scan.policy import DEFAULT_POLICY
from safelight.types import ListClass, Outcome, SearchedList, UnscannedReason

JPEG = encode(draw(320, 240, 3), "JPEG")

WITHOUT = (
    *(each for each in FAMILIES if each not in (ARCHIVE, DOCUMENT)),
    family("without_libraries:unpack", name=ARCHIVE.name, messages=ARCHIVE_MESSAGES),
    family("without_libraries:read", name=DOCUMENT.name, messages=DOCUMENT_MESSAGES),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(WITHOUT) as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def bag() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("pic.jpg", JPEG)
    return file.getvalue()


def test_doctor_says_which_medium_is_missing_and_what_to_install(sandbox: Sandbox) -> None:
    said = {finding.says.partition(":")[0]: finding for finding in containers(sandbox)}
    assert {name: finding.well for name, finding in said.items()} == {
        "archives": False, "PDF": False, "model files": True,
    }  # fmt: skip
    assert "libarchive13" in said["archives"].says
    assert "safelight[media]" in said["PDF"].says


@pytest.mark.parametrize(
    ("content", "install"),
    [(bag(), "libarchive13"), (pdf([Page(jpegs=(JPEG,))]), "safelight[media]")],
    ids=["archive", "pdf"],
)
def test_its_medium_is_unscanned_and_says_what_to_install(
    content: bytes, install: str, sandbox: Sandbox
) -> None:
    [problem] = look(content, sandbox).problems
    assert problem.reason is UnscannedReason.NOT_INSTALLED
    assert install in problem.detail


def test_the_verdict_is_unscanned_and_pictures_are_scanned_as_ever(sandbox: Sandbox) -> None:
    searched = (SearchedList("a list", ListClass.TEST, 1),)
    for content, expected in ((bag(), Outcome.UNSCANNED), (JPEG, Outcome.CLEAR)):
        seen = observe(content, "a file", sandbox, sandbox.limits, now_utc())
        verdict = DEFAULT_POLICY.verdict(replace(seen, searched=searched))
        assert verdict.outcome is expected


def test_a_picture_in_front_of_an_archive_is_scanned_and_the_archive_is_told(sandbox: Sandbox) -> None:
    findings = look(JPEG + bag(), sandbox)
    assert findings.signals
    assert [problem.reason for problem in findings.problems] == [UnscannedReason.NOT_INSTALLED]
