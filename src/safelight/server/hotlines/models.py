"""Reports: a row before they are a request. What they say is sealed; who, when and where it stands is not."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.hotlines.models_steps import Attempt, Orphan, Receipt, Sending, Standstill, Step
from safelight.server.ids import new_id, now

__all__ = [
    "Attempt", "Orphan", "Receipt", "Report", "ReportCase", "ReportFile", "Sending", "Standstill", "Step",
]  # fmt: skip


class Report(models.Model):
    """One duty to one hotline about one reported account, from its draft to its receipt.

    ``content`` seals :class:`safelight.hotlines.model.Report` as JSON, bound to this row. ``case`` is where
    it was begun; what it tells of is in ``told_cases``, because a stack may span cases and is told once.
    ``number`` is the hotline's own for it, empty until the hotline gave one; ``finished_at`` is the receipt's
    time. Only a report that was finished in production is one in the law's sense (:mod:`.standing`).
    """

    class State(models.TextChoices):
        """``sending``: the steps of :mod:`.sending` are under way. ``stopped``: they wait for a person."""

        DRAFT = "draft"
        SENDING = "sending"
        STOPPED = "stopped"
        FINISHED = "finished"
        DISCARDED = "discarded"

    class Environment(models.TextChoices):
        """As :class:`safelight.hotlines.cybertipline.environments.Environment`."""

        MOCK = "mock"
        TEST = "test"
        PRODUCTION = "production"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="reports_begun")
    told_cases = models.ManyToManyField("cases.Case", through="ReportCase", related_name="reports")
    account = models.ForeignKey("intake.Account", models.PROTECT, null=True, related_name="reports")
    hotline = models.SlugField(max_length=60)
    duty = models.SlugField(max_length=60)
    environment = models.CharField(max_length=10, choices=Environment.choices, default=Environment.TEST)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    content = models.BinaryField()
    revision = models.PositiveIntegerField(default=1)
    tier = models.SlugField(max_length=20, blank=True)
    number = models.CharField(max_length=100, blank=True)
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    made_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)
    handed_over_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    handed_over_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "changed_at"], name="reports_by_state")]
        constraints: ClassVar = [
            # Two people who draft at once get one draft, whichever case of the account each comes from.
            models.UniqueConstraint(
                fields=["account", "duty", "environment"],
                condition=Q(state__in=["draft", "sending", "stopped"]) & Q(account__isnull=False),
                name="one_unfinished_report_an_account_a_duty",
            ),
            models.UniqueConstraint(
                fields=["case", "duty", "environment"],
                condition=Q(state__in=["draft", "sending", "stopped"], account=None),
                name="one_unfinished_report_a_case_a_duty",
            ),
            models.CheckConstraint(
                condition=Q(state="finished", finished_at__isnull=False)
                | (~Q(state="finished") & Q(finished_at=None)),
                name="finished_report_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="discarded", discarded_at__isnull=False)
                | (~Q(state="discarded") & Q(discarded_at=None)),
                name="discarded_report_has_a_time",
            ),
        ]


class ReportCase(models.Model):
    """A case whose matter a report tells."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="+")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "case"], name="one_mention_a_case_a_report")
        ]


class ReportFile(models.Model):
    """One file that goes with a report, ``position`` from 0; ``details`` seals what is told of it.

    ``occurrence`` is the one that speaks for it: the earliest of this item in the cases that are told.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    report = models.ForeignKey(Report, models.CASCADE, related_name="files")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="+")
    occurrence = models.ForeignKey("intake.Occurrence", models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    details = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "item"], name="no_file_twice_in_a_report"),
            models.UniqueConstraint(fields=["report", "position"], name="one_file_a_position"),
        ]


class LeftOut(models.Model):
    """A file that a person took out of a draft and said why: it does not come back by itself."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="left_out")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="+")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "item"], name="left_out_once_a_report")
        ]
