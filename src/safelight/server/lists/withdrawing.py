"""Withdraws rows within one transaction: the row goes, its tombstone and the count stay right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import F

from safelight.server.lists.models import Entry, HashList, ListState, Tally, Withdrawal


def withdraw_numbers(state: ListState, row: HashList, numbers: Sequence[int]) -> int:
    """Delete these rows of a list and write down a numbered withdrawal for each; returns how many went."""
    there = Entry.objects.filter(number__in=numbers, list=row).order_by("number")
    going = list(there.values_list("number", "signal_type"))
    Withdrawal.objects.bulk_create(
        Withdrawal(sequence=state.sequence + after, number=number, signal_type=type_)
        for after, (number, type_) in enumerate(going, start=1)
    )
    state.sequence += len(going)
    for type_, count in Counter(type_ for _, type_ in going).items():
        Tally.objects.filter(list=row, signal_type=type_).update(entries=F("entries") - count)
    Entry.objects.filter(number__in=[number for number, _ in going]).delete()
    return len(going)
