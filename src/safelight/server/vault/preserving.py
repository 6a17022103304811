"""What a hotline's receipt starts: from then on, what was reported is kept as the law asks.

Called by the room of hotlines in the transaction that stores a finish receipt of a production hotline. A test
or mock report starts no clock and must not call it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.actors import Actor, SystemActor
from safelight.server.vault.clocks import stands
from safelight.server.vault.sealing import live_object
from safelight.vault.retention import Standing

_JOBS: Final = SystemActor("jobs")


def on_receipt(case: Case, at: datetime, *, reference: str = "", actor: Actor = _JOBS) -> None:  # noqa: ARG001
    """A report about the case was receipted at a time, under the hotline's ``reference``."""
    for item in Item.objects.filter(occurrences__membership__case=case).distinct():
        if (row := live_object(item)) is not None:
            stands(actor, row.pk, Standing.REPORTED, at)
