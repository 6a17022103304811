"""What reviewers suggest for lists, and what list managers propose of it; another person approves that.

Confirmed material goes to an own list with all its digests and its likeness: a video with its frames, a
recording with its sound, a model with what its weights are known by. A dismissed file goes to a list of known
good ones by its SHA-256 alone, for nothing else may silence. Once approved, the past is re-checked.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import StoredAssessment, Suggestion
from safelight.server.assessment.opinions import answered_by
from safelight.server.assessment.policy import Opinions, wanted_for
from safelight.server.assessment.services import standing_one
from safelight.server.cases.models import Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.lists.models import HashList
from safelight.server.lists.services import add_entries
from safelight.server.lists.store import list_row
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.pdq import MINIMUM_QUALITY, PDQ
from safelight.signals.vpdq import VPDQ
from safelight.signals.weights import AUTOV3, TSID
from safelight.types import WHOLE, ListClass, ListEntry, MediaKind, Signal

_LISTED = {
    Suggestion.Kind.OWN: frozenset({"sha256", "sha1", "md5", PDQ.name, VPDQ.name, AUTOV3.name, TSID.name}),
    Suggestion.Kind.KNOWN_GOOD: frozenset({"sha256"}),
}
_OF_FRAMES = frozenset({PDQ.name, VPDQ.name})
_THREE = 3


def open_suggestions(actor: PersonActor) -> QuerySet[Suggestion]:
    """What waits, the oldest first."""
    require(actor, Permission.LIST_CHANGE)
    waiting = Suggestion.objects.filter(state=Suggestion.State.OPEN)
    return waiting.select_related("item", "decision").order_by("at", "pk")


def lists_for(kind: Suggestion.Kind) -> QuerySet[HashList]:
    """The lists that a suggestion of this kind may go to."""
    good = HashList.objects.filter(list_class=ListClass.KNOWN_GOOD.value)
    if kind is Suggestion.Kind.KNOWN_GOOD:
        return good.order_by("name")
    return HashList.objects.filter(own=True).exclude(pk__in=good).order_by("name")


def propose_listing(
    actor: PersonActor, suggestion: Suggestion, name: str, reason: str, review_at: datetime | None
) -> Suggestion:
    """Propose the file for a list; a second person approves it under the proposals.

    Raises :class:`AssessmentError` where the decision behind it stands no more, the policy wants more people
    to have answered, the list is of another kind or holds the file already; and what lists raise.
    """
    require(actor, Permission.LIST_CHANGE)
    with transaction.atomic():
        locked = _locked(suggestion)
        _check(locked, list_row(name))
        made = add_entries(actor, name, _entries(name, locked), reason=reason, review_at=review_at)
        if not isinstance(made, Proposal):
            raise AssessmentError(_("Nothing of this file is new to the list, or it was set apart there."))
        locked.state, locked.list_name, locked.proposal = Suggestion.State.PROPOSED, name, made
        _close(actor, locked, Event.LISTING_PROPOSED, reason)
    return locked


def decline_listing(actor: PersonActor, suggestion: Suggestion, reason: str) -> Suggestion:
    """Leave the file unlisted, and say why. Raises :class:`AssessmentError`."""
    require(actor, Permission.LIST_CHANGE)
    if not reason.strip():
        raise AssessmentError(_("Say why: who suggested it may ask."))
    with transaction.atomic():
        locked = _locked(suggestion)
        locked.state = Suggestion.State.DECLINED
        _close(actor, locked, Event.LISTING_DECLINED, reason)
    return locked


def _locked(suggestion: Suggestion) -> Suggestion:
    found = Suggestion.objects.select_for_update(of=("self",)).select_related("item", "decision")
    locked = found.get(pk=suggestion.pk)
    if locked.state != Suggestion.State.OPEN:
        raise AssessmentError(_("This was answered already."))
    return locked


def _check(suggestion: Suggestion, row: HashList) -> None:
    kind = Suggestion.Kind(suggestion.kind)
    if not lists_for(kind).filter(pk=row.pk).exists():
        raise AssessmentError(_("This list is not of the kind that was suggested. Choose another."))
    wanted = {
        Suggestion.Kind.OWN: Decision.Outcome.CONFIRMED,
        Suggestion.Kind.KNOWN_GOOD: Decision.Outcome.DISMISSED,
    }[kind]
    stands = standing_decisions().filter(occurrence=suggestion.decision.occurrence, outcome=wanted)
    if not stands.exists():
        raise AssessmentError(_("The decision behind this was changed since. Decline it."))
    three = wanted_for(suggestion.item) is Opinions.THREE
    if three and answered_by(suggestion.decision.case, suggestion.item) < _THREE:
        raise AssessmentError(_("The policy wants three people's answers before this is listed."))


def _entries(name: str, suggestion: Suggestion) -> list[ListEntry]:
    stored = standing_one(suggestion.decision.case, suggestion.item)
    code = _classification(stored) if suggestion.kind == Suggestion.Kind.OWN else None
    key = str(suggestion.item.pk)
    return [ListEntry(name, key, signal, code) for signal in _signals(suggestion)]


def _signals(suggestion: Suggestion) -> list[Signal]:
    item: Item = suggestion.item
    seen = record_keys().open_observation(item.pk, item.observation).observation
    kind = Suggestion.Kind(suggestion.kind)
    wanted = _LISTED[kind]
    # A film's music is in many films; only of what has nothing to see was the sound what was confirmed.
    heard = kind is Suggestion.Kind.OWN and item.kind == MediaKind.AUDIO
    told = [
        Signal(signal.type, signal.value)
        for signal in seen.signals
        if signal.value
        and not signal.part.members
        and (
            (heard and signal.type in SOUND_TYPES)
            or (signal.type == VPDQ.name and VPDQ.name in wanted)
            or (signal.type in wanted and signal.part == WHOLE)
        )
        and (signal.type not in _OF_FRAMES or (signal.quality or 0) >= MINIMUM_QUALITY)
    ]
    return list(dict.fromkeys(told))


def _classification(stored: StoredAssessment | None) -> str | None:
    """The codes of the schemes, so that whoever matches this later knows what was found."""
    if stored is None or not stored.codes:
        return None
    return " ".join(f"{scheme}:{told['code']}" for scheme, told in sorted(stored.codes.items()))


def _close(actor: PersonActor, suggestion: Suggestion, event: Event, reason: str) -> None:
    suggestion.answered_by, suggestion.answered_at = actor.person, now()
    suggestion.save()
    record(
        event,
        actor,
        subject=suggestion.item_id,
        payload={"suggestion": str(suggestion.pk), "kind": suggestion.kind, "reason": reason},
    )
