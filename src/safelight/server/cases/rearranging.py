"""Merging cases that are one matter, and splitting one that is several. Decisions stay as they were made."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.cases.errors import CannotRearrange, NotInCase
from safelight.server.cases.events import Event
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Comment
from safelight.server.cases.services import UNFINISHED, locked_unfinished, state_by_decisions
from safelight.server.ids import now
from safelight.server.intake.models import Account, Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def merge(actor: Actor, into: Case, other: Case) -> Case:
    """Put everything of an unfinished case into another one; the emptied one is closed for good.

    The higher priority and a mark of imminent danger stay. What arrives for either account goes on there.
    Raises :class:`CaseFinished` and :class:`CannotRearrange`.
    """
    for case in (into, other):
        require(actor, Permission.CASE_WORK, case=case)
    if into.pk == other.pk:
        raise CannotRearrange(_("A case cannot be merged with itself."))
    with transaction.atomic():
        kept, emptied = _locked_in_order(into, other)
        moved = CaseOccurrence.objects.filter(case=emptied).update(case=kept)
        Comment.objects.filter(case=emptied).update(case=kept)
        _bring_accounts(emptied, kept)
        kept.priority = max(kept.priority, emptied.priority)
        kept.imminent_danger = kept.imminent_danger or emptied.imminent_danger
        kept.state = state_by_decisions(kept)
        kept.save(update_fields=["priority", "imminent_danger", "state"])
        emptied.state, emptied.merged_into = Case.State.MERGED, kept
        emptied.save(update_fields=["state", "merged_into"])
        record(
            Event.CASE_MERGED,
            actor,
            subject=kept.pk,
            payload={"other": str(emptied.pk), "occurrences": moved},
        )
    return kept


def split(actor: Actor, case: Case, occurrences: Collection[Occurrence]) -> Case:
    """Put some of an unfinished case's occurrences into a new one, of the same priority and person.

    Raises :class:`CaseFinished`, :class:`NotInCase`, and :class:`CannotRearrange` unless some go and some
    stay.
    """
    require(actor, Permission.CASE_WORK, case=case)
    wanted = {occurrence.pk for occurrence in occurrences}
    with transaction.atomic():
        _lock_accounts(case)
        locked = locked_unfinished(case)
        going = locked.members.filter(occurrence__in=wanted)
        if going.count() != len(wanted):
            raise NotInCase(_("Some of these are not part of the case."))
        if not wanted or locked.members.count() == len(wanted):
            raise CannotRearrange(_("Choose some of the case, and leave some in it."))
        accounts = Account.objects.filter(occurrences__in=wanted).distinct()
        new = Case.objects.create(
            account=_only_account(list(accounts)),
            priority=locked.priority,
            imminent_danger=locked.imminent_danger,
            assigned_to=locked.assigned_to,
            split_from=locked,
            opened_at=now(),
        )
        roles = dict(locked.accounts.values_list("account", "role"))
        for account in accounts:
            CaseAccount.objects.create(case=new, account=account, role=roles[account.pk])
        going.update(case=new)
        _drop_accounts_without_members(locked)
        for one in (locked, new):
            one.state = state_by_decisions(one)
            one.save(update_fields=["state"])
        record(
            Event.CASE_SPLIT,
            actor,
            subject=case.pk,
            payload={"new": str(new.pk), "occurrences": len(wanted)},
        )
    return new


def _locked_in_order(into: Case, other: Case) -> tuple[Case, Case]:
    """Both, locked; accounts before cases, as arrivals do, and each by its id: nobody waits in a circle."""
    _lock_accounts(into, other)
    locked = {case.pk: locked_unfinished(case) for case in sorted((into, other), key=lambda case: case.pk)}
    return locked[into.pk], locked[other.pk]


def _lock_accounts(*cases: Case) -> None:
    concerned = Account.objects.filter(pk__in=CaseAccount.objects.filter(case__in=cases).values("account"))
    list(concerned.select_for_update(no_key=True).order_by("pk"))


def _bring_accounts(emptied: Case, kept: Case) -> None:
    there = {member.account_id: member for member in kept.accounts.all()}
    for member in emptied.accounts.all():
        known = there.get(member.account_id)
        if known is None:
            CaseAccount.objects.create(case=kept, account=member.account, role=member.role)
        elif known.role == CaseAccount.Role.UNKNOWN != member.role:
            known.role = member.role
            known.save(update_fields=["role"])


def _only_account(accounts: list[Account]) -> Account | None:
    """The account that the new case is about, where it is one account that has no unfinished case."""
    if len(accounts) != 1 or Case.objects.filter(UNFINISHED, account=accounts[0]).exists():
        return None
    return accounts[0]


def _drop_accounts_without_members(case: Case) -> None:
    """Who has nothing in the case any more has no role in it; whom the case is about stays."""
    still = case.members.filter(occurrence__account__isnull=False).values("occurrence__account")
    case.accounts.exclude(account__in=still).exclude(account=case.account_id).delete()
