"""Hash lists in the database: values sealed and found by keyed tags, every change numbered.

The tables from ``ListState`` to ``Tally`` are the embedded store's (:mod:`safelight.lists.schema` says what
is sealed and why); the numbers and sealed values of local lists are taken over as they are.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.lists.store import DEFAULT_DISTANCE, DEFAULT_PERCENT, MAX_DISTANCE
from safelight.server.ids import new_id, now
from safelight.types import ListClass


class ListState(models.Model):
    """One row: how far the store has come. Whoever changes lists holds its lock, so commits keep the order.

    ``version`` grows with every change, settings included; what was read is good while it stays.
    ``brought_to`` is the last local row taken over, ``brought_in_at`` when all were.
    """

    one = models.PositiveSmallIntegerField(primary_key=True, default=1)
    workspace = models.CharField(max_length=36)
    epoch = models.CharField(max_length=36)
    sequence = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    resealed_to = models.BigIntegerField(default=0)
    derivation = models.BinaryField()
    brought_to = models.BigIntegerField(default=0)
    brought_in_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(one=1), name="one_list_state")]


class ListRootKey(models.Model):
    """The root keys that rows are under: the one that seals, and a former one while a rotation runs."""

    id = models.CharField(primary_key=True, max_length=16)
    current = models.BooleanField()


class HashList(models.Model):
    """A list: its class, how far it reaches, where it comes from, and whether it has fallen to hold.

    ``own`` lists hold what this operator's people listed. ``categories`` maps the source's classifications to
    list classes. ``expected_hours`` is how often the source is brought in; 0 expects nothing.
    ``most_hits_percent`` and ``most_dismissed_percent`` are the ranges of :mod:`.conduct`, judged on what
    came after ``judged_from``. ``admitted`` is false for local lists that two people have yet to admit.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    list_class = models.CharField(max_length=20, choices=[(c.value, c.value) for c in ListClass])
    distance = models.PositiveSmallIntegerField(default=DEFAULT_DISTANCE)
    shadow = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    source = models.CharField(max_length=300, blank=True)
    query_percent = models.PositiveSmallIntegerField(default=DEFAULT_PERCENT)
    listed_percent = models.PositiveSmallIntegerField(default=DEFAULT_PERCENT)
    own = models.BooleanField(default=False)
    admitted = models.BooleanField(default=True)
    categories = models.JSONField(default=dict)
    sharing_terms = models.TextField(blank=True)
    expected_hours = models.PositiveIntegerField(default=0)
    synced_at = models.DateTimeField(null=True)
    most_hits_percent = models.FloatField(default=1.0)
    most_dismissed_percent = models.FloatField(default=50.0)
    judged_from = models.DateTimeField(default=now)
    held_reason = models.CharField(max_length=40, blank=True)
    held_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(distance__lte=MAX_DISTANCE), name="a_list_reaches_so_far"),
        ]


class Entry(models.Model):
    """A listed signal. Its number is the sequence number of the change that added it, never used twice."""

    number = models.BigIntegerField(primary_key=True)
    list = models.ForeignKey(HashList, models.PROTECT, related_name="entries", db_index=False)
    signal_type = models.CharField(max_length=20)
    tag = models.BinaryField(max_length=16)
    sealed = models.BinaryField()
    key = models.CharField(max_length=512)
    classification = models.CharField(max_length=512, null=True)
    flags = models.TextField(blank=True)
    held_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tag"], name="entry_tag"),
            models.Index(fields=["list", "key"], name="entry_key"),
        ]


class Withdrawal(models.Model):
    """That a row went; its sequence number comes after everything that was there before."""

    sequence = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    signal_type = models.CharField(max_length=20)


class Tally(models.Model):
    """How many live entries of a type a list has."""

    list = models.ForeignKey(HashList, models.CASCADE, related_name="tallies")
    signal_type = models.CharField(max_length=20)
    entries = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list", "signal_type"], name="one_tally_a_type"),
        ]


class WaitingBatch(models.Model):
    """Entries that take a second person, or were quarantined; nothing of them is searched while they wait.

    ``reason`` and ``review_at`` are the proposer's; both stay with the entries once they are admitted.
    """

    class Kind(models.TextChoices):
        """Why they wait."""

        PROPOSED = "proposed"
        QUARANTINE = "quarantine"

    class State(models.TextChoices):
        """Where the batch stands."""

        WAITING = "waiting"
        ADMITTED = "admitted"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    list = models.ForeignKey(HashList, models.CASCADE, related_name="batches")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(blank=True)
    review_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="admitted") | (Q(review_at__isnull=False) & ~Q(reason="")),
                name="admitted_with_reason_and_review",
            ),
        ]


