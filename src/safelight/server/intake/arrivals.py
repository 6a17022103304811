"""What arrived, by whom, and what kind of thing it is: checked against what the sender may send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from safelight.server.ids import now
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.context import Context
from safelight.server.intake.errors import ContextRefused, ScopeMissing
from safelight.server.intake.legal import NotPermitted, Permitted, basis_for
from safelight.server.intake.models import Intake, Surface
from safelight.server.intake.scanning import Scanned
from safelight.server.intake.surfaces import surface_named
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.vault.spool import Spool

TOLD_BY_SOMEBODY: Final = frozenset(
    {
        Intake.Kind.USER_REPORT,
        Intake.Kind.TRUSTED_FLAGGER,
        Intake.Kind.POLICE_REQUEST,
        Intake.Kind.PUBLIC_URL_REPORT,
        Intake.Kind.BY_HAND,
    }
)
"""Somebody disclosed it. That is not scanning people's communications, and it always makes a case."""

_LONGEST: Final = {"text": 100_000, "url": 8_000}


@dataclass(frozen=True, slots=True)
class Text:
    """A text, of 1 to 100,000 characters."""

    content: str = field(repr=False)
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Url:
    """An address, of 1 to 8,000 characters, in whatever scheme. Nothing here ever opens it."""

    content: str = field(repr=False)
    kind: str = "url"


Words: TypeAlias = Text | Url


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A spooled file and what its scan gave."""

    spool: Spool
    scanned: Scanned


@dataclass(frozen=True, slots=True)
class Arrival:
    """One arrival that its sender may send. Made by :func:`from_platform` and :func:`from_person`."""

    actor: KeyActor | PersonActor
    kind: Intake.Kind
    surface: Surface | None
    context: Context
    idempotency_key: str | None = None

    @property
    def told_by_somebody(self) -> bool:
        """Whether somebody disclosed it, as against the platform scanning what passes."""
        return self.kind in TOLD_BY_SOMEBODY

    def permission(self) -> Permitted | NotPermitted:
        """Whether the law lets us look at it, and by what; asked before anything else is done with it."""
        if self.told_by_somebody or self.surface is None:
            return Permitted(f"Somebody disclosed it ({self.kind.value}).")
        return basis_for(self.surface, self.context.country, now())

    def private_scan(self) -> bool:
        """Whether it is a private communication that nobody disclosed: of those no hash is kept for later."""
        private = self.surface is not None and self.surface.visibility == Surface.Visibility.PRIVATE
        return private and not self.told_by_somebody


def from_platform(
    actor: KeyActor, kind: Intake.Kind, context: Context, idempotency_key: str | None
) -> Arrival:
    """What a key sends. Raises :class:`ContextRefused` if the key may not send this."""
    if kind is Intake.Kind.BY_HAND:
        raise ContextRefused("A key cannot enter anything by hand.")
    scope = Scope.REPORT if kind in TOLD_BY_SOMEBODY else Scope.SCAN
    if scope.value not in actor.key.scopes:
        raise ScopeMissing(f"This key may not send this: it needs the scope {scope.value}.")
    surface = actor.key.surface
    if context.surface not in ("", surface.name):
        raise ContextRefused("This key is bound to another surface. Use that surface's own key.")
    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= 100 and idempotency_key.isprintable()
    ):
        raise ContextRefused("An idempotency key has 1 to 100 printable characters.")
    return Arrival(actor, kind, surface, context, idempotency_key)


def from_person(actor: PersonActor, context: Context) -> Arrival:
    """What a person enters. Raises :class:`~.errors.NoSuchSurface` for a surface that is not declared."""
    surface = surface_named(context.surface) if context.surface else None
    return Arrival(actor, Intake.Kind.BY_HAND, surface, context)


def check_words(words: Words) -> None:
    """Raises :class:`ContextRefused` for a text or an address that cannot be kept as it is."""
    longest = _LONGEST[words.kind]
    if not words.content.strip() or len(words.content) > longest:
        raise ContextRefused(f"A {words.kind} has 1 to {longest:,} characters.")
    try:
        words.content.encode()
    except UnicodeEncodeError:
        raise ContextRefused(f"The {words.kind} is not valid Unicode.") from None
