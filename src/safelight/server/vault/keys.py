"""Which key evidence is sealed to; nothing is sealed that the vault at hand could not open later."""

from __future__ import annotations

import threading

from django.db import transaction

from safelight.errors import WrappingKeyMissing
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.errors import SealingKeyRetired
from safelight.server.vault.events import Event
from safelight.server.vault.models import SealedObject, VaultKey
from safelight.vault.wrapping import SealingKey

_lock = threading.Lock()
_current: SealingKey | None = None


def unopenable(held: frozenset[str]) -> tuple[str, ...]:
    """Ids of the vault keys that evidence is or may yet be sealed to, and that are not among those held."""
    live = VaultKey.objects.filter(retired_at=None).values_list("pk", flat=True)
    sealed = SealedObject.objects.filter(state=SealedObject.State.SEALED)
    needed = {*live, *sealed.values_list("wrapping_key", flat=True).distinct()}
    return tuple(sorted(needed - held))


def prove_keys() -> SealingKey:
    """Compare the keys that the vault holds with those that evidence was sealed to; note its current one.

    Run at each start, before anything is received; a key that is new here retires the one before. Raises
    :class:`~safelight.errors.WrappingKeyMissing` when the vault could not open what there is, and
    :class:`~safelight.server.vault.errors.VaultUnreachable`.
    """
    held = place.vault().keys()
    with transaction.atomic():
        live = VaultKey.objects.select_for_update().filter(retired_at=None)
        sealed_to = SealedObject.objects.filter(state=SealedObject.State.SEALED)
        needed = {key.pk for key in live} | set(sealed_to.values_list("wrapping_key", flat=True).distinct())
        if missing := sorted(needed - held.ids):
            raise WrappingKeyMissing(
                f"Evidence was sealed to vault keys that this root key does not give: {', '.join(missing)}. "
                "Nothing more is sealed. Restore the key file of this workspace from your copy."
            )
        current = held.current
        _, is_new = VaultKey.objects.get_or_create(id=current.id, defaults={"public": current.public})
        retired = live.exclude(pk=current.id).update(retired_at=now())
        revived = VaultKey.objects.filter(pk=current.id).exclude(retired_at=None).update(retired_at=None)
        if is_new or retired or revived:
            record(Event.VAULT_KEY_CHANGED, SystemActor("vault"), payload={"key": current.id})
    return current


def sealing_key() -> SealingKey:
    """The public key to seal to: all that a web worker ever has. Asked for once a process; see above."""
    global _current  # noqa: PLW0603
    with _lock:
        if _current is None:
            _current = prove_keys()
        return _current


def forget_sealing_key() -> None:
    """Ask again next time: the key was rotated."""
    global _current  # noqa: PLW0603
    with _lock:
        _current = None


def refuse_retired(key_id: str) -> None:
    """In the transaction that records an object: raise :class:`SealingKeyRetired` for a key rotated away."""
    # Not locked: every intake would wait for every other. A transaction of seconds that is overtaken by a
    # rotation leaves a record under the old key, which the next rewrap_once finds.
    if not VaultKey.objects.filter(pk=key_id, retired_at=None).exists():
        forget_sealing_key()
        raise SealingKeyRetired("The vault's key was rotated meanwhile. Send the file again.")
