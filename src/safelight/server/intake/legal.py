"""Whether the law lets us scan: asked before a byte is decoded, hashed or kept.

A public surface needs no basis. On a private one a row for the country decides, and where it has run out it
does not fall back on the row for every other country (``*``). A country without a row of its own, and no
``*``, is not permitted. Nobody knows which row an unknown country would meet, so it is permitted only if each
of them permits, ``*`` among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safelight.server.intake.models import LegalBasis, Surface

EVERY_OTHER: Final = "*"


@dataclass(frozen=True, slots=True)
class Permitted:
    """Scanning is permitted; ``words`` say by what, and are kept with the arrival as they were then.

    A public surface and an unknown country have no one row that says so.
    """

    words: str
    basis: LegalBasis | None = None


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """Scanning is not permitted; ``why`` is for the operator."""

    why: str


def basis_for(surface: Surface, country: str, at: datetime) -> Permitted | NotPermitted:
    """Whether arrivals on a surface may be scanned for people of a country (ISO 3166-1, or empty)."""
    if surface.retired_at is not None:
        return NotPermitted(f"The surface {surface.name} is retired.")
    if surface.visibility == Surface.Visibility.PUBLIC:
        return Permitted("A public surface.")
    rows = {row.country: row for row in surface.bases.filter(withdrawn_at=None)}
    if country:
        return _for_country(rows, country.upper(), at)
    if EVERY_OTHER in rows and all(_in_force(row, at) for row in rows.values()):
        every = "; ".join(f"{row.country}: {row.basis}" for _, row in sorted(rows.items()))
        return Permitted(f"The country is not told, and every basis permits it. {every}")
    return NotPermitted("The country is not told, and not every country permits it.")


def _for_country(rows: dict[str, LegalBasis], country: str, at: datetime) -> Permitted | NotPermitted:
    row = rows.get(country, rows.get(EVERY_OTHER))
    if row is None:
        return NotPermitted(f"No legal basis is declared for {country}.")
    if not _in_force(row, at):
        return NotPermitted(f"The legal basis for {row.country} does not permit it now.")
    return Permitted(f"{row.country}: {row.basis}", row)


def _in_force(row: LegalBasis, at: datetime) -> bool:
    return row.permitted and row.valid_from <= at and (row.valid_until is None or at < row.valid_until)
