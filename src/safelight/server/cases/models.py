"""Cases and what was decided in them. A finished case never changes; what comes after opens a linked one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Case(models.Model):
    """A set of occurrences about one account or one event."""

    class State(models.TextChoices):
        """Where it stands. Only ``finished`` is final."""

        OPEN = "open"
        DECIDED = "decided"
        FINISHED = "finished"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    account = models.ForeignKey("intake.Account", models.PROTECT, null=True, related_name="cases")
    priority = models.PositiveSmallIntegerField(default=50)
    assigned_to = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    opened_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="finished", finished_at__isnull=False)
                | (~Q(state="finished") & Q(finished_at=None)),
                name="finished_has_a_time",
            ),
            # Fifty uploads of one account at once must open one case, not fifty.
            models.UniqueConstraint(
                fields=["account"],
                condition=~Q(state="finished") & Q(account__isnull=False),
                name="one_unfinished_case_an_account",
            ),
        ]


class CaseOccurrence(models.Model):
    """An occurrence belongs to one case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="members")
    occurrence = models.OneToOneField("intake.Occurrence", models.PROTECT, related_name="membership")
    added_at = models.DateTimeField(default=now)


class CaseAccount(models.Model):
    """An account's role in one case. Never "offender": that is for a court to say."""

    class Role(models.TextChoices):
        """What the account was in this matter, as far as is known."""

        UNKNOWN = "unknown"
        UPLOADER = "uploader"
        RECIPIENT = "recipient"
        VICTIM = "victim"
        COMPROMISED = "compromised"

    case = models.ForeignKey(Case, models.PROTECT, related_name="accounts")
    account = models.ForeignKey("intake.Account", models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.UNKNOWN)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "account"], name="one_role_an_account_a_case")
        ]


class Decision(models.Model):
    """What a person, or the operator's written policy, decided; superseded by a later one, never edited."""

    class Outcome(models.TextChoices):
        """What follows."""

        CONFIRMED = "confirmed"
        DISMISSED = "dismissed"
        ESCALATED = "escalated"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    occurrence = models.ForeignKey("intake.Occurrence", models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    policy_rule = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    decided_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, policy_rule="") | (Q(person=None) & ~Q(policy_rule="")),
                name="a_person_or_a_policy_decides",
            ),
            models.UniqueConstraint(
                fields=["occurrence"], condition=Q(supersedes=None), name="one_first_decision_an_occurrence"
            ),
        ]


class Settled(models.Model):
    """An occurrence that opened no case: the same account's same file was dismissed for the same matches.

    It is counted and written to the ledger, and names the dismissal that it rests on.
    """

    occurrence = models.OneToOneField(
        "intake.Occurrence", models.PROTECT, primary_key=True, related_name="settled"
    )
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="settled")
    at = models.DateTimeField(default=now)
