"""A new entry is compared with the past: once, within caps, and never with private communications."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from intake_fixtures import keys, sender, spool, use_ring, vault

from safelight.frames import Frame, write_frames
from safelight.sounds import packed
from safelight.types import (
    Coverage,
    ListClass,
    ListEntry,
    Match,
    MediaKind,
    Observation,
    Outcome,
    Part,
    ScanResult,
    SearchedList,
    Signal,
    Transform,
    Verdict,
)

if TYPE_CHECKING:
    from safelight.server.people.actors import KeyActor

__all__ = ["keys", "sender", "spool", "use_ring", "vault"]


def pdq(number: int) -> str:
    return hashlib.sha256(f"pdq {number}".encode()).hexdigest()


def variants(number: int) -> tuple[str, ...]:
    return tuple(pdq(1000 * number + k) for k in range(1, 8))


def near(value: str, bits: int) -> str:
    return f"{int(value, 16) ^ ((1 << bits) - 1):064x}"


class PictureScanner:
    """Everything is clear; the content's number says which hash it has."""

    def scan(self, source: str, name: str | None = None, **_options: object) -> ScanResult:
        from safelight.server.ids import now

        content = Path(source).read_bytes()
        number = int(content.split()[0])
        signals = (
            Signal("sha256", hashlib.sha256(content).hexdigest()),
            Signal("md5", hashlib.md5(content).hexdigest()),
            Signal("pdq", pdq(number), 100, variants=variants(number)),
        )
        searched = (SearchedList("a", ListClass.CSAM, 1),)
        seen = Observation(
            "", len(content), MediaKind.IMAGE, "image/png", now(), signals=signals, searched=searched
        )
        return ScanResult(seen, Verdict(Outcome.CLEAR, "nothing-matched"))


@pytest.fixture
def store(committing_store: Any) -> Any:
    """Committed for real: indexes are read over a connection of their own."""
    return committing_store


@pytest.fixture
def upload(
    store: Any,
    keys: Any,
    vault: Any,
    sender: Callable[..., KeyActor],
    spool: Any,
    monkeypatch: pytest.MonkeyPatch,
    workspace_setting: Callable[..., None],
    tmp_path: Path,
) -> Callable[..., Any]:
    """A clear upload of the n-th picture, to a public place unless told otherwise."""
    from safelight.server.intake import scanning
    from safelight.server.intake.context import Context
    from safelight.server.intake.services import receive_file
    from safelight.server.lists import past

    monkeypatch.setattr(past, "_indexes", None)
    past._source.cache_clear()
    workspace_setting(workspace=tmp_path)
    public = sender()

    class Recordings(PictureScanner):
        """What ``uploaded.recordings`` says of a content, and pictures."""

        def scan(self, source: str, name: str | None = None, **options: object) -> ScanResult:
            result = super().scan(source, name, **options)
            told = uploaded.recordings.get(Path(source).read_bytes().decode().strip())  # type: ignore[attr-defined]
            signals = (result.observation.signals[0], *told) if told else result.observation.signals
            return replace(result, observation=replace(result.observation, signals=signals))

    monkeypatch.setattr(scanning, "_scanner", Recordings())

    def uploaded(number: int, *, by: Any = None, more: str = "", **context: Any) -> Any:
        content = f"{number} {more}".encode()
        return receive_file(by or public, spool(content), Context(**context))

    uploaded.recordings = {}  # type: ignore[attr-defined]
    yield uploaded
    if past._indexes is not None:
        past._indexes.close()


@pytest.fixture
def listed(store: Any, manager: Any) -> Callable[..., None]:
    """A list of a source, to which entries are added."""
    from safelight.server.lists import services
    from safelight.server.people.actors import SystemActor

    services.make_list(manager, "a", ListClass.CSAM)

    def add(key: str, *signals: Signal, classification: str | None = None) -> None:
        offered = [ListEntry("a", key, signal, classification) for signal in signals]
        services.add_entries(SystemActor("jobs"), "a", offered)

    return add


