"""Filters of the viewing pane."""

from __future__ import annotations

from uuid import UUID

from django import template

from safelight.server.review.pane import Pane, Tile

register = template.Library()


@register.filter
def tile(pane: Pane, item: UUID) -> Tile | None:
    """What the pane says of one file: ``{{ pane|tile:fact.item.pk }}``."""
    return pane.tiles.get(item)
