"""Cases and what was decided in them. A finished case never changes; what comes after opens a linked one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Case(models.Model):
    """A set of occurrences about one account or one event."""

    class State(models.TextChoices):
        """Where it stands. ``finished`` is final; so is ``merged``: what was in it is in another case."""

        OPEN = "open"
        DECIDED = "decided"
        FINISHED = "finished"
        MERGED = "merged"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    account = models.ForeignKey("intake.Account", models.PROTECT, null=True, related_name="cases")
    priority = models.PositiveSmallIntegerField(default=50)
    imminent_danger = models.BooleanField(default=False)
    assigned_to = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    split_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="split_off")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="took_in")
    opened_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            # The order of the queue (queue.py), so that a page of it is one walk along this index.
            models.Index(fields=["state", "-imminent_danger", "-priority", "id"], name="the_queue"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into=None)),
                name="merged_has_a_place",
            ),
            models.CheckConstraint(
                condition=Q(state="finished", finished_at__isnull=False)
                | (~Q(state="finished") & Q(finished_at=None)),
                name="finished_has_a_time",
            ),
            # Fifty uploads of one account at once must open one case, not fifty.
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["open", "decided"]) & Q(account__isnull=False),
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

    class Basis(models.TextChoices):
        """What it rests on, as was observed. Only ``viewed`` is ever told as the file having been seen."""

        VIEWED = "viewed"
        HASH_CONFIRMED = "hash_confirmed"
        EQUAL_FILE = "equal_file"
        """Its bytes equal a file of another case that the same person decided on."""
        SHOWN_NEAR = "shown_near"
        """Shown, though not as large as counts as viewed, beside a near file that they decided on."""
        WITHOUT_VIEWING = "without_viewing"

    class Outcome(models.TextChoices):
        """What follows. The last three leave the matter open: to a senior, to the platform, to later."""

        CONFIRMED = "confirmed"
        DISMISSED = "dismissed"
        ESCALATED = "escalated"
        ASKED = "asked"
        HELD = "held"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    occurrence = models.ForeignKey("intake.Occurrence", models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    basis = models.CharField(max_length=20, choices=Basis.choices, default=Basis.WITHOUT_VIEWING)
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


class Comment(models.Model):
    """What somebody noted in a case, sealed. Notes are added, never edited."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="comments")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    text = models.BinaryField()
    at = models.DateTimeField(default=now)


class PassedOn(models.Model):
    """Somebody passed a case on, for which nobody asks a reason; they are not offered it again."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="passed_on")
    person = models.ForeignKey("people.Person", models.CASCADE, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "person"], name="passed_on_once_a_person")
        ]


class Complaint(models.Model):
    """An objection to what was done about an occurrence; answered by someone who did not decide it."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open"
        UPHELD = "upheld"
        REJECTED = "rejected"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occurrence = models.ForeignKey("intake.Occurrence", models.PROTECT, related_name="complaints")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="complaints")
    key = models.ForeignKey("intake.ApiKey", models.PROTECT, null=True, related_name="+")
    recorded_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    text = models.BinaryField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    received_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    answered_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.BinaryField(null=True)
    single_operator = models.BooleanField(default=False)
    superseding = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="complaints_due")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["occurrence"], condition=Q(state="open"), name="one_open_complaint_an_occurrence"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_by=None, answered_at=None, answer=None)
                | (
                    ~Q(state="open")
                    & Q(answered_by__isnull=False, answered_at__isnull=False, answer__isnull=False)
                ),
                name="an_answer_has_an_author",
            ),
        ]
