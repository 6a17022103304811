"""What people found, whom else was asked, and what was corrected. Answers are superseded, never edited."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.assessment import axes
from safelight.assessment.axes import UNDETERMINED
from safelight.server.assessment.models_golden import GoldenItem, GoldenRate, GoldenTurn
from safelight.server.ids import new_id, now

__all__ = [
    "AlikePair", "CaseRead", "Correction", "GoldenItem", "GoldenRate", "GoldenTurn", "Opinion", "Spread",
    "StoredAssessment", "Suggestion",
]  # fmt: skip


class StoredAssessment(models.Model):
    """One person's answers about one item in one case, at one time.

    ``codes`` are those of every scheme by its id, with its version and whether the person was asked for it.
    ``prefilled`` names the axes that a trusted list answered and the person left so. ``note`` is sealed.
    ``alone`` says that whoever answered had seen no other answer, ``single_operator`` that one person
    answered twice, as declared.
    """

    class Role(models.TextChoices):
        """In which turn it was given."""

        FIRST = "first"
        SECOND = "second"
        SENIOR = "senior"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="assessments")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="assessments")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.FIRST)
    outcome = models.CharField(max_length=20, default=UNDETERMINED)
    certainty = models.CharField(max_length=20, default=UNDETERMINED)
    severity = models.CharField(max_length=20, default=UNDETERMINED)
    age = models.CharField(max_length=20, default=UNDETERMINED)
    number = models.CharField(max_length=20, default=UNDETERMINED)
    sex = models.CharField(max_length=20, default=UNDETERMINED)
    appearance = models.CharField(max_length=20, default=UNDETERMINED)
    origin = models.CharField(max_length=20, default=UNDETERMINED)
    origin_certainty = models.CharField(max_length=20, default=UNDETERMINED)
    real_child = models.CharField(max_length=20, default=UNDETERMINED)
    origin_basis = models.JSONField(default=list)
    codes = models.JSONField(default=dict)
    prefilled = models.JSONField(default=list)
    note = models.BinaryField(null=True)
    alone = models.BooleanField(default=True)
    single_operator = models.BooleanField(default=False)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "item"], name="assessments_of_a_case")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "item"],
                condition=Q(role="first", supersedes=None),
                name="one_first_assessment_an_item_a_case",
            ),
        ]

    def told(self) -> axes.Assessment:
        """The answers."""
        asked = {scheme: given["code"] for scheme, given in self.codes.items() if given["asked"]}
        return axes.read(
            {name: getattr(self, name) for name in axes.AXES}, basis=frozenset(self.origin_basis), **asked
        )


class Opinion(models.Model):
    """Somebody else is to answer about an item, because the policy or a disagreement says so.

    ``differs`` names the decisive axes on which the answer differed from the first; a senior's settles them.
    """

    class Kind(models.TextChoices):
        """What who answers may see: a second person the first answer, a blind one nothing, a senior all."""

        SECOND = "second"
        BLIND = "blind"
        SENIOR = "senior"

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        TAKEN = "taken"
        GIVEN = "given"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="opinions")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="opinions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    turn = models.PositiveSmallIntegerField()
    taken_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    assessment = models.OneToOneField(StoredAssessment, models.PROTECT, null=True, related_name="given_as")
    differs = models.JSONField(default=list)
    wanted_at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "wanted_at"], name="opinions_waiting")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "item", "turn"],
                condition=~Q(state="dropped"),
                name="one_opinion_a_turn",
            ),
            models.CheckConstraint(
                condition=Q(state="given", assessment__isnull=False)
                | (~Q(state="given") & Q(assessment=None)),
                name="a_given_opinion_has_its_answers",
            ),
            models.CheckConstraint(
                condition=~Q(state="taken") | Q(taken_by__isnull=False), name="a_taken_opinion_has_somebody"
            ),
        ]


class CaseRead(models.Model):
    """Somebody read a case while a blind opinion about it waited; so they cannot give it."""

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="+")
    person = models.ForeignKey("people.Person", models.CASCADE, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "person"], name="case_read_once_a_person")
        ]


class Spread(models.Model):
    """One confirmation by which a decision was spread over equal files; its id comes from the form."""

    id = models.UUIDField(primary_key=True, editable=False)
    decision = models.ForeignKey("cases.Decision", models.PROTECT, related_name="spreads")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    occurrences = models.JSONField()
    at = models.DateTimeField(default=now)


class AlikePair(models.Model):
    """A file of a case that is alike to a file of another case, found by the hashes kept of the past.

    Each pair stands in both directions. ``distance`` is in bits of 256, ``share`` (0-1) of video frames.
    """

    item = models.ForeignKey("intake.Item", models.CASCADE, related_name="+")
    other = models.ForeignKey("intake.Item", models.CASCADE, related_name="+")
    how = models.CharField(max_length=10)
    distance = models.PositiveSmallIntegerField(null=True)
    share = models.FloatField(null=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "other"], name="two_files_are_one_pair")
        ]


class Suggestion(models.Model):
    """Who decided suggests that the file be listed; list managers propose it, and another approves that."""

    class Kind(models.TextChoices):
        """On what kind of list."""

        OWN = "own"
        KNOWN_GOOD = "known_good"

    class State(models.TextChoices):
        """Where it stands. ``proposed`` goes on under the list."""

        OPEN = "open"
        PROPOSED = "proposed"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="suggestions")
    decision = models.ForeignKey("cases.Decision", models.PROTECT, related_name="suggestions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    list_name = models.CharField(max_length=200, blank=True)
    proposal = models.ForeignKey("people.Proposal", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "kind"], condition=Q(state="open"), name="one_open_suggestion_an_item_a_kind"
            ),
        ]


class Correction(models.Model):
    """One step of what follows from an upheld complaint, and where it stands.

    ``report`` is the draft that corrects what a hotline was told: when it is finished the step is done.
    ``entries`` are the keys, of the source's own, of the entries that were wrong about the file.
    """

    class Kind(models.TextChoices):
        """What is put right."""

        DECISION = "decision"
        RESTORE = "restore"
        HOTLINE = "hotline"
        EXCEPTION = "exception"
        FEEDBACK = "feedback"
        FIGURES = "figures"

    class State(models.TextChoices):
        """``waiting`` for a person; ``done``; or there is nothing to put right."""

        WAITING = "waiting"
        DONE = "done"
        NOT_NEEDED = "not_needed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    complaint = models.ForeignKey("cases.Complaint", models.PROTECT, related_name="corrections")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    about = models.CharField(max_length=200, blank=True)
    report = models.ForeignKey("hotlines.Report", models.PROTECT, null=True, related_name="corrects")
    entries = models.JSONField(default=list)
    reference = models.CharField(max_length=200, blank=True)
    done_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["complaint", "kind", "about"], name="one_correction_a_step"),
        ]
