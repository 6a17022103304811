"""What became of one arrival, for the platform that sent it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safelight.server.intake.answers import verdict_of
from safelight.server.intake.errors import NoSuchSubmission
from safelight.server.intake.models import ApiKey, Intake
from safelight.server.people.actors import KeyActor
from safelight.types import Verdict


@dataclass(frozen=True, slots=True)
class Submission:
    """One arrival. ``verdict`` is None for texts and URLs, and always for a key of an uploader's audience.

    *Unscanned: not yet* means that its turn has not come; ask again.
    """

    intake_id: UUID
    received_at: datetime
    verdict: Verdict | None


def submission(actor: KeyActor, intake_id: UUID) -> Submission:
    """What a key sent, as it stands now. Raises :class:`NoSuchSubmission`, the same for another key's."""
    intake = Intake.objects.filter(pk=intake_id, key=actor.key).first()
    if intake is None:
        raise NoSuchSubmission("This key has sent nothing of that id.")
    server = actor.key.audience == ApiKey.Audience.SERVER
    return Submission(intake.pk, intake.received_at, verdict_of(intake) if server else None)
