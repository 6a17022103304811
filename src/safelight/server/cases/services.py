"""Cases: opened and extended by what arrives, decided by people, finished for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from safelight.server.cases import announcing
from safelight.server.cases.containing import contain_account
from safelight.server.cases.errors import CaseError, CaseFinished, NotAllDecided, NotInCase, ReasonNeeded
from safelight.server.cases.events import Event
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Complaint, Decision
from safelight.server.ids import now
from safelight.server.intake.models import Account, Intake, Item, Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault.services import stand_as_decided

JOINED: Final[list[Callable[[Occurrence], None]]] = []
"""Called in the transaction in which an occurrence joined a case."""
UNFINISHED = Q(state__in=[Case.State.OPEN, Case.State.DECIDED])
"""What may still change."""


def open_or_extend(occurrence: Occurrence, priority: int, actor: Actor) -> Case:
    """Put an occurrence into its account's unfinished case, or into a new one that follows an earlier one.

    Without an account, the unfinished case of the same item, text or URL without an account takes it.
    ``priority`` is 0-100; a case keeps the highest. A decided case is open again, for the new member has no
    decision. Runs in the caller's transaction; two at once extend one case.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an occurrence and its case are committed together")
    _lock_what_it_is_about(occurrence)
    case = _unfinished_case_of(occurrence)
    new = case is None
    if case is None:
        case = Case.objects.create(
            account=occurrence.account, priority=priority, follows=_followed(occurrence), opened_at=now()
        )
    else:
        case.priority, case.state = max(case.priority, priority), Case.State.OPEN
        case.save(update_fields=["priority", "state"])
    CaseOccurrence.objects.create(case=case, occurrence=occurrence, added_at=now())
    if occurrence.account is not None:
        uploaded = occurrence.intake.kind == Intake.Kind.UPLOAD
        role = CaseAccount.Role.UPLOADER if uploaded else CaseAccount.Role.UNKNOWN
        CaseAccount.objects.get_or_create(case=case, account=occurrence.account, defaults={"role": role})
    record(
        Event.CASE_OPENED if new else Event.CASE_EXTENDED,
        actor,
        subject=case.pk,
        payload={
            "occurrence": str(occurrence.pk),
            "priority": case.priority,
            "follows": str(case.follows_id) if new and case.follows_id else None,
        },
    )
    announcing.case_has(case, occurrence, new=new)
    for follow in JOINED:
        follow(occurrence)
    return case


def settling_dismissal(occurrence: Occurrence) -> Decision | None:
    """A person's dismissal that covers this occurrence too, so that no case opens for it.

    Only of the same file, matched by the very same entries, and only while it stands: of the same account, or
    of anybody where a complaint was upheld. Anything else about a file that was once dismissed opens a case
    that follows the earlier one.
    """
    if occurrence.item_id is None or occurrence.match_tag is None:
        return None
    upheld = Q(pk__in=Complaint.objects.filter(superseding__isnull=False).values("superseding"))
    if occurrence.account_id is not None:
        upheld |= Q(occurrence__account_id=occurrence.account_id)
    return (
        standing_decisions()
        .filter(
            upheld,
            outcome=Decision.Outcome.DISMISSED,
            person__isnull=False,
            occurrence__item_id=occurrence.item_id,
            occurrence__match_tag=bytes(occurrence.match_tag),
        )
        .order_by("-decided_at")
        .first()
    )


def finish(actor: Actor, case: Case) -> Case:
    """Finish a case in which everything is decided. From here on neither we nor the database change it.

    Raises :class:`NotAllDecided` and :class:`CaseFinished`.
    """
    require(actor, Permission.CASE_WORK, case=case)
    with transaction.atomic():
        locked = locked_unfinished(case)
        if state_by_decisions(locked) is not Case.State.DECIDED:
            raise NotAllDecided(_("Something in this case waits for a decision, or for an answer."))
        locked.state, locked.finished_at = Case.State.FINISHED, now()
        locked.save(update_fields=["state", "finished_at"])
        record(Event.CASE_FINISHED, actor, subject=case.pk, payload={"occurrences": locked.members.count()})
        for item in Item.objects.filter(occurrences__membership__case=locked).distinct():
            stand_as_decided(actor, item, locked.finished_at)
        announcing.case_finished(locked)
    return locked