def recheck(minutes: float = 2) -> int:
    """The job's turn now, and again once what was listed has settled."""
    from safelight.server.ids import clock_at, now
    from safelight.server.lists.finding import open_found
    from safelight.server.lists.recheck import recheck_some

    def turn() -> int:
        while recheck_some():
            pass
        opened = 0
        while some := open_found(lambda: None):
            opened += some
        return opened

    opened, later = turn(), now() + timedelta(minutes=minutes)
    with clock_at(lambda: later):
        return opened + turn()


def cases() -> list[Any]:
    from safelight.server.cases.models import Case

    return list(Case.objects.all())


@pytest.mark.parametrize("turned", [0, 3, 7])
def test_a_past_upload_that_a_new_entry_matches_opens_a_case(
    upload: Any, listed: Any, store: Any, turned: int
) -> None:
    from safelight.server.intake.models import Item, Occurrence
    from safelight.server.intake.record_keys import record_keys

    received = upload(1, account="u1")
    upload(2, account="u2")
    assert cases() == []
    listed("k", Signal("pdq", near((pdq(1), *variants(1))[turned], 9)))
    assert recheck() == 1
    (case,) = cases()
    occurrence = Occurrence.objects.get(pk=received.occurrence_id)
    assert occurrence.membership.case == case
    assert occurrence.found_by_recheck.evidence_awaited is True
    item = Item.objects.get(pk=received.item_id)
    assert item.outcome == "hold"
    (match,) = record_keys().open_observation(item.pk, bytes(item.observation)).observation.matches
    assert (match.distance, match.transform, match.entry_key) == (9, tuple(Transform)[turned], "k")


@pytest.mark.parametrize("type_", ["md5", "sha256"])
def test_digests_are_compared_too(upload: Any, listed: Any, type_: str) -> None:
    from safelight.server.intake.models import Item

    received = upload(1)
    listed("k", Signal(type_, getattr(hashlib, type_)(b"1 ").hexdigest()))
    assert recheck() == 1
    assert Item.objects.get(pk=received.item_id).outcome == "match"


def turned(number: int, k: int) -> str:
    """The hash of a frame, as it is or in its k-th variant."""
    return (pdq(number), *variants(number))[k]


def video(numbers: range, k: int = 0) -> str:
    return write_frames(Frame(turned(n, k), 100, float(at)) for at, n in enumerate(numbers))


def film(numbers: range) -> Signal:
    return Signal("vpdq", video(numbers), 100, variants=tuple(video(numbers, k) for k in range(1, 8)))


def sound(seed: int, count: int, wrong: float = 0.0) -> str:
    random = np.random.default_rng(seed)
    items = random.integers(0, 1 << 32, count, dtype=np.uint32)
    flips = random.random((count, 32)) < wrong
    return packed(items ^ (flips << np.arange(32)).sum(axis=1).astype(np.uint32)).hex()


def found_match(received: Any) -> Match:
    """The one match that a file of the past has by now."""
    from safelight.server.intake.models import Item
    from safelight.server.intake.record_keys import record_keys

    item = Item.objects.get(pk=received.item_id)
    (match,) = record_keys().open_observation(item.pk, bytes(item.observation)).observation.matches
    return match


def test_a_past_sound_that_is_alike_is_found_with_its_seconds(upload: Any, listed: Any, manager: Any) -> None:
    from safelight.server.lists import services

    told = Signal("chromaprint", sound(1, 400), part=Part.parse("#audio=1"))
    upload.recordings |= {"1": (told,), "2": (replace(told, value=sound(2, 400)),)}
    received = upload(1, account="u1")
    upload(2, account="u2")
    excerpt = sound(1, 400, 0.05)[8 * 100 : 8 * 300]
    offered = ListEntry("a", "s", Signal("chromaprint", excerpt))
    assert services.search_recent(manager, "a", [offered]).items == 1
    listed("s", offered.signal)
    assert recheck() == 1
    match = found_match(received)
    assert (match.signal.type, str(match.signal.part), match.entry_key) == ("chromaprint", "#audio=1", "s")
    assert 5 < match.distance < 30
    (span,) = match.spans
    assert span.start == pytest.approx(100 * 1365 / 11025, abs=0.2)
    assert services.recheck_preview(manager, "a", "s").items == 1