class WaitingEntry(models.Model):
    """An entry of a waiting batch. Sealed apart from live rows: it has no number yet."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(WaitingBatch, models.CASCADE, related_name="entries")
    uid = models.UUIDField(default=new_id, editable=False)
    signal_type = models.CharField(max_length=20)
    tag = models.BinaryField(max_length=16)
    sealed = models.BinaryField()
    key = models.CharField(max_length=512)
    classification = models.CharField(max_length=512, null=True)
    flags = models.TextField(blank=True)
    why = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tag"], name="waiting_tag")]


class Hit(models.Model):
    """That an entry matched an occurrence: what rates and precision are counted from."""

    id = models.BigAutoField(primary_key=True)
    list = models.ForeignKey(HashList, models.CASCADE, related_name="hits", db_index=False)
    key = models.CharField(max_length=512)
    occurrence = models.ForeignKey("intake.Occurrence", models.CASCADE, related_name="list_hits")
    exact = models.BooleanField()
    at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["list", "at"], name="hit_list_at")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["occurrence", "list", "key"], name="one_hit_an_entry"),
        ]


class SeenHash(models.Model):
    """A hash kept of a past file, to be compared with what is listed later; never of private communications.

    ``number`` is given in the order of commits by :mod:`.seen`; until then the row is in no index. ``sealed``
    holds a PDQ hash and its seven variants, or a sound's fingerprint, which has no number; digests are found
    by their tag alone and kept nowhere else. An item is not forgotten before its rows are, so that every
    index hears of their end.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField(null=True, unique=True)
    item = models.ForeignKey("intake.Item", models.PROTECT, related_name="seen_hashes")
    signal_type = models.CharField(max_length=20)
    tag = models.BinaryField(max_length=16)
    sealed = models.BinaryField(null=True)
    part = models.TextField(blank=True)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tag"], name="seen_tag"),
            models.Index(fields=["seen_at"], name="seen_at"),
            models.Index(
                fields=["id"],
                condition=Q(number=None, sealed__isnull=False, signal_type="pdq"),
                name="seen_unnumbered",
            ),
            models.Index(
                fields=["id"],
                condition=Q(signal_type__in=["chromaprint", "chromaprint_short"], sealed__isnull=False),
                name="seen_sounds",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "signal_type", "tag"], name="a_hash_is_kept_once"),
        ]


class SeenGone(models.Model):
    """That a kept hash was deleted; ``sequence`` as in :class:`Withdrawal`."""

    sequence = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()


class SeenState(models.Model):
    """One row: how far numbering and re-checking have come.

    Re-checking goes up to ``settled_to``, the lists' sequence a while ago; ``asked_to`` is the next.
    """

    one = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.CharField(max_length=36)
    sequence = models.BigIntegerField(default=0)
    rechecked_epoch = models.CharField(max_length=36, blank=True)
    rechecked_to = models.BigIntegerField(default=0)
    settled_to = models.BigIntegerField(default=0)
    asked_to = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(one=1), name="one_seen_state")]


class RecheckHit(models.Model):
    """That a listed entry matches a file of the past: once an entry and kept hash, however often it is tried.

    A ``waiting`` hit makes cases as the caps allow, beyond them when a person has released it. ``detail`` is
    of recordings: how much of either side is the same, and when.
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        RELEASED = "released"
        OPENED = "opened"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    list = models.ForeignKey(HashList, models.CASCADE, related_name="recheck_hits")
    entry = models.BigIntegerField()
    key = models.CharField(max_length=512)
    classification = models.CharField(max_length=512, null=True)
    seen = models.BigIntegerField()
    item = models.ForeignKey("intake.Item", models.CASCADE, related_name="recheck_hits")
    signal_type = models.CharField(max_length=20)
    part = models.TextField(blank=True)
    distance = models.PositiveSmallIntegerField(default=0)
    transform = models.CharField(max_length=12)
    detail = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    found_at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["list", "state"], name="recheck_state")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "seen"], name="once_an_entry_and_kept_hash"),
        ]


class FoundByRecheck(models.Model):
    """An occurrence that came into a case because a later entry matched it.

    Its bytes may be gone: ``evidence_awaited`` says that none were kept when it was found.
    """

    occurrence = models.OneToOneField(
        "intake.Occurrence", models.CASCADE, primary_key=True, related_name="found_by_recheck"
    )
    hit = models.ForeignKey(RecheckHit, models.SET_NULL, null=True, related_name="found")
    evidence_awaited = models.BooleanField()
    at = models.DateTimeField(default=now)
