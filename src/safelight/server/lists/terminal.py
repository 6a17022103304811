"""The server's lists at the machine's terminal: the same rules as for everybody, and the ledger hears of it.

Whoever holds the machine is no person here: what takes two people waits for two who sign in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from safelight.errors import UsageError
from safelight.keys import KeySource
from safelight.lists.store import Added, HashListInfo
from safelight.server.lists import services
from safelight.server.lists.models import WaitingBatch
from safelight.server.lists.rules import needs_two
from safelight.server.lists.store import DjangoListStore, list_row
from safelight.server.lists.taking_in import Taken, stage, take_in
from safelight.server.people.actors import SystemActor
from safelight.types import ListEntry

TERMINAL: Final = SystemActor("terminal")


class TerminalListStore(DjangoListStore):
    """A list store for commands. ``reason`` goes to the ledger; ``own`` makes new lists own ones."""

    reason = "from the command line"
    own = False

    def __init__(self, source: KeySource) -> None:
        """Open it; raises as :class:`DjangoListStore` does, and where the database holds no lists."""
        super().__init__(source)
        self.stamp()
        self._taken = Taken()

    def create(self, info: HashListInfo) -> HashListInfo:
        """A new, empty list."""
        services.make_list(
            TERMINAL,
            info.name,
            info.list_class,
            distance=info.distance,
            shadow=info.shadow,
            own=self.own,
            source=info.source,
        )
        return replace(info, entries=0)

    def change(
        self,
        name: str,
        *,
        distance: int | None = None,
        shadow: bool | None = None,
        enabled: bool | None = None,
        query_percent: int | None = None,
        listed_percent: int | None = None,
    ) -> HashListInfo:
        """Change a list's settings."""
        services.change_list(
            TERMINAL,
            name,
            reason=self.reason,
            distance=distance,
            shadow=shadow,
            enabled=enabled,
            query_percent=query_percent,
            listed_percent=listed_percent,
        )
        return self.get(name)

    def remove(self, name: str) -> int:
        """Withdraw every entry of a list and forget it."""
        return services.remove_list(TERMINAL, name, reason=self.reason)

    def withdraw(self, name: str, keys: Iterable[str]) -> int:
        """Withdraw entries by the source's keys."""
        return services.withdraw_entries(TERMINAL, name, keys, reason=self.reason)

    def add(self, entries: Iterable[ListEntry]) -> Added:
        """List entries of one list, or keep them waiting where it takes two people; see :meth:`notes`."""
        offered = iter(entries)
        first = next(offered, None)
        if first is None:
            return Added()
        row = list_row(first.list)
        all_of_it = _of_one_list(first, offered)
        if needs_two(row):
            batch = WaitingBatch.objects.create(list=row, kind=WaitingBatch.Kind.PROPOSED, reason=self.reason)
            self._taken = stage(TERMINAL, row, all_of_it, batch)
        else:
            self._taken = take_in(TERMINAL, row, all_of_it)
            services.synced(TERMINAL, row.name)
        return self._taken.added

    def notes(self) -> Iterator[str]:
        """What the operator has to know of the last addition."""
        if self._taken.waiting:
            yield (
                f"{self._taken.waiting:,} entries wait for two people, who propose and admit them in the "
                "console. Until then none of them is searched."
            )
        if self._taken.quarantined:
            yield (
                f"{self._taken.quarantined:,} hashes were set apart, because they say nothing of a file "
                "(blank pictures, placeholders). The console shows which."
            )


def _of_one_list(first: ListEntry, rest: Iterator[ListEntry]) -> Iterator[ListEntry]:
    yield first
    for entry in rest:
        if entry.list != first.list:
            raise UsageError("A command adds to one list at a time.")
        yield entry
