"""What is known of a case and its files, put into the words of a bundle's description."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

from safelight.bundle.description import (
    DecisionTold,
    Description,
    ItemTold,
    MatchTold,
    ProvenanceTold,
)
from safelight.bundle.layout import item_name
from safelight.server.bundle.assessed import assessed
from safelight.server.bundle.custody import custody_of
from safelight.server.bundle.models import Export
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.ledger.pseudonyms import pseudonym
from safelight.server.people.models import Person
from safelight.server.secrets import process_keys
from safelight.server.vault.models import Preserved, SealedObject
from safelight.types import WHOLE, Match, Observation

_DIGESTS = ("md5", "sha1", "sha256")


@dataclass(frozen=True, slots=True)
class Described:
    """A description, the sealed objects whose bytes go in, in its order, and the ledger rows it rests on."""

    description: Description
    objects: tuple[UUID, ...]
    rows: tuple[UUID, ...]


def describe(export: Export, *, signer: str) -> Described:
    """Describe a released bundle as the case stands now. Raises :class:`~safelight.errors.KeyMismatch`."""
    case, proposal = export.case, export.proposal
    assert proposal is not None
    assert export.released_at is not None
    items = tuple(_items(export))
    names = {item.id: f"item {number}" for number, item in enumerate(items, 1)}
    custody, rows = custody_of(case, names)
    description = Description(
        id=export.pk,
        workspace=process_keys().workspace,
        software=f"Safelight {version('safelight')}",
        case=case.pk,
        case_state=case.state,
        made_at=now(),
        recipient=export.recipient.name,
        recipient_fingerprint=export.recipient.fingerprint,
        purpose=export.purpose,
        asked_by=_person(proposal.proposed_by),
        asked_at=proposal.proposed_at,
        released_by=_person(proposal.decided_by),
        released_at=export.released_at,
        single_operator=proposal.single_operator,
        signer=signer,
        items=items,
        custody=custody,
        finished_reports=tuple(
            f"{kept.reference or 'without a reference'}, {kept.at:%Y-%m-%d %H:%M} UTC"
            for kept in Preserved.objects.filter(case=case).order_by("at")
        ),
    )
    inside = tuple(item.sealed_object for item in items if item.name is not None and item.sealed_object)
    return Described(description, inside, tuple(rows))


def _items(export: Export) -> Iterable[ItemTold]:
    keys, number = record_keys(), 0
    confirmed = _confirmed(export.case)
    in_order = Item.objects.filter(occurrences__membership__case=export.case).distinct().order_by("pk")
    for item in in_order:
        sealed = SealedObject.objects.filter(item=item).order_by("-sealed_at").first()
        told = _item(keys, export.case, item, sealed)
        missing = _missing(item, sealed, handed_out=export.whole_case or item.pk in confirmed)
        if missing:
            yield told.model_copy(update={"missing": missing})
        else:
            number += 1
            yield told.model_copy(update={"name": item_name(number)})


def _confirmed(case: Case) -> set[UUID]:
    found = standing_decisions().filter(occurrence__membership__case=case, outcome=Decision.Outcome.CONFIRMED)
    return set(found.values_list("occurrence__item", flat=True))


def _missing(item: Item, sealed: SealedObject | None, *, handed_out: bool) -> str:
    if sealed is None:
        return "the sender never kept its bytes"
    if sealed.state != SealedObject.State.SEALED:
        return f"its bytes were destroyed on {sealed.destroyed_at:%Y-%m-%d}"
    if not handed_out:
        return "nobody confirmed it, and only confirmed files were asked for"
    return "" if sealed.length == item.size else "the sealed file has another size than the recorded one"


def _item(keys: RecordKeys, case: Case, item: Item, sealed: SealedObject | None) -> ItemTold:
    seen = keys.open_observation(item.pk, item.observation).observation
    live = sealed is not None and sealed.state == SealedObject.State.SEALED
    decisions = standing_decisions().filter(occurrence__membership__case=case, occurrence__item=item)
    return ItemTold(
        id=item.pk,
        name=None,
        size=item.size,
        kind=item.kind,
        mime=item.mime,
        digests={**_digests(seen), "sha256": keys.open_digest(item.pk, item.digest)},
        sealed_object=sealed.pk if sealed and live else None,
        sealed_at=sealed.sealed_at if sealed else None,
        first_seen_at=item.first_seen_at,
        matches=tuple(map(_match, seen.matches)),
        provenance=tuple(
            ProvenanceTold(kind=one.kind, grade=one.grade.value, summary=one.summary)
            for one in seen.provenance
        ),
        provenance_examined=seen.provenance_examined,
        decisions=tuple(_decision(one) for one in decisions.order_by("decided_at")),
        assessment=assessed(case, item),
    )


def _digests(seen: Observation) -> dict[str, str]:
    return {one.type: one.value for one in seen.signals if one.type in _DIGESTS and one.part == WHOLE}


def _match(match: Match) -> MatchTold:
    return MatchTold(
        list=match.list,
        list_class=match.list_class.value,
        entry_key=match.entry_key,
        classification=match.classification,
        signal=match.signal.type,
        distance=match.distance,
        part=str(match.signal.part),
    )


def _decision(one: Decision) -> DecisionTold:
    return DecisionTold(
        outcome=one.outcome,
        basis=one.basis,
        by=f"person:{pseudonym(one.person_id)}" if one.person_id else "",
        policy_rule=one.policy_rule,
        at=one.decided_at,
    )


def _person(person: Person | None) -> str:
    return "" if person is None else f"{person.name} <{person.email}>" if person.name else person.email
