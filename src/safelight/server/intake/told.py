"""What a platform told about an arrival, sealed: names, ids and addresses of people, whatever they did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from safelight.server.intake.context import Context, IpSeen
from safelight.server.intake.models import Account, Intake, IpEvent, Occurrence
from safelight.server.intake.record_keys import RecordKeys


@dataclass(frozen=True, slots=True)
class ToldOfIntake:
    """Who sent it, and their reference, in the platform's own words; empty where not told."""

    sender: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ToldOfOccurrence:
    """The platform's id of the content, and the file's name; empty where not told."""

    content_id: str = ""
    file_name: str = ""


def seal_intake(keys: RecordKeys, id_: UUID, context: Context) -> bytes | None:
    """What belongs to the arrival; None where nothing is told."""
    return _sealed(keys, "intake", id_, {"sender": context.sender, "reference": context.reference})


def seal_occurrence(keys: RecordKeys, id_: UUID, context: Context) -> bytes | None:
    """What belongs to the occurrence; None where nothing is told."""
    told = {"content_id": context.content_id, "file_name": context.file_name}
    return _sealed(keys, "occurrence", id_, told)


def ip_event(keys: RecordKeys, occurrence: Occurrence, seen: IpSeen) -> IpEvent:
    """The row, not yet saved, of an address that was seen."""
    made = IpEvent(occurrence=occurrence, kind=seen.kind, country=seen.country, at=seen.at)
    told = {"address": seen.address, "port": seen.port, "device": seen.device}
    made.seen = keys.seal_content("ip", made.pk, json.dumps(told))
    return made


def told_of_intake(keys: RecordKeys, intake: Intake) -> ToldOfIntake:
    """Raises :class:`~safelight.errors.KeyMismatch`, as all of these do."""
    if intake.told is None:
        return ToldOfIntake()
    return ToldOfIntake(**json.loads(keys.open_content("intake", intake.pk, intake.told)))


def told_of_occurrence(keys: RecordKeys, occurrence: Occurrence) -> ToldOfOccurrence:
    """What was told of the occurrence."""
    if occurrence.told is None:
        return ToldOfOccurrence()
    return ToldOfOccurrence(**json.loads(keys.open_content("occurrence", occurrence.pk, occurrence.told)))


def ip_seen(keys: RecordKeys, event: IpEvent) -> IpSeen:
    """The address, as it was told."""
    told = json.loads(keys.open_content("ip", event.pk, event.seen))
    return IpSeen(
        told["address"], told["port"], IpEvent.Kind(event.kind), told["device"], event.country, event.at
    )


def platform_id(keys: RecordKeys, account: Account) -> str:
    """The account's id on the platform."""
    return keys.open_content("account", account.pk, account.platform_id)


def _sealed(keys: RecordKeys, kind: str, id_: UUID, told: dict[str, str]) -> bytes | None:
    if not any(told.values()):
        return None
    return keys.seal_content(kind, id_, json.dumps(told))