def test_a_past_video_is_found_by_the_shares_that_the_list_asks_for(
    upload: Any, listed: Any, manager: Any
) -> None:
    from safelight.server.lists import services

    upload.recordings |= {"1": (film(range(40)),)}
    received = upload(1, account="u1")
    half = Signal("vpdq", video(range(20, 100)))
    offered = [ListEntry("a", "v", half)]
    assert services.search_recent(manager, "a", offered).items == 0
    listed("v", half)
    assert recheck() == 0
    services.change_list(manager, "a", reason="fewer will do", query_percent=50)
    assert services.search_recent(manager, "a", offered).items == 1
    listed("v-2", Signal("vpdq", video(range(20, 101))))
    assert recheck(minutes=5) + recheck(minutes=8) == 1  # its turn after the last one's settles it
    match = found_match(received)
    assert match.coverage == Coverage(0.5, pytest.approx(20 / 81))
    assert [(span.start, span.end) for span in match.spans] == [(20, 40)]


def test_what_a_long_film_holds_is_found_though_few_of_its_frames_are_kept(upload: Any, listed: Any) -> None:
    upload.recordings |= {"1": (film(range(1000)),)}
    received = upload(1, account="u1")
    listed("v", Signal("vpdq", video(range(600, 640))))
    assert recheck() == 1
    match = found_match(received)
    assert (match.signal.type, match.coverage) == ("vpdq", Coverage(0.04, 1))


def test_a_past_video_is_found_turned_and_once_however_many_looks_are_listed(
    upload: Any, listed: Any
) -> None:
    from safelight.server.lists.models import RecheckHit

    upload.recordings |= {"1": (film(range(300)),)}
    received = upload(1, account="u1")
    listed("v", Signal("vpdq", video(range(300), 5)))  # more looks than are searched for at once
    assert recheck() == 1
    match = found_match(received)
    assert match.transform is tuple(Transform)[5]
    assert match.coverage == Coverage(1, 0.5)  # every other frame is kept
    assert RecheckHit.objects.count() == 1


def test_private_communications_are_neither_kept_nor_found(upload: Any, listed: Any, sender: Any) -> None:
    from safelight.server.lists.models import SeenHash

    upload(1, visibility="private")
    assert not SeenHash.objects.exists()
    # The same file in a public place is kept; its private occurrence stays what it was.
    upload(1, account="public")
    listed("k", Signal("pdq", pdq(1)))
    assert recheck() == 1
    (case,) = cases()
    assert case.members.get().occurrence.visibility != "private"


def test_a_file_that_came_again_is_found_wherever_it_was(upload: Any, listed: Any) -> None:
    for account in ("u1", "u2", "u3"):
        upload(1, account=account)
    listed("k", Signal("pdq", pdq(1)))
    assert recheck() == 3
    assert len(cases()) == 3
    assert recheck() == 0


def test_an_entry_that_came_after_a_scan_and_before_its_record_is_not_missed(
    upload: Any, listed: Any
) -> None:
    from safelight.server.lists.recheck import recheck_some

    listed("k", Signal("pdq", pdq(1)))
    recheck_some()  # the job's turn right after the entry came
    upload(1, account="u1")  # scanned before the entry was there, recorded after
    assert recheck() == 1


