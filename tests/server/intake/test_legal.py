"""Which arrivals may be scanned at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from safelight.server.intake.legal import NotPermitted, Permitted, basis_for
from safelight.server.intake.models import LegalBasis, Surface

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("db")


def private(**rows: bool | tuple[datetime, datetime | None]) -> Surface:
    """A private surface; ``all`` stands for ``*``. A pair is a permission from one moment to another."""
    surface = Surface.objects.create(name="chat", visibility="private")
    for country, told in rows.items():
        since, until = told if isinstance(told, tuple) else (AT - DAY, None)
        LegalBasis.objects.create(
            surface=surface,
            country="*" if country == "all" else country,
            permitted=told is not False,
            basis="a law",
            valid_from=since,
            valid_until=until,
        )
    return surface


def permitted(surface: Surface, country: str, at: datetime = AT) -> bool:
    return isinstance(basis_for(surface, country, at), Permitted)


def test_a_public_surface_needs_no_basis() -> None:
    surface = Surface.objects.create(name="posts", visibility="public")
    assert permitted(surface, "DE")
    assert permitted(surface, "")


def test_a_private_surface_without_any_basis_is_not_scanned() -> None:
    surface = private()
    assert not permitted(surface, "DE")
    assert not permitted(surface, "")


def test_a_country_is_decided_by_its_own_row_else_by_the_row_for_every_other() -> None:
    surface = private(DE=False, US=True, all=True)
    assert not permitted(surface, "DE")
    assert permitted(surface, "US")
    assert permitted(surface, "us")
    assert permitted(surface, "FR")
    assert isinstance(basis_for(private_of_germany(), "FR", AT), NotPermitted)


def private_of_germany() -> Surface:
    surface = Surface.objects.create(name="calls", visibility="private")
    LegalBasis.objects.create(surface=surface, country="DE", permitted=True, basis="a law", valid_from=AT)
    return surface


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"all": True}, True),
        ({"all": True, "US": True}, True),
        ({"all": True, "DE": False}, False),
        ({"all": False, "US": True}, False),
        ({"US": True}, False),
        ({"all": True, "DE": (AT - 2 * DAY, AT - DAY)}, False),
    ],
)
def test_a_missing_country_counts_as_the_strictest(rows: dict[str, bool], expected: bool) -> None:
    assert permitted(private(**rows), "") is expected


def test_a_basis_holds_from_its_first_moment_until_before_its_last() -> None:
    surface = private(DE=(AT, AT + DAY))
    assert not permitted(surface, "DE", AT - timedelta(microseconds=1))
    assert permitted(surface, "DE", AT)
    assert permitted(surface, "DE", AT + DAY - timedelta(microseconds=1))
    assert not permitted(surface, "DE", AT + DAY)


def test_an_expired_row_does_not_fall_back_on_the_row_for_every_other_country() -> None:
    assert not permitted(private(DE=(AT - 2 * DAY, AT - DAY), all=True), "DE")


def test_a_withdrawn_basis_permits_nothing() -> None:
    surface = private(DE=True)
    surface.bases.update(withdrawn_at=AT)
    assert not permitted(surface, "DE")


def test_a_retired_surface_is_not_scanned() -> None:
    surface = Surface.objects.create(name="old", visibility="public", retired_at=AT)
    assert not permitted(surface, "DE")
