"""What the ledger calls people, keys and records: names that only a secret key connects with them."""

from __future__ import annotations

import hashlib
import hmac
from typing import assert_never
from uuid import UUID

from safelight.keys import Purpose
from safelight.server.people.actors import Actor, KeyActor, PersonActor, SystemActor
from safelight.server.secrets import process_keys


def pseudonym(id_: UUID, root_key: str | None = None) -> str:
    """What a record is called: HMAC-SHA256 of its id, cut to 32 hexadecimal digits.

    The same whether it acts or is acted on. It changes when the root key is rotated; see :func:`pseudonyms`.
    """
    key = process_keys().subkey(Purpose.LEDGER_PSEUDONYM, root_key)
    return hmac.digest(key, id_.bytes, hashlib.sha256)[:16].hex()


def pseudonyms(id_: UUID) -> tuple[str, ...]:
    """Every name that a record has had under the root keys still held: search for all of them."""
    return tuple(pseudonym(id_, root_key) for root_key in process_keys().ids_in_order())


def actor_name(actor: Actor) -> str:
    """Who acted, with what kind of actor that is. A process of the server goes by its own name."""
    match actor:
        case PersonActor(person=person):
            return f"person:{pseudonym(person.pk)}"
        case KeyActor(key=key):
            return f"key:{pseudonym(key.pk)}"
        case SystemActor(process=process):
            return f"process:{process}"
        case _:
            assert_never(actor)
