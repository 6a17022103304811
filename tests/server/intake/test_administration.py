"""Surfaces, legal bases and keys: by an administrator only, and never without a ledger row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from safelight.server.ids import now
from safelight.server.intake.api_keys import authenticate, make_key, resume_key, revoke_key, suspend_key
from safelight.server.intake.errors import BasisInvalid, KeyRefused, NoSuchSurface, SurfaceExists
from safelight.server.intake.models import ApiKey, LegalBasis, Surface
from safelight.server.intake.surfaces import declare_basis, declare_surface, retire_surface, withdraw_basis
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("db")
PRIVATE, PUBLIC = Surface.Visibility.PRIVATE, Surface.Visibility.PUBLIC


@pytest.fixture
def admin(actor_with: Callable[..., PersonActor]) -> PersonActor:
    return actor_with(Role.ADMINISTRATOR)


def events() -> list[str]:
    told = LedgerRow.objects.order_by("at", "id").values_list("event", flat=True)
    return [e for e in told if e.partition(".")[0] in ("surface", "legal_basis", "key")]


def test_only_an_administrator_sets_up_what_may_be_sent(
    admin: PersonActor, actor_with: Callable[..., PersonActor]
) -> None:
    surface = declare_surface(admin, "chat", PRIVATE)
    for role in set(Role) - {Role.ADMINISTRATOR}:
        actor = actor_with(role)
        for attempt in (
            lambda a: declare_surface(a, "other", PUBLIC),
            lambda a: retire_surface(a, surface, "why not"),
            lambda a: declare_basis(a, surface, "DE", permitted=True, basis="a law"),
            lambda a: make_key(a, "a key", "chat"),
        ):
            with pytest.raises(PermissionDenied):
                attempt(actor)
    assert events() == ["surface.declared"]


def test_each_act_is_in_the_ledger(admin: PersonActor) -> None:
    surface = declare_surface(admin, "chat", PRIVATE)
    basis = declare_basis(admin, surface, "DE", permitted=True, basis="a law")
    withdraw_basis(admin, basis, "the law ended")
    key = make_key(admin, "a key", "chat").key
    suspend_key(admin, key, "odd traffic")
    resume_key(admin, key, "explained")
    revoke_key(admin, key, "replaced")
    retire_surface(admin, surface, "shut down")
    assert events() == [
        "surface.declared", "legal_basis.declared", "legal_basis.withdrawn", "key.made", "key.suspended",
        "key.resumed", "key.revoked", "surface.retired",
    ]  # fmt: skip


def test_a_key_for_an_undeclared_surface_is_refused_at_set_up(admin: PersonActor) -> None:
    with pytest.raises(NoSuchSurface):
        make_key(admin, "a key", "chat")
    retire_surface(admin, declare_surface(admin, "chat", PRIVATE), "shut down")
    with pytest.raises(NoSuchSurface):
        make_key(admin, "a key", "chat")
    assert not ApiKey.objects.exists()


def test_a_surface_is_declared_once(admin: PersonActor) -> None:
    declare_surface(admin, "chat", PRIVATE)
    with pytest.raises(SurfaceExists):
        declare_surface(admin, "chat", PUBLIC)
    assert Surface.objects.get().visibility == PRIVATE


@pytest.mark.parametrize("country", ["", "de", "DEU", "D", "**", "D\n"])
def test_a_basis_names_a_country(admin: PersonActor, country: str) -> None:
    surface = declare_surface(admin, "chat", PRIVATE)
    with pytest.raises(BasisInvalid):
        declare_basis(admin, surface, country, permitted=True, basis="a law")


def test_a_basis_that_never_begins_or_says_nothing_is_refused(admin: PersonActor) -> None:
    surface = declare_surface(admin, "chat", PRIVATE)
    with pytest.raises(BasisInvalid):
        declare_basis(admin, surface, "DE", permitted=True, basis=" ")
    with pytest.raises(BasisInvalid):
        declare_basis(admin, surface, "DE", permitted=True, basis="a law", valid_until=now() - timedelta(1))


def test_a_later_basis_takes_the_place_of_the_earlier(admin: PersonActor) -> None:
    surface = declare_surface(admin, "chat", PRIVATE)
    first = declare_basis(admin, surface, "DE", permitted=True, basis="a law")
    second = declare_basis(admin, surface, "DE", permitted=False, basis="that law ended")
    assert LegalBasis.objects.get(withdrawn_at=None) == second
    with pytest.raises(BasisInvalid):
        withdraw_basis(admin, first, "again")


def test_a_key_is_known_by_its_token_and_only_its_digest_is_kept(admin: PersonActor) -> None:
    declare_surface(admin, "chat", PRIVATE)
    made = make_key(admin, "a key", "chat")
    assert authenticate(made.token).key == made.key
    secret = made.token.split("_", 2)[2]
    assert secret not in repr(made)
    row = ApiKey.objects.values().get()
    assert not any(secret in str(value) for value in row.values())


def test_every_unusable_key_is_refused_with_the_same_words(admin: PersonActor) -> None:
    chat, old = declare_surface(admin, "chat", PRIVATE), declare_surface(admin, "old", PUBLIC)
    good = make_key(admin, "good", "chat").token
    suspended, revoked = make_key(admin, "suspended", "chat"), make_key(admin, "revoked", "chat")
    retired = make_key(admin, "retired", "old")
    expired = make_key(admin, "expired", "chat", expires_at=now() - timedelta(seconds=1))
    suspend_key(admin, suspended.key, "odd traffic")
    revoke_key(admin, revoked.key, "replaced")
    retire_surface(admin, old, "shut down")
    wrong = [
        "", "_", "__", "slk", "slk_", "slk__", good[:-1], good + "x", good.upper(),
        good.replace("slk", "abc"), "slk_" + "0" * 12 + "_" + "x" * 43, "\udc80", "slk_\x00_x",
    ]  # fmt: skip
    said = set()
    for token in (*wrong, suspended.token, revoked.token, retired.token, expired.token):
        with pytest.raises(KeyRefused) as refused:
            authenticate(token)
        said.add(str(refused.value))
    assert len(said) == 1
    assert authenticate(good).key.surface == chat


def test_a_suspended_key_works_again_and_a_revoked_one_never(admin: PersonActor) -> None:
    declare_surface(admin, "chat", PRIVATE)
    made = make_key(admin, "a key", "chat")
    suspend_key(admin, made.key, "odd traffic")
    resume_key(admin, made.key, "explained")
    assert authenticate(made.token).key == made.key
    revoke_key(admin, made.key, "replaced")
    with pytest.raises(KeyRefused):
        resume_key(admin, made.key, "by mistake")
    with pytest.raises(KeyRefused):
        authenticate(made.token)
