"""After a rotation of the root key: records are wrapped to the new key, and the objects stay as they are."""

from __future__ import annotations

from safelight.errors import KeyRecordMissing
from safelight.server.vault import place
from safelight.server.vault.key_records import DatabaseKeyRecords
from safelight.server.vault.keys import prove_keys
from safelight.server.vault.models import SealedObject


def rewrap_once() -> int:
    """Rewrap every record that is not under the current key; how many were. Can be killed and repeated.

    Once none is left, the old root key can be dropped. What is destroyed meanwhile stays destroyed.
    """
    current, records = prove_keys(), DatabaseKeyRecords()
    older = SealedObject.objects.filter(state=SealedObject.State.SEALED).exclude(wrapping_key=current.id)
    rewrapped = 0
    for object_id in list(older.values_list("pk", flat=True)):
        try:
            old = records.get(object_id)
        except KeyRecordMissing:
            continue
        rewrapped += records.replace(old, place.vault().rewrap(old))
    return rewrapped