def set_role(actor: Actor, case: Case, account: Account, role: CaseAccount.Role, reason: str) -> None:
    """Say what an account was in this matter. Raises :class:`CaseFinished` and :class:`NotInCase`."""
    require(actor, Permission.CASE_WORK, case=case)
    with transaction.atomic():
        locked = locked_unfinished(case)
        known = locked.accounts.filter(account=account).first()
        if known is None:
            raise NotInCase(_("This account is not part of the case."))
        before, known.role = known.role, role
        known.save(update_fields=["role"])
        record(
            Event.ACCOUNT_ROLE_SET,
            actor,
            subject=case.pk,
            payload={"account": str(account.pk), "role": role.value, "reason": reason},
        )
        contain_account(locked, account, before, role)


def follow_up(actor: Actor, case: Case, reason: str) -> Case:
    """Open a case that follows a finished one: after an upheld complaint, say. Its decisions may supersede.

    Where the account has an unfinished case, that one is returned.
    """
    require(actor, Permission.CASE_RELEASE)
    if not reason.strip():
        raise ReasonNeeded(_("Say why this matter is taken up again."))
    with transaction.atomic():
        earlier = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        if earlier.state != Case.State.FINISHED:
            raise CaseError(_("This case is not finished; go on in it."))
        if earlier.account is not None:
            Account.objects.select_for_update(no_key=True).get(pk=earlier.account.pk)
            if open_one := Case.objects.filter(UNFINISHED, account=earlier.account).first():
                return open_one
        opened = Case.objects.create(
            account=earlier.account, priority=earlier.priority, follows=earlier, opened_at=now()
        )
        for member in earlier.accounts.all():
            CaseAccount.objects.create(case=opened, account=member.account, role=member.role)
        record(
            Event.CASE_OPENED, actor, subject=opened.pk, payload={"follows": str(case.pk), "reason": reason}
        )
    return opened


def locked_unfinished(case: Case) -> Case:
    """The case as it is now, locked until the transaction ends. Raises :class:`CaseFinished`."""
    locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if locked.state == Case.State.FINISHED:
        raise CaseFinished(_("This case is finished and never changes. Open one that follows it."))
    if locked.state == Case.State.MERGED:
        raise CaseFinished(_("This case was merged into another one. Go on there."))
    return locked


def state_by_decisions(case: Case) -> Case.State:
    """Decided when every member has a standing decision that confirms or dismisses; else open."""
    closing = [Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED]
    settled = standing_decisions().filter(outcome__in=closing)
    waiting = case.members.exclude(occurrence__in=settled.values("occurrence"))
    return Case.State.OPEN if waiting.exists() else Case.State.DECIDED


def standing_decisions() -> QuerySet[Decision]:
    """Decisions that no later one superseded."""
    return Decision.objects.exclude(Exists(Decision.objects.filter(supersedes=OuterRef("pk"))))


def _lock_what_it_is_about(occurrence: Occurrence) -> None:
    if occurrence.item_id is not None:
        Item.objects.select_for_update(no_key=True).get(pk=occurrence.item_id)
    if occurrence.account_id is not None:
        Account.objects.select_for_update(no_key=True).get(pk=occurrence.account_id)


def _unfinished_case_of(occurrence: Occurrence) -> Case | None:
    """The case about its account; else, after a merge or a split, one that its account has a part in."""
    unfinished = Case.objects.filter(UNFINISHED).order_by("opened_at")
    unfinished = unfinished.select_for_update(no_key=True, of=("self",))
    account = occurrence.account_id
    if account is None:
        same = Exists(_same_content(occurrence).filter(case=OuterRef("pk")))
        return unfinished.filter(same, account=None).first()
    has_part = Exists(CaseAccount.objects.filter(case=OuterRef("pk"), account=account))
    return unfinished.filter(account=account).first() or unfinished.filter(has_part).first()


def _same_content(occurrence: Occurrence) -> QuerySet[CaseOccurrence]:
    if occurrence.item_id is not None:
        return CaseOccurrence.objects.filter(occurrence__item_id=occurrence.item_id)
    tag = bytes(occurrence.content_tag) if occurrence.content_tag else b""
    return CaseOccurrence.objects.filter(occurrence__content_tag=tag)


def _followed(occurrence: Occurrence) -> Case | None:
    """The latest finished case that the account had a part in; else where the same content was dismissed."""
    if occurrence.account_id is not None:
        ours = Case.objects.filter(accounts__account=occurrence.account_id, state=Case.State.FINISHED)
        if latest := ours.order_by("-finished_at").first():
            return latest
    dismissed = standing_decisions().filter(
        outcome=Decision.Outcome.DISMISSED,
        occurrence__in=_same_content(occurrence).values("occurrence"),
    )
    latest_dismissal = dismissed.order_by("-decided_at").select_related("case").first()
    return latest_dismissal.case if latest_dismissal else None
