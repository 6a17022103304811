"""The platform's own names of what a message is about, opened at the moment of sending and stored nowhere.

They lie sealed in the records, and a message that waits must not hold them in the clear beside those.
"""

from __future__ import annotations

from uuid import UUID

from safelight.server.intake.models import Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import platform_id, told_of_occurrence


def names_of(submission: UUID) -> dict[str, str]:
    """The platform's id of the content and of the account, and the surface; only what was told."""
    found = Occurrence.objects.filter(intake=submission).select_related("account", "surface").first()
    if found is None:
        return {}
    keys = record_keys()
    named = {
        "content": told_of_occurrence(keys, found).content_id,
        "account": platform_id(keys, found.account) if found.account else "",
        "surface": found.surface.name if found.surface else "",
    }
    return {field: name for field, name in named.items() if name}
