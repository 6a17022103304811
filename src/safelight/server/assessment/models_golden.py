"""Golden items: the operator's own benign pictures with the expected answers, in no case and no figure."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class GoldenItem(models.Model):
    """One picture, which is no item: nothing that counts, reports or lists items can come upon it.

    ``content`` seals its bytes, ``why`` what is told afterwards. ``expected`` has the axes on which there is
    one right answer.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100, unique=True)
    mime = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    expected = models.JSONField()
    why = models.BinaryField(null=True)
    loaded_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)


class GoldenTurn(models.Model):
    """One person was given one golden item, once, among the opinions that they gave.

    ``answers`` are theirs. ``level`` is the highest shown so far, and ``address_digest`` what is kept of a
    one-use address of a view of ``address_level``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(GoldenItem, models.PROTECT, related_name="turns")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(default=now)
    answers = models.JSONField(null=True)
    given_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField(default=0)
    address_digest = models.BinaryField(max_length=32, null=True)
    address_level = models.PositiveSmallIntegerField(default=0)
    address_until = models.DateTimeField(null=True)
    session = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "person"], name="a_golden_item_once_a_person"),
            models.UniqueConstraint(
                fields=["person"], condition=Q(given_at=None), name="one_golden_turn_at_a_time"
            ),
        ]


class GoldenRate(models.Model):
    """How many of a hundred opinions are golden items; the latest row is in force, without any it is none."""

    percent = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(percent__lte=50), name="at_most_half_are_golden")
        ]
