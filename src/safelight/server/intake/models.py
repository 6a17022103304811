"""How things reach us: surfaces and keys, intakes, the items in them, and where each item was seen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Surface(models.Model):
    """A place on the platform where things appear; an administrator says whether it is private."""

    class Visibility(models.TextChoices):
        """Whether what is said there is a private communication in the sense of the law."""

        PUBLIC = "public"
        PRIVATE = "private"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(max_length=60, unique=True)
    visibility = models.CharField(max_length=10, choices=Visibility.choices)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)


class LegalBasis(models.Model):
    """What permits scanning a surface for people in one country, and until when.

    ``country`` is an ISO 3166-1 alpha-2 code, or ``*`` for every country without a row of its own. What
    follows from the rows is in :mod:`safelight.server.intake.legal`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    surface = models.ForeignKey(Surface, models.PROTECT, related_name="bases")
    country = models.CharField(max_length=2, default="*")
    permitted = models.BooleanField()
    basis = models.CharField(max_length=300)
    valid_from = models.DateTimeField(default=now)
    valid_until = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["surface", "country"], condition=Q(withdrawn_at=None), name="one_live_basis_a_country"
            ),
        ]


class ApiKey(models.Model):
    """A key of the platform, bound to one surface. Only the digest of its secret is kept."""

    class Audience(models.TextChoices):
        """Who sees the answers: an uploader learns nothing, the platform's server a verdict."""

        UPLOADER = "uploader"
        SERVER = "server"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_digest = models.BinaryField(max_length=32)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.UPLOADER)
    scopes = models.JSONField(default=list)
    surface = models.ForeignKey(Surface, models.PROTECT, related_name="keys")
    created_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    suspended_reason = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True)


class Intake(models.Model):
    """One arrival: an upload, a report by somebody, a request, or something entered by hand.

    ``outcome``, ``reason``, ``rule`` and ``limited`` are the verdict, so that a repeated request gets the
    same answer; they are empty for texts and URLs, which are not scanned. Of what could not be scanned at
    once they change when it is. ``permitted_by`` says in words what permitted looking at it, as it stood
    then; ``basis`` is the row that says so, where it is one. ``told`` seals who sent it and their reference.
    """

    class Kind(models.TextChoices):
        """How it reached us."""

        UPLOAD = "upload"
        USER_REPORT = "user_report"
        TRUSTED_FLAGGER = "trusted_flagger"
        POLICE_REQUEST = "police_request"
        PUBLIC_URL_REPORT = "public_url_report"
        TEXT = "text"
        BY_HAND = "by_hand"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    surface = models.ForeignKey(Surface, models.PROTECT, null=True, related_name="+")
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    idempotency_key = models.CharField(max_length=100, null=True)
    basis = models.ForeignKey(LegalBasis, models.PROTECT, null=True, related_name="+")
    permitted_by = models.TextField(blank=True)
    told = models.BinaryField(null=True)
    outcome = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=30, blank=True)
    rule = models.CharField(max_length=200, blank=True)
    limited = models.CharField(max_length=30, blank=True)
    received_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="one_intake_an_idempotency_key",
            ),
        ]


class NotPermitted(models.Model):
    """How many arrivals of a day, in UTC, the law did not let us look at. Nothing else is kept of them."""

    surface = models.ForeignKey(Surface, models.PROTECT, related_name="not_permitted")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["surface", "day"], name="one_count_a_surface_a_day")
        ]


class Item(models.Model):
    """One per SHA-256: what it is and what was observed.

    A digest that equals a listed one is a listed value; so it is found by a keyed tag, and digest and
    observation are sealed. The observation is the latest in which the file could be scanned. Bytes that are
    kept only to scan them after all are kept until ``unscanned_until``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tag = models.BinaryField(max_length=32, unique=True)
    digest = models.BinaryField()
    size = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    mime = models.CharField(max_length=100)
    observation = models.BinaryField()
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True)
    rule = models.CharField(max_length=200, blank=True)
    observed_at = models.DateTimeField(default=now)
    first_seen_at = models.DateTimeField(default=now)
    unscanned_until = models.DateTimeField(null=True)


class Unscanned(models.Model):
    """An item whose bytes are kept because they could not be scanned, and why; tried again while it waits."""

    class State(models.TextChoices):
        """``expired``: its time was over before it could be scanned. It was counted, never called clear."""

        WAITING = "waiting"
        SCANNED = "scanned"
        EXPIRED = "expired"

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="unscanned")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=30)
    since = models.DateTimeField(default=now)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    tried_with = models.CharField(max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "since", "item"], name="unscanned_queue")]


class Account(models.Model):
    """An account on the platform, its id sealed and found by a keyed tag.

    What role it had is said per case, never here.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tag = models.BinaryField(max_length=32, unique=True)
    platform_id = models.BinaryField()
    first_seen_at = models.DateTimeField(default=now)


class Occurrence(models.Model):
    """Where and when an item, a text or a URL was seen: first-seen and re-seen are counted here.

    ``content_tag`` finds an equal text or URL again. ``match_tag`` is equal for two occurrences that the same
    entries of the same lists matched. Both are keyed. ``told`` seals the platform's id of the content and the
    file's name. ``private`` says that it was found by scanning a private communication.
    """

    class Visibility(models.TextChoices):
        """Who could see it where it was found."""

        UNKNOWN = "unknown"
        PUBLIC = "public"
        SHARED = "shared"
        PRIVATE = "private"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    intake = models.ForeignKey(Intake, models.PROTECT, related_name="occurrences")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="occurrences")
    text = models.BinaryField(null=True)
    url = models.BinaryField(null=True)
    content_tag = models.BinaryField(max_length=32, null=True, db_index=True)
    match_tag = models.BinaryField(max_length=32, null=True)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="occurrences")
    surface = models.ForeignKey(Surface, models.PROTECT, null=True, related_name="+")
    country = models.CharField(max_length=2, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.UNKNOWN)
    private = models.BooleanField(default=False)
    told = models.BinaryField(null=True)
    first_seen = models.BooleanField(default=True)
    occurred_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(item__isnull=False, text=None, url=None)
                    | Q(item=None, text__isnull=False, url=None)
                    | Q(item=None, text=None, url__isnull=False)
                ),
                name="one_thing_an_occurrence",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=Q(first_seen=True, item__isnull=False), name="an_item_is_new_once"
            ),
            models.UniqueConstraint(
                fields=["content_tag"],
                condition=Q(first_seen=True, content_tag__isnull=False),
                name="a_text_or_url_is_new_once",
            ),
        ]


class IpEvent(models.Model):
    """An address seen with an occurrence, as the platform told it; ``seen`` seals it, port and device."""

    class Kind(models.TextChoices):
        """What happened from that address."""

        UPLOAD = "upload"
        LOGIN = "login"
        REGISTRATION = "registration"
        PURCHASE = "purchase"
        OTHER = "other"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occurrence = models.ForeignKey(Occurrence, models.CASCADE, related_name="ip_events")
    seen = models.BinaryField()
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.UNKNOWN)
    country = models.CharField(max_length=2, blank=True)
    at = models.DateTimeField(null=True)
