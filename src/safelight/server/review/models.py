"""Who looked at what, what protects them, and what was released to whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Viewing(models.Model):
    """One person shown one page of one file at one level. Rows are closed, never deleted.

    ``seconds`` is how long it was visible, as far as was heard and never longer than it can have been;
    ``charged`` is what counts against budgets: all that it may last until the first word is heard. ``pages``
    and ``whole`` are known once it was rendered: of how many pages this is one, and whether it shows all that
    belongs on it. ``reason`` is sealed. ``member`` is empty for the file itself, and for something inside it
    the steps that lead there: ``3.2`` is the second member of its third. ``attachments``: beside what is
    shown of it the file holds others, as a document does that are on none of its pages.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="viewings")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="viewings")
    level = models.PositiveSmallIntegerField()
    member = models.CharField(max_length=160, blank=True)
    page = models.PositiveIntegerField(default=1)
    pages = models.PositiveIntegerField(null=True)
    whole = models.BooleanField(default=False)
    attachments = models.BooleanField(default=False)
    reason = models.BinaryField(null=True)
    address_digest = models.BinaryField(max_length=32, null=True, unique=True)
    session = models.CharField(max_length=16, blank=True)
    longest = models.FloatField()
    opened_at = models.DateTimeField(default=now)
    shown_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    charged = models.FloatField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "opened_at"], name="viewings_of_a_person"),
            models.Index(fields=["item", "case"], name="viewings_of_an_item"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=4), name="level_of_a_rendering"),
            models.CheckConstraint(condition=Q(page__gte=1), name="pages_count_from_one"),
            # Two tabs at once cannot both show something: opening one ends the other.
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at=None), name="one_open_viewing_a_person"
            ),
        ]


class Playing(models.Model):
    """A view in which a recording ran at its own speed: its running time, in seconds, without a stop.

    ``sent`` segments were handed out, the last ``sent_at``, and reach to ``sent_to``; ``played_to`` is how
    far it was played, as far as was heard and never further than it can have been. ``ends`` is where the
    recording ends, once it was read that far.
    """

    class Of(models.TextChoices):
        """What of the recording."""

        PICTURE = "picture"
        SOUND = "sound"

    viewing = models.OneToOneField(Viewing, models.PROTECT, primary_key=True, related_name="playing")
    of = models.CharField(max_length=8, choices=Of.choices)
    begins = models.FloatField()
    sent = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    sent_to = models.FloatField()
    played_to = models.FloatField()
    ends = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    begins__gte=0, played_to__gte=models.F("begins"), played_to__lte=models.F("sent_to")
                ),
                name="no_more_was_played_than_was_sent",
            ),
        ]


class Inside(models.Model):
    """What was found inside a file when somebody asked; asked again, it is replaced.

    ``members`` is sealed, since their names are a stranger's words. ``needed`` says what has to be looked at
    before the file counts as viewed: by member (empty for the file's own pages), ``picture`` or ``sound``.
    ``unseen``: something in it cannot be shown, or was not read, so that the file never does.
    """

    item = models.OneToOneField("intake.Item", models.CASCADE, primary_key=True, related_name="inside")
    members = models.BinaryField()
    needed = models.JSONField()
    unseen = models.BooleanField()
    at = models.DateTimeField(default=now)


class MetadataShown(models.Model):
    """Somebody was shown what a file's embedded fields say. That is not a view of the file."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="metadata_shown")
    at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["item", "case"], name="metadata_of_an_item")]


class Budget(models.Model):
    """How much one person may look at from a level on, in an hour or a day; replaced, never edited.

    ``views`` and ``minutes`` of None set no limit.
    """

    class Per(models.TextChoices):
        """The last sixty minutes, or the day in the workspace's time zone."""

        HOUR = "hour"
        DAY = "day"

    level = models.PositiveSmallIntegerField()
    per = models.CharField(max_length=4, choices=Per.choices)
    views = models.PositiveIntegerField(null=True)
    minutes = models.PositiveIntegerField(null=True)
    set_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=now)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["level", "per"], condition=Q(replaced_at=None), name="one_budget_a_level_and_span"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=4), name="level_of_a_budget"),
        ]


class Protection(models.Model):
    """What the organisation asks of every view; the latest row is in force. Lower is always stronger.

    ``first_level`` is the highest with which looking at a file may begin, ``reason_from`` the level that
    needs a reason, ``highest`` the highest at all; a view is covered after ``cover_seconds``. A break of
    ``break_minutes`` follows ``minutes_to_break`` of looking (0: none), and may be put off once by
    ``finish_minutes``.
    """

    first_level = models.PositiveSmallIntegerField()
    reason_from = models.PositiveSmallIntegerField()
    highest = models.PositiveSmallIntegerField()
    cover_seconds = models.PositiveIntegerField()
    minutes_to_break = models.PositiveIntegerField()
    break_minutes = models.PositiveIntegerField()
    finish_minutes = models.PositiveIntegerField()
    set_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=now)


class OwnProtection(models.Model):
    """What somebody asks of their own views. It is used only where it is stronger."""

    person = models.OneToOneField("people.Person", models.PROTECT, primary_key=True, related_name="+")
    first_level = models.PositiveSmallIntegerField(null=True)
    highest = models.PositiveSmallIntegerField(null=True)
    cover_seconds = models.PositiveIntegerField(null=True)
    minutes_to_break = models.PositiveIntegerField(null=True)


class Rest(models.Model):
    """A break: nothing is shown from ``begins_at`` to ``ends_at``, in no tab, nor after a restart."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    due_at = models.DateTimeField(default=now)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    put_off = models.BooleanField(default=False)
    own_wish = models.BooleanField(default=False)
    handed_over = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person", "ends_at"], name="breaks_of_a_person")]


class CaseRelease(models.Model):
    """A second person let somebody look in a case that is not theirs, or is closed, until a time."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="releases")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    proposal = models.OneToOneField("people.Proposal", models.PROTECT, related_name="+")
    released_at = models.DateTimeField(default=now)
    until = models.DateTimeField()


class ExposureRelease(models.Model):
    """A second person let ``reader`` see what ``about`` looked at, until a time; ``about`` is shown that."""

    about = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    reader = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    proposal = models.OneToOneField("people.Proposal", models.PROTECT, related_name="+")
    released_at = models.DateTimeField(default=now)
    until = models.DateTimeField()


class Escalation(models.Model):
    """Why somebody was thought to be in danger, sealed, for the report; added to, never edited."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="escalations")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    reason = models.BinaryField()
    at = models.DateTimeField(default=now)
