"""A decision reaches byte-identical files once and together; alike ones are each looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safelight.assessment import axes
from safelight.assessment.axes import Outcome, Severity
from safelight.frames import Frame, write_frames
from safelight.server.assessment import stacks
from safelight.server.assessment.elsewhere import search
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.likeness import How
from safelight.server.assessment.models import Spread
from safelight.server.assessment.services import assess, current
from safelight.server.assessment.stacks import equal_members, leading, same_as, spread, stack_of
from safelight.server.cases import decisions
from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.handling import pass_on, take
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.jobs.models import Job
from safelight.server.lists import past
from safelight.server.lists.models import SeenHash
from safelight.server.lists.seen import locked_state, seen_rows
from safelight.signals.audio import SOUND_TYPES
from safelight.types import WHOLE, Part, Signal

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
BASE = int(hashlib.sha256(b"a picture").hexdigest(), 16)
SOUND = min(SOUND_TYPES)
FOUND = axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION)


def confirm(actor: Any, case: Case, item: Item) -> Decision:
    place = Occurrence.objects.filter(item=item, membership__case=case).order_by("pk").first()
    assert place is not None
    return decide(actor, case, place, Decision.Outcome.CONFIRMED)


def seen_as(item: Item, keys: Any, *signals: Signal, kind: str = "image", kept: bool = True) -> None:
    """Have these be what was observed of a file; ``kept``: its hashes are kept, with their variants."""
    seen = keys.open_observation(item.pk, item.observation)
    whole = (*seen.observation.signals, *signals)
    changed = replace(seen, observation=replace(seen.observation, signals=whole))
    item.observation, item.kind = keys.seal_observation(item.pk, changed), kind
    item.save()
    if kept:
        SeenHash.objects.bulk_create(seen_rows(item, signals, now()))


def pdq(bits: int, part: Part = WHOLE, variants: tuple[str, ...] = ()) -> Signal:
    """A picture that differs from another one of these by so many bits."""
    return Signal("pdq", f"{BASE ^ ((1 << bits) - 1):064x}", 100, part, variants)


def looks(seed: int, number: int) -> list[str]:
    """Hashes that have nothing in common."""
    return [hashlib.sha256(f"{seed}.{one}".encode()).hexdigest() for one in range(number)]


def video(hashes: list[str], turned: list[str] | None = None) -> Signal:
    """A video of these frames; mirrored it has those of ``turned``."""
    original, other = (
        write_frames(Frame(value, 100, float(at)) for at, value in enumerate(each))
        for each in (hashes, turned or hashes)
    )
    return Signal("vpdq", original, 100, variants=(other,) * 7)


@pytest.fixture
def past_index(
    db: None, monkeypatch: pytest.MonkeyPatch, workspace_setting: Make, tmp_path: Path
) -> Iterator[None]:
    """An index of the past that is this test's alone."""
    monkeypatch.setattr(past, "_indexes", None)
    past._source.cache_clear()
    workspace_setting(workspace=tmp_path)
    # From here on it follows; built anew, it would read on a connection that does not see this test's rows.
    locked_state()
    past.process_indexes()
    yield
    if past._indexes is not None:
        past._indexes.close()


