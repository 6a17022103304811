"""What there is to report of a case: the confirmed occurrences of one account that no report has told yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from safelight.hotlines.jurisdictions import reported_by_default
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Case, CaseAccount, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.intake.models import Account, Item, Occurrence

_SUSPECTS = (CaseAccount.Role.UPLOADER, CaseAccount.Role.UNKNOWN, CaseAccount.Role.COMPROMISED)
"""The roles that are reported, in the order in which one is chosen."""


@dataclass(frozen=True, slots=True)
class Matter:
    """The occurrences that one report tells of, and the cases they are in. ``account`` may be unknown."""

    account: Account | None
    cases: tuple[Case, ...]
    occurrences: tuple[Occurrence, ...]

    def items(self) -> dict[Item, Occurrence]:
        """Each file once, with the earliest occurrence of it."""
        found: dict[Item, Occurrence] = {}
        for occurrence in self.occurrences:
            if occurrence.item is not None:
                found.setdefault(occurrence.item, occurrence)
        return found


def reported_accounts(case: Case) -> list[Account]:
    """The accounts that a case reports: those that uploaded, else those whose role nobody knows."""
    members = {role: [] for role in _SUSPECTS}  # type: dict[str, list[Account]]
    for one in case.accounts.filter(role__in=_SUSPECTS).select_related("account").order_by("pk"):
        members[one.role].append(one.account)
    return next((there for there in members.values() if there), [])


def matter_of(case: Case, account: Account | None) -> Matter:
    """Everything that is confirmed about an account, in this case and in others of its own that stand beside.

    A stack may span cases; it is told once. What has no account is told with the case it is in.
    """
    confirmed = _confirmed(Occurrence.objects.filter(membership__case=case))
    if account is None:
        return Matter(None, (case,), tuple(confirmed.filter(account=None)))
    single = len(reported_accounts(case)) <= 1
    here = [one for one in confirmed if one.account_id == account.pk or (single and one.account_id is None)]
    beside = _confirmed(account.occurrences.exclude(membership__case=case))
    together = sorted([*here, *beside], key=lambda one: one.pk)
    cases = Case.objects.filter(members__occurrence__in=together).distinct().order_by("pk")
    return Matter(account, tuple(cases), tuple(together))


def without(matter: Matter, earlier: Iterable[Report]) -> Matter:
    """The same without what earlier reports told: whole cases of theirs, and files that went with them."""
    reports = list(earlier)
    files = set(ReportFile.objects.filter(report__in=reports).values_list("item", flat=True))
    wordy = set(
        Occurrence.objects.filter(membership__case__reports__in=reports, item=None).values_list(
            "pk", flat=True
        )
    )
    left = tuple(
        one
        for one in matter.occurrences
        if (one.item_id not in files if one.item_id is not None else one.pk not in wordy)
    )
    there = {one.membership.case_id for one in left}
    return Matter(matter.account, tuple(case for case in matter.cases if case.pk in there), left)


def goes_by_default(item: Item, *, rehearsal: bool) -> bool:
    """Whether a confirmed file goes with a report without a person saying so."""
    classes = {match.list_class for match in matches_of(item)}
    return reported_by_default(classes, rehearsal=rehearsal)


def _confirmed(occurrences: QuerySet[Occurrence]) -> QuerySet[Occurrence]:
    decided = standing_decisions().filter(outcome=Decision.Outcome.CONFIRMED)
    there = occurrences.filter(pk__in=decided.values("occurrence"), membership__isnull=False)
    return there.select_related("item", "intake", "surface", "membership").order_by("pk")
