"""What was asked of a hotline and what came back: rows that outlive every process that asked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Step(models.Model):
    """One step of one report's protocol. ``opening`` counts the reports opened for the same matter, from 1.

    ``key`` names the step for good: whoever comes to it a second time finds this row. ``file`` is the place
    of the file in the report. ``restart`` and ``told_finished`` are a person's acts among the requests.
    """

    class Call(models.TextChoices):
        """As :class:`safelight.hotlines.cybertipline.outcomes.Call`, and what people do."""

        SUBMIT = "submit"
        UPLOAD = "upload"
        DESCRIBE = "fileinfo"
        FINISH = "finish"
        RETRACT = "retract"
        RESTART = "restart"
        TOLD_FINISHED = "told_finished"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=120, unique=True)
    report = models.ForeignKey("hotlines.Report", models.PROTECT, related_name="steps")
    opening = models.PositiveIntegerField()
    call = models.CharField(max_length=20, choices=Call.choices)
    file = models.PositiveIntegerField(null=True)


class Attempt(models.Model):
    """One request, written before it is sent. Its order among all of them is that of ``id``.

    ``outcome`` is ``pending`` while a worker is at it; whoever takes over from a worker that was lost makes
    it ``lost``. ``body`` is the answer as it came, whatever it was, and is never altered; an answer that
    comes after the attempt was given up is kept too (``late``). ``sent_digest`` is the SHA-256 of the
    document that was sent, in hexadecimal.
    """

    PENDING: ClassVar[str] = "pending"

    id = models.BigAutoField(primary_key=True)
    step = models.ForeignKey(Step, models.PROTECT, related_name="attempts")
    at = models.DateTimeField(default=now)
    outcome = models.CharField(max_length=20, default=PENDING)
    sent_digest = models.CharField(max_length=64, blank=True)
    answered_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    code = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=200, blank=True)
    body = models.BinaryField(null=True)
    late = models.BooleanField(default=False)
    number = models.CharField(max_length=100, blank=True)
    file_id = models.CharField(max_length=200, blank=True)
    told = models.TextField(blank=True)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")


class Sending(models.Model):
    """Who drives a report through its steps: one worker at a time, and the last to take it over."""

    report = models.OneToOneField("hotlines.Report", models.PROTECT, primary_key=True, related_name="sending")
    holder = models.CharField(max_length=40, blank=True)
    runs = models.PositiveIntegerField(default=0)
    why = models.CharField(max_length=20, blank=True)


class Orphan(models.Model):
    """A report that was opened at the hotline, or may have been, and is never finished.

    ``number`` is empty where the answer that had it was lost. It is gone at ``gone_by``, the hotline's own
    deadline as far as we can know.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    report = models.ForeignKey("hotlines.Report", models.PROTECT, related_name="orphans")
    opening = models.PositiveIntegerField()
    number = models.CharField(max_length=100, blank=True)
    since = models.DateTimeField(default=now)
    gone_by = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "opening"], name="one_orphan_an_opening")
        ]


class Receipt(models.Model):
    """The end of a report, as the hotline told it. ``body`` is the answer, verbatim.

    ``receipted`` is false where the receipt itself was lost: the hotline only said afterwards that the report
    had been finished. Nothing is made up in its place, and clocks run from that later moment, ``at``.
    """

    report = models.OneToOneField("hotlines.Report", models.PROTECT, primary_key=True, related_name="receipt")
    number = models.CharField(max_length=100)
    at = models.DateTimeField()
    receipted = models.BooleanField()
    body = models.BinaryField()
    attempt = models.OneToOneField(Attempt, models.PROTECT, related_name="+")


class Standstill(models.Model):
    """A hotline that refuses our name and password: nothing is sent there until somebody mends that.

    ``credentials`` is a keyed tag of what it refused; with others it is tried again by itself.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    environment = models.CharField(max_length=10)
    credentials = models.BinaryField(max_length=32)
    told = models.TextField()
    since = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment"], condition=Q(ended_at=None), name="one_standstill_a_hotline"
            )
        ]
