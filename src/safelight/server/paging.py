"""One page of a longer sequence, by the place of its last member: pages stay right while rows come and go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from safelight.errors import UsageError

LARGEST_PAGE: Final = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some members in order. ``after`` asks for the next page; None means that there is none."""

    items: tuple[T, ...]
    after: str | None = None


def page_size(limit: int) -> int:
    """``limit`` as it was asked for. Raises :class:`~safelight.errors.UsageError` outside 1 to 200."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise UsageError(f"Ask for 1 to {LARGEST_PAGE} at a time.")
    return limit


def wrong_place() -> UsageError:
    """What to raise for an ``after`` that no page gave."""
    return UsageError("This is no place in the sequence. Begin again at the first page.")
