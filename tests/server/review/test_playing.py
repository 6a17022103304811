"""Playing: seconds at a time, at their own speed, charged as sent, and whole only once all was played."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from PIL import Image
from sounds import encode, song
from videos import Video

from safelight.media.rendering import Level
from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import MustBeViewed
from safelight.server.cases.models import Case, Decision
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.review import protections
from safelight.server.review.budgets import set_budget, used
from safelight.server.review.errors import AddressUsed, NotAllowed, NotShown, OnBreak, ReasonMissing
from safelight.server.review.models import Budget, Playing, Viewing
from safelight.server.review.opening import OpenedViewing, Start, open_viewing
from safelight.server.review.pane import pane_for
from safelight.server.review.played import played_from_the_beginning
from safelight.server.review.playing import Sent, next_segment
from safelight.server.review.protections import Protections
from safelight.server.review.seen import end_silent, heard
from safelight.server.review.showing import show
from safelight.server.review.sounding import waveform
from safelight.server.review.viewing import has_viewed_whole

pytestmark = pytest.mark.usefixtures("db", "clock")
TEN = Video(scenes=(1, 2), seconds=5.0, fps=5).bytes()


@pytest.fixture
def video(own_case: Any, sandboxed: Any) -> Any:
    """A reviewer, a case of theirs, and a video of ten seconds of which they saw the stills."""

    def made(content: bytes = TEN) -> Any:
        actor, case, item = own_case()
        sandboxed.becomes(item, content, "video/mp4")
        show(actor, open_viewing(actor, case, item, Level.TINY).token)
        return actor, case, item

    return made


@pytest.fixture
def sound(own_case: Any, sandboxed: Any) -> Any:
    """A reviewer, a case of theirs, and ten seconds of notes, of which they know nothing yet."""
    actor, case, item = own_case()
    sandboxed.becomes(item, encode(song(1, 10)), "audio/vnd.wave")
    return actor, case, item


def opened(
    actor: Any, case: Any, item: Any, *, level: int = 3, begins: float = 0.0, of: str = "picture"
) -> OpenedViewing:
    start = Start(Playing.Of(of), begins)
    return open_viewing(actor, case, item, Level(level), reason="for a test", start=start)


def play(
    actor: Any, case: Any, item: Any, clock: Any, *, level: int = 3, begins: float = 0.0, to: float = 100.0,
    of: str = "picture",
) -> list[Sent]:  # fmt: skip
    """As the page does: each segment is asked for when the one before begins, and words are said."""
    view = opened(actor, case, item, level=level, begins=begins, of=of)
    sent = [next_segment(actor, view.token)]
    at = began = begins
    while True:
        present = sent[-1]
        if present.token:
            sent.append(next_segment(actor, present.token))
        until = min(present.segment.ends, to)
        clock.passes(seconds=until - at)
        at = until
        over = present.token is None or at >= to
        heard(actor, view.id, at - began, played_to=at, ended=over)
        if over:
            return sent


def test_what_is_sent_is_frames_of_the_level_marked_and_at_their_moments(video: Any, clock: Any) -> None:
    actor, case, item = video()
    grey, colours = (play(actor, case, item, clock, level=level, to=1.0)[0] for level in (3, 4))
    for sent, mode in ((grey, "L"), (colours, "RGB")):
        picture = Image.open(io.BytesIO(sent.content))
        assert picture.mode == mode
        assert picture.width == sent.frames.columns * sent.frames.width
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        band = picture.convert("L").crop((0, sent.segment.height, sent.frames.width, sent.frames.height))
        assert band.getextrema()[1] > 200
    assert grey.segment.moments == pytest.approx([n / 5 for n in range(20)])
    told = LedgerRow.objects.filter(event="viewing.shown").count(), Viewing.objects.filter(level=3).count()
    assert told == (3, 1)


def test_a_video_counts_once_all_of_its_running_time_was_played(video: Any, clock: Any) -> None:
    actor, case, item = video()
    play(actor, case, item, clock, to=6.0)
    assert not has_viewed_whole(item.pk, case=case)
    assert pane_for(actor, case).tiles[item.pk].plays == 6
    before = clock.at
    play(actor, case, item, clock, begins=6.0, level=4)
    assert has_viewed_whole(item.pk, case=case, person_id=actor.person.pk)
    assert not has_viewed_whole(item.pk, case=case, before=before)
    assert not has_viewed_whole(item.pk, case=Case.objects.create())
    tile = pane_for(actor, case).tiles[item.pk]
    assert (tile.viewed, tile.plays) == (True, 0)


def test_a_video_of_more_than_64_mib_is_read_once_for_all_its_segments(
    video: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.review import contents

    read: list[str] = []
    stream = contents.vault.stream
    monkeypatch.setattr(contents.vault, "stream", lambda a, id_, why: read.append(why) or stream(a, id_, why))
    room = 65 << 20  # in a box that players pass over (ISO/IEC 14496-12, 8.1.2)
    actor, case, item = video(TEN + room.to_bytes(4, "big") + b"free" + bytes(room - 8))
    play(actor, case, item, clock)
    assert has_viewed_whole(item.pk, case=case)
    assert len(read) == 1
    ((spool, _timer),) = contents._held._spools.values()
    # In a file that has no name: nothing of it can be found after a kill.
    assert os.fstat(spool.fd).st_nlink == 0


@pytest.mark.parametrize("stretches", [[(0, 4), (6, 10)], [(1, 10)], [(0, 9)]])
def test_a_stretch_that_was_left_out_is_not_whole(
    video: Any, clock: Any, stretches: list[tuple[float, float]]
) -> None:
    actor, case, item = video()
    for begins, to in stretches:
        play(actor, case, item, clock, begins=begins, to=to)
    play(actor, case, item, clock, begins=9.0)  # so that it is known where it ends
    assert has_viewed_whole(item.pk, case=case) is (stretches == [(0, 9)])


def test_two_people_do_not_watch_it_together(video: Any, clock: Any, actor_with: Any) -> None:
    actor, case, item = video()
    play(actor, case, item, clock, to=6.0)
    other = actor_with(Role.REVIEWER)
    Case.objects.filter(pk=case.pk).update(assigned_to=other.person)
    show(other, open_viewing(other, case, item, Level.TINY).token)
    play(other, case, item, clock, begins=5.0)
    assert not has_viewed_whole(item.pk, case=case)


def test_a_near_matching_video_is_confirmed_once_it_was_watched(
    video: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.cases import decisions

    actor, case, item = video()
    monkeypatch.setattr(decisions, "hash_confirmed", lambda *_: False)
    occurrence = item.occurrences.get()
    with pytest.raises(MustBeViewed):
        decide(actor, case, occurrence, Decision.Outcome.CONFIRMED)
    play(actor, case, item, clock)
    assert decide(actor, case, occurrence, Decision.Outcome.CONFIRMED).basis == Decision.Basis.VIEWED


def test_damage_never_counts(video: Any, clock: Any) -> None:
    broken = bytearray(TEN)
    at = broken.index(b"mdat") + len(broken) // 3
    broken[at : at + 400] = bytes(400)
    actor, case, item = video(bytes(broken))
    sent = play(actor, case, item, clock)
    assert any(one.segment.missing for one in sent)
    assert not has_viewed_whole(item.pk, case=case)


def test_it_needs_level_three_a_reason_and_a_lower_look_first(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case()
    with pytest.raises(NotShown):
        opened(actor, case, item)  # a picture
    sandboxed.becomes(item, TEN, "video/mp4")
    with pytest.raises(NotAllowed):
        opened(actor, case, item)
    show(actor, open_viewing(actor, case, item, Level.TINY).token)
    for level in (1, 2):
        with pytest.raises(NotAllowed):
            opened(actor, case, item, level=level)
    with pytest.raises(ReasonMissing):
        open_viewing(actor, case, item, Level.GREY, start=Start(Playing.Of.PICTURE, 0.0))
    opened(actor, case, item)


def test_nothing_above_what_somebody_asked_of_themselves_plays(video: Any) -> None:
    actor, case, item = video()
    protections.set_own(actor, first_level=1, highest=3, cover_seconds=10, minutes_to_break=None)
    with pytest.raises(NotAllowed):
        opened(actor, case, item, level=4)
    assert [offer.level for offer in pane_for(actor, case).playing] == [3]
    assert opened(actor, case, item).cover_seconds == 100


def test_an_address_works_once_in_its_session_in_order_and_not_before_it_is_due(
    video: Any, clock: Any
) -> None:
    actor, case, item = video()
    view = opened(actor, case, item)
    with pytest.raises(AddressUsed):
        show(actor, view.token)
    with pytest.raises(AddressUsed):
        next_segment(PersonActor(actor.person, "another session", second_factor=True), view.token)
    first = next_segment(actor, view.token)
    with pytest.raises(AddressUsed):
        next_segment(actor, view.token)
    second = next_segment(actor, first.token or "")
    with pytest.raises(AddressUsed):
        next_segment(actor, second.token or "")  # eight seconds cannot have been watched in none
    clock.passes(seconds=3.5)
    heard(actor, view.id, 3.5, played_to=3.5)
    assert next_segment(actor, second.token or "").token is None


def test_a_page_that_says_nothing_is_sent_no_more_and_stays_charged(video: Any, clock: Any) -> None:
    actor, case, item = video(Video(scenes=(1, 2), seconds=40.0, fps=1).bytes())
    view = opened(actor, case, item)
    sent = next_segment(actor, view.token)
    for _ in range(7):
        clock.passes(seconds=4)
        sent = next_segment(actor, sent.token or "")
    clock.passes(seconds=4)
    with pytest.raises(NotShown):
        next_segment(actor, sent.token or "")
    viewing = Viewing.objects.get(pk=view.id)
    assert viewing.ended_at is not None
    assert viewing.charged == 32
    assert not has_viewed_whole(item.pk, case=case)


def test_no_more_was_played_than_was_sent_and_than_time_passed(video: Any, clock: Any) -> None:
    actor, case, item = video()
    view = opened(actor, case, item)
    next_segment(actor, view.token)
    for told, passed, kept in ((100.0, 1, 1.0), (float("nan"), 1, 1.0), (-3.0, 0, 1.0), (100.0, 9, 4.0)):
        clock.passes(seconds=passed)
        heard(actor, view.id, 0.0, played_to=told)
        assert Playing.objects.get().played_to == kept
    assert Viewing.objects.get(pk=view.id).charged == 4.0


def test_budgets_and_breaks_count_what_is_played(video: Any, clock: Any, actor_with: Any) -> None:
    actor, case, item = video()
    lead = actor_with(Role.LEAD)
    set_budget(lead, 3, Budget.Per.HOUR, views=1, minutes=None)
    play(actor, case, item, clock, to=6.0)
    looked = used(actor.person, since=clock.at.replace(hour=0), level=3)
    assert (looked.views, looked.minutes) == (1, pytest.approx(0.1))
    with pytest.raises(OnBreak):
        opened(actor, case, item)
    set_budget(lead, 3, Budget.Per.HOUR, views=None, minutes=None)
    protections.set_organisation(lead, Protections(minutes_to_break=1, cover_seconds=20))
    assert len(play(actor, case, item, clock)) == 3
    clock.passes(seconds=60)
    view = opened(actor, case, item)
    first = next_segment(actor, view.token)
    Viewing.objects.filter(level=1).update(charged=120)
    with pytest.raises(NotShown, match="break"):
        next_segment(actor, first.token or "")


def test_the_last_view_of_a_budget_is_not_covered_at_once(video: Any, clock: Any, actor_with: Any) -> None:
    actor, case, item = video()
    set_budget(actor_with(Role.LEAD), 3, Budget.Per.DAY, views=1, minutes=None)
    view = open_viewing(actor, case, item, Level.GREY, reason="for a test")
    show(actor, view.token)
    clock.passes(seconds=2)
    assert heard(actor, view.id, 2) == ""


def test_another_view_and_silence_end_it(video: Any, clock: Any) -> None:
    actor, case, item = video()
    view = opened(actor, case, item)
    first = next_segment(actor, view.token)
    open_viewing(actor, case, item, Level.TINY)
    with pytest.raises(AddressUsed):
        next_segment(actor, first.token or "")
    clock.passes(minutes=10)
    assert end_silent() == 1


def test_a_sound_counts_once_all_of_it_was_heard_and_is_its_own_event(sound: Any, clock: Any) -> None:
    actor, case, item = sound
    with pytest.raises(ReasonMissing):
        open_viewing(actor, case, item, Level.GREY, start=Start(Playing.Of.SOUND, 0.0))
    sent = play(actor, case, item, clock, of="sound", to=5.0)
    assert {one.mime for one in sent} == {"audio/wav"}
    tile = pane_for(actor, case).tiles[item.pk]
    assert (tile.says, tile.renders, tile.plays, tile.sounds, tile.heard) == ("", False, None, 5, False)
    assert not has_viewed_whole(item.pk, case=case)
    play(actor, case, item, clock, of="sound", begins=5.0)
    assert has_viewed_whole(item.pk, case=case, person_id=actor.person.pk)
    assert pane_for(actor, case).tiles[item.pk].heard
    told = LedgerRow.objects.filter(event__startswith="listening.").values_list("event", flat=True)
    assert sorted(told) == sorted(2 * ["listening.opened", "listening.began", "listening.ended"])
    looked = used(actor.person, since=clock.at.replace(hour=0), level=3)
    assert (looked.views, looked.minutes) == (2, pytest.approx(1 / 6, abs=0.01))


def test_hearing_a_video_is_no_view_of_it(video: Any, clock: Any, sandboxed: Any) -> None:
    from safelight.server.cases.viewing import was_shown

    actor, case, item = video()
    Viewing.objects.all().delete()
    sandboxed.becomes(item, encode(song(1, 3), "matroska", "aac"), "video/matroska")
    play(actor, case, item, clock, of="sound")
    tile = pane_for(actor, case).tiles[item.pk]
    assert (tile.heard, tile.viewed, tile.reached) == (True, False, 0)
    assert not has_viewed_whole(item.pk, case=case)
    assert not was_shown(actor.person, item, case)
    with pytest.raises(NotAllowed):
        opened(actor, case, item, level=4)


def test_a_waveform_is_no_view_and_only_for_who_may_look(sound: Any, actor_with: Any) -> None:
    actor, case, item = sound
    made = waveform(actor, case, item)
    assert made.seconds == pytest.approx(10, abs=0.1)
    assert max(made.peaks) > 100
    assert not Viewing.objects.exists()
    with pytest.raises(PermissionDenied):
        waveform(actor_with(Role.REVIEWER), case, item)


def test_stretches_in_any_order_reach_as_far_as_they_leave_nothing_out() -> None:
    assert played_from_the_beginning([(4, 8), (0, 4.1), (7, 9)]) == 9
    assert played_from_the_beginning([(0, 2), (3, 9)]) == 2
    assert played_from_the_beginning([(1, 9)]) == 0
    assert played_from_the_beginning([]) == 0