def test_the_same_file_in_a_case_is_decided_after_one_confirmation(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    arrive()
    arrive()
    assert equal_members(reviewer, case, item) == ()
    made = confirm(reviewer, case, item)
    listed = [one.occurrence for one in equal_members(reviewer, case, item)]
    assert len(listed) == 2
    # Of very many, some at a time; none is out of reach behind those that are left as they are.
    for after, place in zip((None, listed[0]), listed, strict=True):
        (one,) = equal_members(reviewer, case, item, after=after, most=1)
        assert one.occurrence == place
    id_ = new_id()
    spread(reviewer, id_, case, item, listed)
    assert equal_members(reviewer, case, item) == ()
    assert set(Decision.objects.values_list("outcome", "basis")) == {("confirmed", made.basis)}
    assert Decision.objects.count() == 3
    # The same form once more, as after a lost answer.
    assert spread(reviewer, id_, case, item, listed) == Spread.objects.get()
    assert Decision.objects.count() == 3


def test_a_reversal_reaches_where_the_decision_reached(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    again = arrive()
    made = confirm(reviewer, case, item)
    spread(reviewer, new_id(), case, item, [again.pk])
    supersede(reviewer, made, Decision.Outcome.DISMISSED, "looked again")
    (other,) = equal_members(reviewer, case, item)
    assert other.outcome == "confirmed"
    spread(reviewer, new_id(), case, item, [again.pk])
    last = Decision.objects.get(occurrence=again, superseded_by=None)
    assert (last.outcome, last.supersedes is not None) == ("dismissed", True)


def test_only_what_was_listed_and_is_still_so_is_decided(
    case: Case, item: Item, reviewer: Any, arrive: Make
) -> None:
    again = arrive()
    with pytest.raises(AssessmentError, match="Decide about the file first"):
        spread(reviewer, new_id(), case, item, [again.pk])
    confirm(reviewer, case, item)
    other = arrive(content=b"another file")
    for listed in ([], [other.pk], [again.pk, other.pk]):
        with pytest.raises(NotInCase):
            spread(reviewer, new_id(), case, item, listed)
    assert Decision.objects.count() == 1
    assert not Spread.objects.exists()


def test_other_cases_are_reached_where_the_policy_says_so_and_nobody_else_has_them(
    case: Case, item: Item, reviewer: Any, second: Any, arrive: Make, policy: Make
) -> None:
    free, theirs = arrive(account="u2"), arrive(account="u3")
    take(second, theirs.membership.case)
    assess(reviewer, case, item, FOUND)
    made = confirm(reviewer, case, item)
    assert equal_members(reviewer, case, item) == ()
    policy(stacks_across_cases=True)
    assert [one.occurrence for one in equal_members(reviewer, case, item)] == [free.pk]
    spread(reviewer, new_id(), case, item, [free.pk])
    assert current(free.membership.case, item) == FOUND
    assert Decision.objects.get(occurrence=free).case == free.membership.case
    assert made.basis == Decision.Basis.HASH_CONFIRMED
    assert not Decision.objects.filter(occurrence=theirs).exists()


def test_a_file_viewed_in_one_case_is_not_said_to_be_viewed_in_another(
    case: Case, item: Item, reviewer: Any, arrive: Make, policy: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy(stacks_across_cases=True)
    free = arrive(account="u2")
    monkeypatch.setattr(decisions, "has_viewed", lambda *_: True)
    assert confirm(reviewer, case, item).basis == Decision.Basis.VIEWED
    spread(reviewer, new_id(), case, item, [free.pk])
    assert Decision.objects.get(occurrence=free).basis == Decision.Basis.EQUAL_FILE


def test_near_pictures_are_stacked_and_others_are_not(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any
) -> None:
    close = arrive(content=b"nearly the same").item
    far = arrive(content=b"something else").item
    seen_as(item, keys, pdq(0))
    seen_as(close, keys, pdq(31))
    seen_as(far, keys, pdq(128))
    (near,) = stack_of(reviewer, case, item).near
    assert (near.alike.item, near.alike.how, near.alike.distance) == (close.pk, How.PICTURE, 31)
    assert stack_of(reviewer, case, close).lead == item.pk
    assert stack_of(reviewer, case, far).near == ()
    assert stack_of(reviewer, case, far).lead == far.pk


def test_a_turned_or_mirrored_picture_is_found_while_its_variants_are_kept(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any
) -> None:
    turned = arrive(content=b"turned").item
    seen_as(item, keys, pdq(0))
    seen_as(turned, keys, pdq(128, variants=(*looks(1, 4), pdq(5).value, *looks(2, 2))))
    (near,) = stack_of(reviewer, case, turned).near
    assert (near.alike.item, near.alike.distance, near.alike.turned) == (item.pk, 5, True)
    SeenHash.objects.all().delete()
    assert stack_of(reviewer, case, turned).near == ()


def test_videos_are_stacked_by_the_frames_that_they_share_and_with_stills_of_them(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any
) -> None:
    cut, mirrored, other, still = (arrive(content=name).item for name in (b"cut", b"mir", b"other", b"still"))
    frames, backwards = looks(1, 20), looks(2, 20)
    seen_as(item, keys, video(frames), kind="video")
    seen_as(cut, keys, video(frames[:8]), kind="video")
    seen_as(mirrored, keys, video(backwards, frames), kind="video")
    seen_as(other, keys, video(looks(3, 20) + frames[:2]), kind="video")
    seen_as(still, keys, Signal("pdq", frames[4], 100))
    found = {near.alike.item: near.alike for near in stack_of(reviewer, case, item).near}
    assert {pk: (one.how, one.share, one.whole) for pk, one in found.items()} == {
        cut.pk: (How.VIDEO, 1.0, True),
        still.pk: (How.FRAME, None, False),
    }
    of_mirrored = [near.alike for near in stack_of(reviewer, case, mirrored).near if near.alike.whole]
    assert [(one.item, one.turned) for one in of_mirrored] == [(item.pk, True), (cut.pk, True)]
    assert {near.alike.item for near in stack_of(reviewer, case, still).near} == {item.pk, cut.pk}
    # A still is not the video, so what is found in one is not said of the other.
    assert stack_of(reviewer, case, still).lead == still.pk


def test_sounds_and_models_are_stacked_as_well(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any
) -> None:
    again, soundtrack, model, sharded = (arrive(content=name).item for name in (b"a", b"s", b"m", b"n"))
    sound = Signal(SOUND, "".join(one[:8] for one in looks(4, 200)))
    seen_as(item, keys, sound, kind="audio")
    seen_as(again, keys, replace(sound, value=sound.value[400:]), kind="audio")
    seen_as(soundtrack, keys, video(looks(5, 9)), sound, kind="video")
    seen_as(model, keys, Signal("tsid", looks(6, 1)[0]), kind="model_file")
    seen_as(sharded, keys, Signal("tsid", looks(6, 1)[0]), kind="model_file")
    found = {near.alike.item: near.alike for near in stack_of(reviewer, case, item).near}
    assert {pk: (one.how, one.whole) for pk, one in found.items()} == {
        again.pk: (How.SOUND, True),
        soundtrack.pk: (How.SOUND, False),
    }
    (same,) = stack_of(reviewer, case, model).near
    assert (same.alike.item, same.alike.how) == (sharded.pk, How.MODEL)


@pytest.mark.usefixtures("past_index")
def test_what_is_alike_in_other_cases_is_told_and_that_of_others_only_counted(
    case: Case,
    item: Item,
    reviewer: Any,
    second: Any,
    arrive: Make,
    keys: Any,
    policy: Make,
) -> None:
    frames = looks(7, 12)
    free, theirs = arrive(account="u2", content=b"free"), arrive(account="u3", content=b"theirs")
    still, hidden = arrive(account="u4", content=b"still"), arrive(account="u5", content=b"private")
    take(second, theirs.membership.case)
    seen_as(item, keys, pdq(0), video(frames), kind="video")
    seen_as(free.item, keys, pdq(9))
    seen_as(theirs.item, keys, video(frames[:11]), kind="video")
    seen_as(still.item, keys, Signal("pdq", frames[3], 100))
    seen_as(hidden.item, keys, pdq(1), kept=False)
    SeenHash.objects.filter(item=hidden.item).delete()
    assert search(hidden.item) == 0
    assert search(item) == 3
    assert search(item) == 3
    assert stack_of(reviewer, case, item).elsewhere.told == ()
    policy(stacks_across_cases=True)
    told = stack_of(reviewer, case, item).elsewhere
    assert {(one.case, one.item, one.how, one.own) for one in told.told} == {
        (free.membership.case_id, free.item_id, "picture", False),
        (still.membership.case_id, still.item_id, "frame", False),
    }
    assert told.cases_of_others == 1
    mine = take(reviewer, free.membership.case)
    (back,) = stack_of(reviewer, mine, free.item).elsewhere.told
    assert (back.item, back.own, back.distance) == (item.pk, True, 9)


def test_a_file_that_joins_a_case_is_searched_for_where_the_policy_says_so(
    arrive: Make, policy: Make
) -> None:
    arrive()
    assert not Job.objects.filter(kind="assessment.alike").exists()
    policy(stacks_across_cases=True)
    joined = arrive(content=b"another")
    arrive(account="u2", content=b"another")
    (job,) = Job.objects.filter(kind="assessment.alike")
    assert job.payload == {"item": str(joined.item_id)}


def test_a_case_that_speaks_against_it_is_not_reached(
    case: Case, item: Item, reviewer: Any, second: Any, arrive: Make, policy: Make
) -> None:
    policy(stacks_across_cases=True)
    against, asked, free = (arrive(account=account) for account in ("u2", "u3", "u4"))
    for place, told in (
        (against, axes.Assessment(outcome=Outcome.NOT_UNLAWFUL)),
        (asked, axes.Assessment(outcome=Outcome.BEYOND_EXPERTISE)),
    ):
        assess(second, take(second, place.membership.case), item, told)
        pass_on(second, place.membership.case)
    confirm(reviewer, case, item)
    for most in (1, 9):  # what is not reached takes no place on the list
        assert [one.occurrence for one in equal_members(reviewer, case, item, most=most)] == [free.pk]
    with pytest.raises(NotInCase):
        spread(reviewer, new_id(), case, item, [free.pk, against.pk])


def test_a_near_picture_is_decided_alike_once_it_was_shown_and_keeps_its_own_assessment(
    case: Case, item: Item, reviewer: Any, arrive: Make, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = arrive(content=b"nearly the same").item
    seen_as(item, keys, pdq(0))
    seen_as(close, keys, pdq(7))
    with pytest.raises(AssessmentError, match="the other file first"):
        same_as(reviewer, case, close, item)
    assess(reviewer, case, item, FOUND)
    confirm(reviewer, case, item)
    assert equal_members(reviewer, case, item) == ()
    monkeypatch.setattr(stacks, "was_shown", lambda *_: False)
    with pytest.raises(AssessmentError, match="Look at this file first"):
        same_as(reviewer, case, close, item)
    monkeypatch.setattr(stacks, "was_shown", lambda *_: True)
    made = same_as(reviewer, case, close, item)
    assert (made.outcome, made.basis) == ("confirmed", "shown_near")
    assert current(case, close) == FOUND
    assert leading(case, close) == made
    with pytest.raises(AssessmentError, match="not in one stack"):
        same_as(reviewer, case, item, item)
