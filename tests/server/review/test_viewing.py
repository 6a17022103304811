"""Views: opened before they are shown, shown once, counted as they were, and never more than was allowed."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import transaction
from pictures import draw, encode
from PIL import Image

from safelight.media.rendering import Level
from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import MustBeViewed
from safelight.server.cases.models import Case, Decision
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.review import protections
from safelight.server.review.errors import AddressUsed, NotAllowed, NotShown, ReasonMissing
from safelight.server.review.metadata import show_metadata
from safelight.server.review.models import Viewing
from safelight.server.review.opening import OpenedViewing, open_viewing
from safelight.server.review.protections import DEFAULT, Protections
from safelight.server.review.seen import end_silent, heard
from safelight.server.review.showing import show
from safelight.server.review.viewing import has_viewed_whole, metadata_seen

pytestmark = pytest.mark.usefixtures("db", "clock")


def looked(
    actor: Any, case: Any, item: Any, level: int, clock: Any, *, seconds: float = 5, page: int = 1
) -> OpenedViewing:
    """Open, fetch, and say how long it was visible."""
    opened = open_viewing(actor, case, item, Level(level), page=page, reason="for a test")
    show(actor, opened.token)
    clock.passes(seconds=seconds)
    heard(actor, opened.id, seconds, ended=True)
    return opened


def test_a_view_is_on_the_ledger_before_its_bytes_are_made(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case()
    opened = open_viewing(actor, case, item, Level.TINY)
    events = list(LedgerRow.objects.order_by("at").values_list("event", flat=True))
    assert "viewing.opened" in events
    assert "viewing.shown" not in events
    shown = show(actor, opened.token)
    picture = Image.open(io.BytesIO(shown.content))
    assert picture.mode == "L"
    assert LedgerRow.objects.filter(event="viewing.shown").count() == 1


def test_an_address_works_once_in_its_session_and_for_a_minute(
    own_case: Any, sandboxed: Any, actor_with: Any, clock: Any
) -> None:
    actor, case, item = own_case()
    opened = open_viewing(actor, case, item, Level.TINY)
    for stranger in (
        PersonActor(actor.person, "another session", second_factor=True),
        actor_with(Role.SENIOR_REVIEWER),
    ):
        with pytest.raises(AddressUsed):
            show(stranger, opened.token)
    show(actor, opened.token)
    with pytest.raises(AddressUsed):
        show(actor, opened.token)
    late = open_viewing(actor, case, item, Level.TINY)
    clock.passes(seconds=61)
    with pytest.raises(AddressUsed):
        show(actor, late.token)


def test_looking_begins_low_and_high_levels_say_why(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case()
    for level in (2, 3, 4):
        with pytest.raises(NotAllowed):
            open_viewing(actor, case, item, Level(level), reason="at once")
    show(actor, open_viewing(actor, case, item, Level.TINY).token)
    open_viewing(actor, case, item, Level.REDUCED)
    for level in (3, 4):
        with pytest.raises(ReasonMissing):
            open_viewing(actor, case, item, Level(level), reason=" ")
        open_viewing(actor, case, item, Level(level), reason="near match: same or not")


def test_what_was_opened_and_never_shown_is_no_first_look(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case()
    open_viewing(actor, case, item, Level.TINY)
    with pytest.raises(NotAllowed):
        open_viewing(actor, case, item, Level.REDUCED)


def test_a_person_can_ask_for_more_protection_and_not_for_less(
    own_case: Any, sandboxed: Any, actor_with: Any
) -> None:
    actor, case, item = own_case()
    lead = actor_with(Role.LEAD)
    protections.set_organisation(lead, Protections(first_level=2, reason_from=2, highest=3, cover_seconds=20))
    protections.set_own(actor, first_level=4, highest=4, cover_seconds=600, minutes_to_break=240)
    assert protections.in_force(actor.person) == Protections(
        first_level=2, reason_from=2, highest=3, cover_seconds=20, minutes_to_break=DEFAULT.minutes_to_break
    )
    with pytest.raises(ReasonMissing):
        open_viewing(actor, case, item, Level.REDUCED)
    show(actor, open_viewing(actor, case, item, Level.REDUCED, reason="for a test").token)
    with pytest.raises(NotAllowed):
        open_viewing(actor, case, item, Level.ORIGINAL, reason="for a test")
    protections.set_own(actor, first_level=1, highest=2, cover_seconds=10, minutes_to_break=5)
    assert protections.in_force(actor.person) == Protections(1, 2, 2, 10, 5, 15, 3)
    with pytest.raises(NotAllowed):
        open_viewing(actor, case, item, Level.GREY, reason="for a test")
    with pytest.raises(PermissionDenied):
        protections.set_organisation(actor, DEFAULT)


def test_only_in_a_case_of_ones_own_with_a_factor(own_case: Any, sandboxed: Any, actor_with: Any) -> None:
    actor, case, item = own_case()
    other = actor_with(Role.SENIOR_REVIEWER)
    weak = PersonActor(actor.person, "a session", second_factor=False)
    for stranger in (other, weak, actor_with(Role.LEAD), actor_with(Role.AUDITOR)):
        with pytest.raises(PermissionDenied):
            open_viewing(stranger, case, item, Level.TINY)
    opened = open_viewing(actor, case, item, Level.TINY)
    Case.objects.filter(pk=case.pk).update(assigned_to=other.person)
    with pytest.raises(PermissionDenied):
        show(actor, opened.token)
    assert Viewing.objects.get().ended_at is not None


def test_a_file_of_another_case_or_kind_or_without_bytes_is_not_shown(
    own_case: Any, sandboxed: Any, arrive: Any
) -> None:
    actor, case, item = own_case()
    other = arrive(account="u2", content=b"something else").item
    with pytest.raises(NotShown):
        open_viewing(actor, case, other, Level.TINY)
    type(item).objects.filter(pk=item.pk).update(mime="audio/mpeg")
    item.refresh_from_db()
    with pytest.raises(NotShown):
        open_viewing(actor, case, item, Level.TINY)


@pytest.mark.parametrize(
    ("mime", "size", "says"),
    [
        ("application/zip", 10, ""),
        ("application/x-safetensors", 10, "no pictures"),
        ("text/plain", 10, "of this kind"),
        ("image/png", (4 << 30) + 1, "more than 4 GiB"),
        ("video/mp4", 4 << 30, ""),
    ],
)
def test_what_is_not_shown_says_why(own_case: Any, mime: str, size: int, says: str) -> None:
    from safelight.server.review.pane import pane_for

    actor, case, item = own_case()
    type(item).objects.filter(pk=item.pk).update(mime=mime, size=size)
    told = pane_for(actor, case).tiles[item.pk].says
    assert says in told
    assert bool(told) is bool(says)


def test_a_decoder_that_refuses_ends_the_view_and_charges_nothing(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case(content=b"no picture, whatever was said")
    opened = open_viewing(actor, case, item, Level.TINY)
    with pytest.raises(NotShown):
        show(actor, opened.token)
    viewing = Viewing.objects.get()
    assert (viewing.shown_at, viewing.charged) == (None, 0)
    assert viewing.ended_at is not None


def test_opening_in_one_tab_ends_what_another_shows(own_case: Any, sandboxed: Any, clock: Any) -> None:
    actor, case, item = own_case()
    first = open_viewing(actor, case, item, Level.TINY)
    show(actor, first.token)
    open_viewing(actor, case, item, Level.TINY)
    clock.passes(seconds=2)
    assert heard(actor, first.id, 2)
    assert Viewing.objects.filter(ended_at=None).count() == 1


def test_seconds_are_never_more_than_can_have_been(own_case: Any, sandboxed: Any, clock: Any) -> None:
    actor, case, item = own_case()
    opened = open_viewing(actor, case, item, Level.TINY)
    show(actor, opened.token)
    assert Viewing.objects.get().charged == DEFAULT.cover_seconds
    for told, passed, kept in ((100, 3, 3), (1, 1, 3), (float("nan"), 0, 3), (-5, 0, 3), (4, 2, 4)):
        clock.passes(seconds=passed)
        assert heard(actor, opened.id, told) == ""
        viewing = Viewing.objects.get()
        assert (viewing.seconds, viewing.charged) == (kept, kept)
    clock.passes(seconds=40)
    assert heard(actor, opened.id, 40)
    assert Viewing.objects.get().ended_at is not None


def test_what_nobody_speaks_of_ends_and_stays_charged(own_case: Any, sandboxed: Any, clock: Any) -> None:
    actor, case, item = own_case()
    show(actor, open_viewing(actor, case, item, Level.TINY).token)
    assert end_silent() == 0
    clock.passes(seconds=120)
    assert end_silent() == 1
    viewing = Viewing.objects.get()
    assert (viewing.seconds, viewing.charged) == (0, DEFAULT.cover_seconds)


def test_viewed_means_every_page_at_full_size_by_one_person_and_visible(
    own_case: Any, sandboxed: Any, clock: Any, actor_with: Any
) -> None:
    frames = [draw(90, 60, seed=number) for number in range(12)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    actor, case, item = own_case(content=content)
    looked(actor, case, item, 1, clock)
    looked(actor, case, item, 2, clock)
    looked(actor, case, item, 3, clock, page=1)
    assert not has_viewed_whole(item.pk, case=case)
    other = actor_with(Role.REVIEWER)
    Case.objects.filter(pk=case.pk).update(assigned_to=other.person)
    looked(other, case, item, 1, clock)
    looked(other, case, item, 3, clock, page=2)
    assert not has_viewed_whole(item.pk, case=case)
    looked(other, case, item, 4, clock, page=1, seconds=0.5)
    assert not has_viewed_whole(item.pk, case=case)
    before = clock.at
    clock.passes(seconds=1)
    looked(other, case, item, 4, clock, page=1)
    assert has_viewed_whole(item.pk, case=case)
    assert has_viewed_whole(item.pk, case=case, person_id=other.person.pk)
    assert not has_viewed_whole(item.pk, case=case, person_id=actor.person.pk)
    assert not has_viewed_whole(item.pk, case=case, before=before)
    assert not has_viewed_whole(item.pk, case=Case.objects.create())


def test_a_decision_says_viewed_only_where_it_was(
    own_case: Any, sandboxed: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.cases import decisions

    actor, case, item = own_case()
    occurrence = item.occurrences.get()
    monkeypatch.setattr(decisions, "hash_confirmed", lambda *_: False)
    looked(actor, case, item, 1, clock)
    with pytest.raises(MustBeViewed):
        decide(actor, case, occurrence, Decision.Outcome.CONFIRMED)
    looked(actor, case, item, 3, clock)
    made = decide(actor, case, occurrence, Decision.Outcome.CONFIRMED)
    assert made.basis == Decision.Basis.VIEWED


def test_embedded_details_are_an_event_of_their_own(own_case: Any, actor_with: Any) -> None:
    actor, case, item = own_case()
    assert not metadata_seen(item.pk, case=case)
    with pytest.raises(PermissionDenied):
        show_metadata(actor_with(Role.REVIEWER), case, item)
    show_metadata(actor, case, item)
    assert metadata_seen(item.pk, case=case)
    assert not has_viewed_whole(item.pk, case=case)
    assert LedgerRow.objects.filter(event="metadata.shown").exists()


def test_two_open_views_of_one_person_are_refused_by_the_database(own_case: Any) -> None:
    from django.db import IntegrityError

    actor, case, item = own_case()
    row = {"person": actor.person, "case": case, "item": item, "level": 1, "longest": 30.0}
    Viewing.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Viewing.objects.create(**row)


def test_a_case_of_many_files_asks_no_more_than_one_of_few(
    own_case: Any, arrive: Any, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from safelight.server.review.pane import pane_for

    actor, case, _item = own_case()
    with CaptureQueriesContext(connection) as few:
        assert len(pane_for(actor, case).tiles) == 1
    for number in range(20):
        arrive(account="u1", content=bytes([number]))
    with django_assert_max_num_queries(len(few)):
        assert len(pane_for(actor, case).tiles) == 21
