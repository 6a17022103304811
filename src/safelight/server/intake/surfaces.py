"""Surfaces and what permits scanning them, declared by an administrator and written to the ledger."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.intake.errors import BasisInvalid, NoSuchSurface, SurfaceExists
from safelight.server.intake.events import Event
from safelight.server.intake.legal import EVERY_OTHER
from safelight.server.intake.models import LegalBasis, Surface
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

_NAME: Final = re.compile(r"[a-z0-9][-a-z0-9_]{0,59}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}|\*", re.ASCII)


def surface_named(name: str) -> Surface:
    """A declared surface that is in use. Raises :class:`NoSuchSurface`."""
    try:
        return Surface.objects.get(name=name, retired_at=None)
    except Surface.DoesNotExist:
        raise NoSuchSurface(
            _("No surface {name} is declared. An administrator declares it first.").format(name=name)
        ) from None


def declare_surface(
    actor: Actor, name: str, visibility: Surface.Visibility, description: str = ""
) -> Surface:
    """Declare a place on the platform, and whether what is said there is a private communication.

    This is never changed later: what was scanned under it would change its meaning. Retire it and declare
    another. Raises :class:`SurfaceExists`.
    """
    require(actor, Permission.SURFACE_CHANGE)
    if not _NAME.fullmatch(name):
        raise NoSuchSurface(_("A surface's name has 1 to 60 of: a-z, 0-9, hyphen, underscore."))
    try:
        with transaction.atomic():
            surface = Surface.objects.create(
                name=name, visibility=visibility, description=description, created_at=now()
            )
            record(
                Event.SURFACE_DECLARED,
                actor,
                subject=surface.pk,
                payload={"name": name, "visibility": visibility.value},
            )
    except IntegrityError:
        raise SurfaceExists(_("A surface {name} was declared before.").format(name=name)) from None
    return surface


def retire_surface(actor: Actor, surface: Surface, reason: str) -> None:
    """Take a surface out of use, and its keys with it. Raises :class:`NoSuchSurface` if it is already."""
    require(actor, Permission.SURFACE_CHANGE)
    with transaction.atomic():
        if not Surface.objects.filter(pk=surface.pk, retired_at=None).update(retired_at=now()):
            raise NoSuchSurface(_("This surface is retired already."))
        record(Event.SURFACE_RETIRED, actor, subject=surface.pk, payload={"reason": reason})
    surface.refresh_from_db()


def declare_basis(
    actor: Actor,
    surface: Surface,
    country: str,
    *,
    permitted: bool,
    basis: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> LegalBasis:
    """Say what permits, or forbids, scanning a surface for people of a country, or ``*`` for every other.

    It takes the place of the row that was there. ``basis`` names the law or the consent. Raises
    :class:`BasisInvalid`.
    """
    require(actor, Permission.SURFACE_CHANGE)
    begins = valid_from or now()
    if not _COUNTRY.fullmatch(country):
        raise BasisInvalid(
            _("A country is two capital letters (ISO 3166-1), or {other} for every other.").format(
                other=EVERY_OTHER
            )
        )
    if not basis.strip():
        raise BasisInvalid(_("Name the law or the consent that this rests on."))
    if valid_until is not None and valid_until <= begins:
        raise BasisInvalid(_("A basis must end after it begins."))
    with transaction.atomic():
        # The surface's row is the lock: of two declarations at once, the later replaces the earlier.
        Surface.objects.select_for_update().get(pk=surface.pk)
        surface.bases.filter(country=country, withdrawn_at=None).update(withdrawn_at=now())
        row = LegalBasis.objects.create(
            surface=surface,
            country=country,
            permitted=permitted,
            basis=basis.strip(),
            valid_from=begins,
            valid_until=valid_until,
        )
        record(
            Event.BASIS_DECLARED,
            actor,
            subject=surface.pk,
            payload={
                "country": country,
                "permitted": permitted,
                "basis": row.basis,
                "valid_from": begins.isoformat(),
                "valid_until": valid_until.isoformat() if valid_until else None,
            },
        )
    return row


def withdraw_basis(actor: Actor, basis: LegalBasis, reason: str) -> None:
    """End a basis at once. Raises :class:`BasisInvalid` if it was withdrawn or replaced before."""
    require(actor, Permission.SURFACE_CHANGE)
    with transaction.atomic():
        if not LegalBasis.objects.filter(pk=basis.pk, withdrawn_at=None).update(withdrawn_at=now()):
            raise BasisInvalid(_("This legal basis was withdrawn or replaced already."))
        record(
            Event.BASIS_WITHDRAWN,
            actor,
            subject=basis.surface_id,
            payload={"country": basis.country, "reason": reason},
        )
