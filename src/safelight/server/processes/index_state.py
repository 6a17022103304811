"""How far the indexes are behind the lists, for whoever reports it."""

from __future__ import annotations

import functools

from safelight.matching.upkeep import stats
from safelight.server.config import Config
from safelight.server.processes.list_store import index_directory, layout_key, open_list_store
from safelight.server.secrets import process_keys


def indexes_behind(config: Config) -> int:
    """Changes of the lists that no search finds yet; 0 when the indexes are at the lists' present state.

    Raises :class:`~safelight.errors.SafelightError` for indexes that cannot be read, or are of another epoch.
    """
    with open_list_store(config, process_keys()) as store:
        present = store.stamp()
        held = stats(index_directory(config), functools.partial(layout_key, store))
    behind = [
        present.sequence - (each.stamp.sequence if each.stamp.epoch == present.epoch else 0) for each in held
    ]
    return max(0, *behind) if behind else present.sequence
