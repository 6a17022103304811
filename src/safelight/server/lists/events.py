"""What the ledger is told of lists: names and numbers, never a listed value."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    LISTS_BROUGHT_IN = "lists.brought_in"
    LIST_MADE = "list.made"
    LIST_CHANGED = "list.changed"
    LIST_REMOVED = "list.removed"
    LIST_HELD = "list.held"
    LIST_RESTORED = "list.restored"
    LIST_REVIEWED = "list.reviewed"
    ENTRIES_ADDED = "list.entries_added"
    ENTRIES_PROPOSED = "list.entries_proposed"
    ENTRIES_ADMITTED = "list.entries_admitted"
    ENTRIES_DISCARDED = "list.entries_discarded"
    ENTRIES_QUARANTINED = "list.entries_quarantined"
    ENTRIES_WITHDRAWN = "list.entries_withdrawn"
    ENTRY_HELD = "list.entry_held"
    RECHECK_FOUND = "recheck.found"
    RECHECK_RELEASED = "recheck.released"
    RECHECK_DISCARDED = "recheck.discarded"
