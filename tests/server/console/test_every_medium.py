"""What is inside archives, documents and model files reaches the case: matched, with its place, or said."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from decoders import family
from documents import Page, pdf
from models import pytorch, safetensors, tensors
from pictures import draw, encode
from PIL import Image
from sounds import encode as sound
from sounds import song
from videos import HEIGHT, WIDTH, Video, scene

from safelight import HashList
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import ARCHIVE, FAMILIES
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import ARCHIVE_MESSAGES
from safelight.scan.observe import now_utc, observe
from safelight.scan.scanner import Scanner
from safelight.server.cases.models import Case
from safelight.server.intake import scanning
from safelight.server.intake.context import Context
from safelight.server.intake.models import Intake, Item
from safelight.server.intake.services import receive_file
from safelight.server.jobs.registry import load_handlers
from safelight.server.jobs.working import work_once
from safelight.server.lists.models import SeenHash
from safelight.server.people.roles import Role
from safelight.types import Outcome, UnscannedReason

pytestmark = pytest.mark.usefixtures("committing_db", "keys", "vault")
Make = Callable[..., Any]

JPEG = encode(draw(), "JPEG")
MODEL = tensors(1, 12)
FRAME = encode(Image.fromarray(scene(2)).crop((0, 0, WIDTH, HEIGHT)), "PNG")
SONG = song(1)


def bag(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def listed(sandbox: Sandbox) -> HashList:
    """A list of class test: a picture, and a model by what it is as a whole."""
    listed = HashList("ours", "test")
    known = {"picture-1": JPEG, "model-1": safetensors(MODEL), "frame-1": FRAME, "song-1": sound(SONG)}
    for key, content in known.items():
        for signal in observe(content, "", sandbox, Limits(), now_utc()).signals:
            if signal.type not in ("t1", "t16", "autov1", "autov2"):
                listed.add(signal.type, signal.value, key)
    return listed


@pytest.fixture
def scanner(listed: HashList, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scanner]:
    with Scanner(lists=[listed], sandbox=sandbox) as scanner:
        monkeypatch.setattr(scanning, "_scanner", scanner)
        yield scanner


def work() -> None:
    load_handlers()
    while work_once("a test"):
        pass


@pytest.fixture
def page(browser_of: Make) -> Callable[[], str]:
    """The page of the one case there is."""

    def shown() -> str:
        client, _ = browser_of(Role.LEAD)
        return str(client.get(f"/cases/{Case.objects.get().pk}/").content.decode())

    return shown


@pytest.mark.usefixtures("scanner")
@pytest.mark.parametrize("kind", [Intake.Kind.UPLOAD, Intake.Kind.USER_REPORT])
def test_a_listed_picture_is_found_in_an_archive_and_the_case_says_where(
    kind: Intake.Kind, sender: Make, spool: Make, page: Callable[[], str]
) -> None:
    content = bag(doc_pdf=pdf([Page(), Page(jpegs=(JPEG,))]), note_txt=b"words")
    received = receive_file(sender(audience="server"), spool(content), Context(account="u1"), kind=kind)
    assert received.verdict.reason is UnscannedReason.NOT_YET
    work()
    assert Intake.objects.get().outcome == "match"
    told = page()
    assert "!doc.pdf!page=2/image=1" in told
    assert "the same as a file in it" in told
    assert "the same file" not in told
    # What nobody could look at is said beside it.
    assert "!note.txt" in told
    assert "a format that this installation does not decode" in told


@pytest.mark.usefixtures("scanner")
@pytest.mark.parametrize("what", ["document", "archive behind a picture"])
def test_whatever_is_unpacked_is_scanned_by_a_job(what: str, sender: Make, spool: Make) -> None:
    resaved = encode(draw(), "PNG")
    hidden = encode(draw(320, 240, 5), "JPEG") + bag(pic_png=resaved)
    content = pdf([Page(bitmaps=(draw(),))]) if what == "document" else hidden
    received = receive_file(sender(audience="server"), spool(content), Context(account="u1"))
    assert received.verdict.reason is UnscannedReason.NOT_YET
    work()
    assert Intake.objects.get().outcome == "hold"


@pytest.mark.usefixtures("scanner")
def test_a_listed_model_is_found_in_another_format_and_its_name_is_checked(
    sender: Make, spool: Make, page: Callable[[], str]
) -> None:
    told_as = Context(account="u1", file_name="holiday.jpg")
    received = receive_file(sender(audience="server"), spool(pytorch(MODEL)), told_as)
    assert received.verdict.outcome is Outcome.HOLD
    told = page()
    assert "the same weights" in told
    assert "Model file" in told
    assert "Its name says</dt><dd>picture" in told
    # A tensor alone would find every model that shares one.
    assert not SeenHash.objects.filter(signal_type__in=["t1", "t16"]).exists()
    assert SeenHash.objects.filter(signal_type="tsid").exists()


@pytest.mark.usefixtures("scanner")
def test_a_video_and_a_sound_in_an_archive_are_looked_at_as_such(
    sender: Make, spool: Make, page: Callable[[], str]
) -> None:
    clip = Video(scenes=(1, 2, 3)).bytes()
    content = bag(clip_mp4=clip, song_mp3=sound(SONG, "mp3", "libmp3lame", 96_000))
    receive_file(sender(audience="server"), spool(content), Context(account="u1"))
    work()
    assert Intake.objects.get().outcome == "hold"
    told = page()
    assert "frame-1" in told
    assert "!clip.mp4" in told
    assert "song-1" in told
    assert "!song.mp3" in told


def test_without_its_library_an_archive_is_unscanned_and_kept_for_another_try(
    listed: HashList, sender: Make, spool: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = [each for each in FAMILIES if each is not ARCHIVE]
    lacking = family("without_libraries:unpack", name=ARCHIVE.name, messages=ARCHIVE_MESSAGES)
    with Sandbox([*families, lacking]) as sandbox, Scanner(lists=[listed], sandbox=sandbox) as scanner:
        monkeypatch.setattr(scanning, "_scanner", scanner)
        receive_file(sender(audience="server"), spool(bag(pic_jpg=JPEG)), Context(account="u1"))
        work()
    assert (Intake.objects.get().outcome, Intake.objects.get().reason) == ("unscanned", "not_installed")
    assert Item.objects.get().unscanned_until is not None