def test_a_job_that_was_killed_or_ran_twice_finds_once(
    upload: Any, listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.lists import finding
    from safelight.server.lists.models import FoundByRecheck, RecheckHit, SeenState

    for account in range(5):
        upload(1, account=f"u{account}")
    listed("k", Signal("pdq", pdq(1)))
    make_matter, calls = finding.make_matter, []

    def killed(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return make_matter(*args)

    with monkeypatch.context() as patched:
        patched.setattr(finding, "make_matter", killed)
        with pytest.raises(KeyboardInterrupt):
            recheck()
    assert len(cases()) == 2
    SeenState.objects.update(rechecked_to=0)  # and its place was lost as well
    recheck(minutes=4)
    assert (len(cases()), FoundByRecheck.objects.count(), RecheckHit.objects.count()) == (5, 5, 1)


def test_one_bad_entry_does_not_flood_the_queue(
    upload: Any, listed: Any, manager: Any, workspace_setting: Any
) -> None:
    from safelight.server.config import Recheck
    from safelight.server.lists import services
    from safelight.server.lists.finding import open_released
    from safelight.server.lists.models import HashList

    workspace_setting(recheck=Recheck(entry_cap=3, list_cap=5))
    for number in (1, 2, 3):
        for account in range(4):
            upload(number, account=f"u{number}-{account}")
    listed("k1", Signal("pdq", pdq(1)))
    listed("k2", Signal("pdq", pdq(2)))
    listed("k3", Signal("pdq", pdq(3)))
    assert recheck() == 5
    assert recheck(minutes=4) == 0
    assert services.one_list(manager, "a").recheck_waiting == 3
    preview = services.recheck_preview(manager, "a", "k3")
    assert (preview.occurrences, preview.opens, preview.waits) == (4, 0, 4)
    assert services.recheck_start(manager, "a", key="k3", reason="looked at it") == 1
    row = HashList.objects.get()
    assert open_released(row, lambda: None) == 4
    assert services.discard_recheck(manager, "a", reason="the others are not") == 2
    assert recheck(minutes=6) == 0
    assert len(cases()) == 9


def test_a_preview_tells_how_many_and_where(upload: Any, listed: Any, manager: Any, sender: Any) -> None:
    from safelight.server.lists import services
    from safelight.server.lists.summaries import SurfaceCount

    other = sender()
    for account in range(3):
        upload(1, account=f"u{account}")
    upload(1, by=other, account="u9")
    offered = [ListEntry("a", "k", Signal("pdq", near(pdq(1), 20)))]
    preview = services.search_recent(manager, "a", offered)
    assert (preview.items, preview.occurrences, preview.opens) == (1, 4, 4)
    assert preview.outcome is Outcome.HOLD
    counts = {one.occurrences for one in preview.surfaces}
    assert counts == {1, 3}
    assert SurfaceCount(other.key.surface.name, 1) in preview.surfaces
    assert cases() == []
    assert pdq(1) not in repr(preview)


def test_a_withdrawn_entry_is_not_searched(upload: Any, listed: Any, manager: Any) -> None:
    from safelight.server.lists import services

    upload(1)
    listed("k", Signal("pdq", pdq(1)))
    services.withdraw_entries(manager, "a", ["k"], reason="a mistake")
    assert recheck() == 0


def test_known_good_finds_nothing_in_the_past(upload: Any, manager: Any) -> None:
    from safelight.server.ids import now
    from safelight.server.lists import services
    from safelight.server.lists.models import WaitingBatch
    from safelight.server.lists.waiting import admit_some

    upload(1)
    services.make_list(manager, "good", ListClass.KNOWN_GOOD)
    known = ListEntry("good", "g", Signal("sha256", hashlib.sha256(b"1 ").hexdigest()))
    services.add_entries(manager, "good", [known], reason="r", review_at=now() + timedelta(days=9))
    admit_some(WaitingBatch.objects.get())
    assert recheck() == 0


def test_hashes_are_kept_for_their_time(upload: Any, listed: Any) -> None:
    from safelight.server.ids import clock_at, now
    from safelight.server.lists.models import SeenHash
    from safelight.server.lists.seen import expire_seen

    upload(1)
    later = now() + timedelta(days=91)
    with clock_at(lambda: later):
        upload(2)
        assert expire_seen(90) == 3
        assert SeenHash.objects.count() == 3
        listed("k", Signal("pdq", pdq(1)))
        listed("k2", Signal("pdq", pdq(2)))
        assert recheck() == 1


def test_with_no_days_nothing_is_kept(upload: Any, workspace_setting: Any) -> None:
    from safelight.server.config import Retention
    from safelight.server.lists.models import SeenHash

    workspace_setting(retention=Retention(seen_days=0))
    upload(1)
    assert not SeenHash.objects.exists()


def test_an_entry_that_matches_everything_is_held_and_never_taken_out(
    upload: Any, listed: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever floods a platform with one listed picture must not have its copies called clear."""
    from safelight.lists.store import HELD
    from safelight.server.lists import recheck as module
    from safelight.server.lists.models import Entry

    monkeypatch.setattr(module, "LEAST_OF_EVERYTHING", 3)
    for more in range(6):
        upload(1, account=f"u{more}", more=str(more))
    listed("k", Signal("pdq", pdq(1)))
    recheck()
    assert store.get("a").entries == 1
    assert Entry.objects.get(key="k").held_reason == "hits_everything"
    entry = Entry.objects.get(key="k")
    assert HELD in store.resolve([entry.number])[entry.number].flags  # still searched, and held


def test_the_source_follows_like_any_other(upload: Any, listed: Any) -> None:
    """The index's promises about a source: whoever follows from any point arrives at what is live."""
    from safelight.lists import ChangeKind
    from safelight.server.ids import clock_at, now
    from safelight.server.lists.seen import SeenSource, expire_seen, number_pending
    from safelight.server.secrets import process_keys

    upload(1)
    number_pending()
    source = SeenSource(process_keys())
    states = [(0, dict[int, str]()), (source.stamp().sequence, dict(source.live("pdq")))]
    later = now() + timedelta(days=50)
    with clock_at(lambda: later):
        upload(2)
        upload(3)
        number_pending()
        states.append((source.stamp().sequence, dict(source.live("pdq"))))
    with clock_at(lambda: later + timedelta(days=50)):
        expire_seen(90)
    live = dict(source.live("pdq"))
    assert len(live) == 16
    for limit in (1, 3, 8, 100):
        for after, known in states:
            rows, at = dict(known), after
            while changes := source.changes(at, limit):
                for change in changes:
                    assert change.sequence > at
                    at = change.sequence
                    if change.kind is ChangeKind.ADD:
                        assert change.value is not None
                        rows[change.row] = change.value
                    else:
                        rows.pop(change.row, None)
            assert rows == live
            assert at <= source.stamp().sequence


def test_a_list_can_be_removed_after_it_found_something(upload: Any, listed: Any, manager: Any) -> None:
    from safelight.server.lists import services
    from safelight.server.lists.models import FoundByRecheck

    upload(1, account="u1")
    listed("k", Signal("pdq", pdq(1)))
    recheck()
    assert services.remove_list(manager, "a", reason="it is wrong") == 1
    assert FoundByRecheck.objects.get().hit is None
    assert len(cases()) == 1


def test_what_a_withdrawn_entry_found_opens_no_case_later(
    upload: Any, listed: Any, manager: Any, workspace_setting: Any
) -> None:
    from safelight.server.config import Recheck
    from safelight.server.lists import services

    workspace_setting(recheck=Recheck(entry_cap=0))
    upload(1, account="u1")
    listed("k", Signal("pdq", pdq(1)))
    assert recheck() == 0
    services.withdraw_entries(manager, "a", ["k"], reason="it was a mistake")
    workspace_setting(recheck=Recheck())
    assert recheck(minutes=4) == 0
    assert services.one_list(manager, "a").recheck_waiting == 0


def test_the_jobs_find_it_too(upload: Any, listed: Any, manager: Any) -> None:
    """The handlers as the worker runs them, with a lease that ends a turn at once."""
    from unittest.mock import Mock

    from safelight.server.ids import clock_at, now
    from safelight.server.lists import handlers

    upload(1, account="u1")
    listed("k", Signal("pdq", pdq(1)))
    handlers.recheck({}, Mock())
    later = now() + timedelta(minutes=2)
    with clock_at(lambda: later):
        handlers.recheck({}, Mock())
    assert len(cases()) == 1


def test_a_file_that_was_scanned_in_part_gets_its_other_hashes_later(upload: Any) -> None:
    from dataclasses import replace

    from safelight.server.intake.models import Item, Occurrence
    from safelight.server.intake.record_keys import record_keys
    from safelight.server.lists.arrivals import note_scan
    from safelight.server.lists.models import SeenHash

    received = upload(1)
    item = Item.objects.get(pk=received.item_id)
    whole = record_keys().open_observation(item.pk, bytes(item.observation)).observation
    SeenHash.objects.all().delete()
    occurrence = Occurrence.objects.get(pk=received.occurrence_id)
    note_scan(occurrence, replace(whole, signals=whole.signals[:2]))
    assert SeenHash.objects.count() == 2
    for _ in range(2):
        note_scan(occurrence, whole)
        assert SeenHash.objects.count() == 3


def test_the_operators_priorities_and_policy_apply_to_the_past(
    upload: Any, listed: Any, workspace_setting: Any
) -> None:
    from safelight.server.config import Cases, Priority

    workspace_setting(priority=Priority(lists={"a": 97}), cases=Cases(confirm_lists=("a",)))
    upload(1, account="u1")
    listed("k", Signal("sha256", hashlib.sha256(b"1 ").hexdigest()))
    assert recheck() == 1
    (case,) = cases()
    assert (case.priority, case.state) == (97, "decided")
    assert case.decisions.get().policy_rule == "cases.confirm_lists"


def test_a_dismissal_of_these_very_matches_covers_the_past_too(
    upload: Any, listed: Any, workspace_setting: Any, actor_with: Any
) -> None:
    from safelight.server.cases.decisions import decide
    from safelight.server.cases.models import Decision
    from safelight.server.config import Recheck
    from safelight.server.intake.models import Occurrence
    from safelight.server.lists.finding import open_released
    from safelight.server.lists.models import FoundByRecheck, HashList, RecheckHit
    from safelight.server.people.roles import Role

    workspace_setting(recheck=Recheck(entry_cap=1))
    for _ in range(3):
        upload(1, account="u1")
    upload(1, account="u2")
    listed("k", Signal("pdq", pdq(1)))
    assert recheck() == 1
    (case,) = cases()  # the newest: of the other account
    FoundByRecheck.objects.all().delete()  # a day passed, and the cap with it
    assert recheck(minutes=4) == 1
    case = next(one for one in cases() if one.pk != case.pk)
    reviewer, occurrence = actor_with(Role.REVIEWER), case.members.get().occurrence
    case.assigned_to = reviewer.person
    case.save()
    decide(reviewer, case, occurrence, Decision.Outcome.DISMISSED, reason="a cat")
    RecheckHit.objects.update(state=RecheckHit.State.RELEASED)
    row = HashList.objects.get()
    assert open_released(row, lambda: None) == 2
    assert open_released(row, lambda: None) == 0
    assert Occurrence.objects.filter(settled__decision__occurrence=occurrence).count() == 2
    assert len(cases()) == 2


def test_of_an_archive_of_many_pictures_more_are_kept_by_sha256_and_likeness_than_by_md5() -> None:
    from safelight.server.lists.seen import KEPT_OF_A_FILE, _kept
    from safelight.types import Part

    of_the_whole = [Signal(type_, "00") for type_ in ("md5", "sha1", "sha256")]
    of_members = [
        Signal(type_, f"{n:02x}", part=Part((f"{n}.png",)))
        for n in range(200)
        for type_ in ("md5", "sha1", "sha256", "pdq", "t1")
    ]
    kept = list(_kept([*of_members, *of_the_whole]))
    assert len(kept) == KEPT_OF_A_FILE
    assert set(kept[:3]) == set(of_the_whole)
    assert {signal.type for signal in kept[3:]} == {"sha256", "pdq"}
    assert len({signal.part for signal in kept}) > 120
