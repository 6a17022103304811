"""People, what they may do, and the acts that take two of them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from safelight.server.ids import new_id, now
from safelight.server.people.roles import EXCLUSIVE, Role


class PersonManager(BaseUserManager["Person"]):
    """Makes people; passwords are hashed with argon2 (settings)."""

    def create_user(self, email: str, password: str | None = None, name: str = "") -> Person:
        """A person without any role: nothing is permitted until two people grant one."""
        person = self.model(email=self.normalize_email(email).lower(), name=name)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Someone who signs in. There is no superuser: roles are granted, seconded and written to the ledger."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=now)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    is_staff = False
    is_superuser = False

    def __str__(self) -> str:
        return self.name or self.email


class RoleGrant(models.Model):
    """A role that a person holds from one moment to another; revoked, never deleted.

    Only administrators named at the machine's terminal hold theirs without a proposal.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role])
    proposal = models.ForeignKey("Proposal", models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "role"], condition=Q(revoked_at=None), name="one_live_grant_a_role"
            ),
            # At most one live grant out of each pair: two grants at once cannot both be committed.
            *(
                models.UniqueConstraint(
                    fields=["person"],
                    condition=Q(revoked_at=None, role__in=[role.value for role in pair]),
                    name="_or_".join(pair),
                )
                for pair in EXCLUSIVE
            ),
            models.CheckConstraint(
                condition=Q(proposal__isnull=False) | Q(role=Role.ADMINISTRATOR.value),
                name="granted_by_a_proposal",
            ),
        ]


class Proposal(models.Model):
    """An act that takes two people: one proposes with a reason, another approves or refuses."""

    class Kind(models.TextChoices):
        """What is proposed."""

        ROLE_GRANT = "role_grant"
        FACTOR_RESET = "factor_reset"
        EXPORT = "export"
        EXPORT_RECIPIENT = "export_recipient"
        EARLY_DESTRUCTION = "early_destruction"
        PRODUCTION_SWITCH = "production_switch"
        LIST_ENTRIES = "list_entries"
        LIST_ADMISSION = "list_admission"
        EVIDENCE_RELEASE = "evidence_release"
        EXPOSURE_RELEASE = "exposure_release"

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.UUIDField()
    detail = models.JSONField(default=dict)
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=now)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True)
    single_operator = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "expired"], decided_by=None, decided_at=None)
                | Q(state__in=["approved", "refused"], decided_by__isnull=False, decided_at__isnull=False),
                name="decided_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(carried_out_at=None) | Q(state="approved"), name="carried_out_if_approved"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(single_operator=True) | ~Q(decided_by=F("proposed_by")),
                name="two_people_decide",
            ),
        ]


class Invitation(models.Model):
    """A link that lets one person in, or in again; only the digest of its token is kept.

    ``invited_by`` is empty when the machine's terminal invited; ``email`` then too, because nobody has said
    it yet. ``person`` is set when the link is for someone who has joined already, to choose a new password.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField(blank=True)
    roles = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    invited_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(withdrawn_at=None), name="used_or_withdrawn"
            ),
        ]


class WorkspaceMark(models.Model):
    """Whether this is a demo workspace: written once, and the database refuses to change or delete it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    demo = models.BooleanField()
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_mark")]
