"""What is inside a file is looked at like a file of its own; the whole was viewed once all of it was."""

from __future__ import annotations

import io
import os
import wave
import zipfile
from typing import Any

import numpy as np
import pytest
from documents import Page, pdf
from pictures import draw, encode
from PIL import Image

from safelight.media.rendering import Level
from safelight.server.cases.models import Case
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.review import contents
from safelight.server.review.errors import NotAllowed, NotShown, ReasonMissing
from safelight.server.review.inside import inside_of, list_members
from safelight.server.review.models import Inside, Playing, Viewing
from safelight.server.review.opening import Start, open_viewing
from safelight.server.review.pane import pane_for
from safelight.server.review.playing import next_segment
from safelight.server.review.seen import heard
from safelight.server.review.showing import show
from safelight.server.review.sounding import waveform
from safelight.server.review.viewing import has_viewed_whole, viewed_whole

pytestmark = pytest.mark.usefixtures("db", "clock")
PNG, JPEG = encode(draw(90, 60), "PNG"), encode(draw(80, 60, 3), "JPEG")


def bag(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


@pytest.fixture
def listed(own_case: Any, sandboxed: Any) -> Any:
    """A case of one container, unpacked."""

    def made(content: bytes, mime: str = "application/zip") -> Any:
        actor, case, item = own_case()
        sandboxed.becomes(item, content, mime)
        list_members(actor, case, item)
        return actor, case, item

    return made


def looked(actor: Any, case: Any, item: Any, member: str, clock: Any, *levels: int, page: int = 1) -> bytes:
    """Shown at these levels, each for some seconds; the last picture."""
    content = b""
    for level in levels:
        opened = open_viewing(actor, case, item, Level(level), member=member, page=page, reason="for a test")
        content = show(actor, opened.token).content
        clock.passes(seconds=2)
        heard(actor, opened.id, 2, ended=True)
    return content


def test_a_member_begins_low_needs_a_reason_and_is_a_view_of_its_own(listed: Any, clock: Any) -> None:
    actor, case, item = listed(bag(a_png=PNG, b_jpg=JPEG))
    for level in (2, 3):
        with pytest.raises(NotAllowed):
            open_viewing(actor, case, item, Level(level), member="1", reason="at once")
    tiny = Image.open(io.BytesIO(looked(actor, case, item, "1", clock, 1)))
    assert tiny.mode == "L"
    # Who saw the one has not seen the other.
    with pytest.raises(NotAllowed):
        open_viewing(actor, case, item, Level.REDUCED, member="2")
    with pytest.raises(ReasonMissing):
        open_viewing(actor, case, item, Level.GREY, member="1")
    assert Image.open(io.BytesIO(looked(actor, case, item, "1", clock, 4))).mode == "RGB"
    assert list(Viewing.objects.order_by("opened_at").values_list("member", "level")) == [("1", 1), ("1", 4)]
    assert all(charged > 0 for charged in Viewing.objects.values_list("charged", flat=True))


def test_an_archive_was_viewed_once_one_person_looked_at_all_of_it(
    listed: Any, clock: Any, actor_with: Any
) -> None:
    actor, case, item = listed(bag(a_png=PNG, deep_zip=bag(b_jpg=JPEG)))
    looked(actor, case, item, "1", clock, 1, 3)
    assert not has_viewed_whole(item.pk, case=case)
    other = actor_with(Role.REVIEWER)
    Case.objects.filter(pk=case.pk).update(assigned_to=other.person)
    looked(other, case, item, "2.1", clock, 1, 3)
    assert not has_viewed_whole(item.pk, case=case)
    looked(other, case, item, "1", clock, 1, 2)
    assert not has_viewed_whole(item.pk, case=case)
    looked(other, case, item, "1", clock, 4)
    assert viewed_whole(case) == {item.pk}
    assert has_viewed_whole(item.pk, case=case, person_id=other.person.pk)
    assert not has_viewed_whole(item.pk, case=case, person_id=actor.person.pk)


@pytest.mark.parametrize("beside", ["text", "locked", "model", "nothing listed"])
def test_what_nobody_can_see_means_that_it_never_counts(beside: str, listed: Any, clock: Any) -> None:
    members = {"a_png": PNG, "b_png": JPEG}
    if beside == "text":
        members["note_txt"] = b"words " * 10
    elif beside == "model":
        from models import safetensors, tensors

        members["m"] = safetensors(tensors(1, 3))
    content = bytearray(bag(**members))
    if beside == "locked":
        content[6] |= 1  # the flag of the local header and of the central directory (APPNOTE 4.4.4)
        content[content.index(b"PK\1\2") + 8] |= 1
    actor, case, item = listed(bytes(content))
    found = inside_of(item)
    assert found is not None
    shown = [one for one in found.members if one.reason is None and one.mime.startswith("image/")]
    for member in shown:
        looked(actor, case, item, ".".join(map(str, member.steps)), clock, 1, 3)
    if beside == "nothing listed":
        assert has_viewed_whole(item.pk, case=case)
        Inside.objects.all().delete()
    assert not has_viewed_whole(item.pk, case=case)


def test_a_document_with_attachments_needs_its_pages_and_them(listed: Any, clock: Any) -> None:
    document = pdf([Page(jpegs=(JPEG,)), Page(bitmaps=(draw(24, 20),))], {"a.png": PNG})
    actor, case, item = listed(document, "application/pdf")
    looked(actor, case, item, "", clock, 1, 3)
    looked(actor, case, item, "", clock, 3, page=2)
    assert not has_viewed_whole(item.pk, case=case)
    looked(actor, case, item, "2", clock, 1, 3)
    assert has_viewed_whole(item.pk, case=case)


def test_a_document_of_pages_alone_counts_by_them_and_lets_one_picture_be_seen(
    own_case: Any, sandboxed: Any, clock: Any
) -> None:
    actor, case, item = own_case()
    sandboxed.becomes(item, pdf([Page(jpegs=(JPEG,))]), "application/pdf")
    looked(actor, case, item, "", clock, 1, 3)
    assert has_viewed_whole(item.pk, case=case)
    list_members(actor, case, item)
    assert has_viewed_whole(item.pk, case=case)
    assert looked(actor, case, item, "1", clock, 1)


def test_a_picture_with_an_archive_behind_it_needs_what_is_in_that(
    own_case: Any, sandboxed: Any, clock: Any
) -> None:
    from dataclasses import replace

    from safelight.server.intake.record_keys import record_keys
    from safelight.types import Part, Signal

    actor, case, item = own_case()
    sandboxed.becomes(item, PNG + bag(b_jpg=JPEG), "image/png")
    result, inner = record_keys().open_observation(item.pk, item.observation), Part(("b.jpg",))
    signals = (*result.observation.signals, Signal("md5", "0" * 32, part=inner))
    seen = replace(result.observation, signals=signals)
    item.observation = record_keys().seal_observation(item.pk, replace(result, observation=seen))
    item.save()
    looked(actor, case, item, "", clock, 1, 3)
    assert not has_viewed_whole(item.pk, case=case)
    assert pane_for(actor, case).tiles[item.pk].inside
    list_members(actor, case, item)
    assert not has_viewed_whole(item.pk, case=case)
    looked(actor, case, item, "1", clock, 1, 3)
    assert has_viewed_whole(item.pk, case=case)


def tone(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8_000)
        moments = np.arange(8_000 * seconds) / 8_000
        made.writeframes((8_000 * np.sin(moments * 2_000 * (1 + moments))).astype("<i2").tobytes())
    return file.getvalue()


def test_a_sound_inside_is_listened_to_and_counts_once_it_was_heard(listed: Any, clock: Any) -> None:
    actor, case, item = listed(bag(a_wav=tone(3)))
    assert waveform(actor, case, item, "1").seconds == pytest.approx(3, abs=0.1)
    start = Start(Playing.Of.SOUND, 0.0)
    opened = open_viewing(actor, case, item, Level.GREY, member="1", reason="for a test", start=start)
    sent = next_segment(actor, opened.token)
    assert sent.token is None
    assert not has_viewed_whole(item.pk, case=case)
    clock.passes(seconds=3)
    heard(actor, opened.id, 3, played_to=3, ended=True)
    assert has_viewed_whole(item.pk, case=case)


def test_what_is_not_there_or_cannot_be_had_is_refused(
    listed: Any, own_case: Any, actor_with: Any, arrive: Any
) -> None:
    content = bytearray(bag(a_png=PNG, note_txt=b"words"))
    actor, case, item = listed(bytes(content))
    for member in ("3", "1.1", "2"):
        with pytest.raises(NotShown):
            open_viewing(actor, case, item, Level.TINY, member=member)
    with pytest.raises(PermissionDenied):
        list_members(actor_with(Role.REVIEWER), case, item)
    with pytest.raises(NotShown):
        list_members(actor, case, arrive(account="u2", content=b"something else").item)
    assert LedgerRow.objects.filter(event="inside.listed").count() == 1


def test_names_are_sealed(listed: Any) -> None:
    _actor, _case, item = listed(bag(holiday_png=PNG))
    row = Inside.objects.get()
    assert b"holiday" not in bytes(row.members)
    assert "holiday" not in str(row.needed)
    found = inside_of(item)
    assert found is not None
    assert found.members[0].path == ("holiday.png",)


def test_a_large_file_is_read_from_the_vault_once_for_many_looks(
    listed: Any, sandboxed: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    stream = contents.vault.stream
    monkeypatch.setattr(contents, "LARGE", 100)
    monkeypatch.setattr(contents.vault, "stream", lambda a, id_, why: read.append(why) or stream(a, id_, why))
    actor, case, item = listed(bag(a_png=PNG, b_jpg=JPEG))
    for member in ("1", "2", "1"):
        looked(actor, case, item, member, clock, 1, 3)
    assert len(read) == 1
    # It is asked each time whether it may still be looked at, and whether it is still kept.
    type(sandboxed.live_object(item)).objects.update(
        state="destroyed", wrapped_key=None, wrapping_key="", destroyed_at=clock.at
    )
    with pytest.raises(NotShown):
        open_viewing(actor, case, item, Level.TINY, member="1")


def test_what_is_held_is_let_go_after_a_while_and_beyond_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    from uuid import uuid4

    from safelight.media.spool import Spool

    def made() -> Spool:
        spool = Spool()
        spool.write(memoryview(bytes(1_000)))
        spool.seal()
        return spool

    monkeypatch.setattr(contents, "LARGE", 100)
    monkeypatch.setattr(contents, "HELD_SECONDS", 3600.0)
    held = contents._Held()
    keys = [(uuid4(), uuid4(), ()) for _ in range(contents.MOST_HELD + 2)]
    for key in keys:
        with held.asked(key, 0, made) as fd:
            assert os.pread(fd, 10, 0) == bytes(10)
    assert list(held._spools) == keys[2:]
    for _spool, timer in held._spools.values():
        timer.cancel()
    monkeypatch.setattr(contents, "HELD_SECONDS", 0.05)
    for key in keys[2:]:
        with held.asked(key, 0, made):
            pass
    for _spool, timer in list(held._spools.values()):
        timer.join(30)
    assert held._spools == {}


def test_the_page_tells_facts_and_keeps_names_for_who_asks(listed: Any, clock: Any, person_with: Any) -> None:
    from callers import Caller, Present, passkey_of

    person = person_with(Role.REVIEWER)
    caller = Caller("a reviewer", roles=(Role.REVIEWER,), second_factor=True)
    client = Present(caller, person=person, factor=passkey_of(person)).client()
    _actor, case, item = listed(bag(holiday_png=PNG, deep_zip=bag(b_jpg=JPEG), note_txt=b"words"))
    Case.objects.filter(pk=case.pk).update(assigned_to=person)
    address = f"/review/cases/{case.pk}/items/{item.pk}/inside/"
    assert f'action="{address}"' in client.get(f"/cases/{case.pk}/").content.decode()
    told = client.get(address).content.decode()
    assert "4 files" in told
    assert "it never counts as viewed" in told
    assert "Files of this kind cannot be shown here." in told
    assert 'data-member="1" data-renders="1"' in told
    assert 'data-member="2.1" data-renders="1"' in told
    assert 'data-member="2"' not in told
    # Behind a step of its own, as the file's name is.
    assert told.count("holiday.png") == 1
    assert '</summary><span class="ident long">!holiday.png' in told
    opened = client.post(f"/review/cases/{case.pk}/items/{item.pk}/", {"level": "1", "member": "2.1"})
    assert opened.status_code == 200
    assert Viewing.objects.get().member == "2.1"
    for member in ("../etc", "0", "1.", "x"):
        refused = client.post(f"/review/cases/{case.pk}/items/{item.pk}/", {"level": "1", "member": member})
        assert refused.status_code == 400
    Inside.objects.all().delete()
    assert client.get(address).status_code == 302
    assert client.post(address).status_code == 302
    assert Inside.objects.exists()
