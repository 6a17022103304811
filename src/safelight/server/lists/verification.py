"""Checks that the server's lists can still be trusted: every value opens, every tag and count is right."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator

from django.db.models import Sum

from safelight.errors import RootKeyError
from safelight.server.lists.apart import one_state
from safelight.server.lists.models import HashList, Tally
from safelight.server.lists.store import BATCH, DjangoListStore
from safelight.workspace.verification import ROWS_NAMED, Finding, Progress


def verify_rows(store: DjangoListStore, progress: Progress) -> Iterator[Finding]:
    """Read every row in one consistent state."""
    keys = store.row_keys()
    total = Tally.objects.aggregate(total=Sum("entries"))["total"] or 0
    names = dict(HashList.objects.values_list("id", "name"))
    counted: Counter[tuple[int, str]] = Counter()
    damaged = seen = last = 0
    with one_state() as apart, apart.cursor() as cursor:
        cursor.execute("SELECT list_id, signal_type, entries FROM lists_tally WHERE entries > 0")
        kept = Counter({(list_id, type_): entries for list_id, type_, entries in cursor.fetchall()})
        while True:
            cursor.execute(
                "SELECT number, list_id, signal_type, tag, sealed FROM lists_entry WHERE number > %s"
                " ORDER BY number LIMIT %s",
                (last, BATCH),
            )
            rows = cursor.fetchall()
            if not rows:
                break
            progress(seen, total)
            seen, last = seen + len(rows), rows[-1][0]
            for number, list_id, type_, tag, sealed in rows:
                counted[list_id, type_] += 1
                try:
                    raw = keys.open(number, type_, bytes(sealed))
                    sound = any(hmac.compare_digest(bytes(tag), one) for one in keys.tags(type_, raw))
                except RootKeyError:
                    sound = False
                if not sound:
                    damaged += 1
                    if damaged <= ROWS_NAMED:
                        yield Finding(False, f"Row {number} of list {names.get(list_id)!r} was altered.")
    if damaged:
        yield Finding(False, f"{damaged:,} rows were altered or damaged. Restore a backup.")
    else:
        yield Finding(True, f"All {seen:,} listed values open, and their look-up tags are right.")
    if kept == counted:
        yield Finding(True, "All counts are right.")
    else:
        yield Finding(False, "The counts of entries are wrong. Restore a backup.")
