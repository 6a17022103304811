"""Assessments: given by whoever has the case, superseded and never edited, and read by who may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from safelight.assessment import axes
from safelight.assessment.axes import AXES, Outcome
from safelight.assessment.schemes import asked, derive
from safelight.errors import UsageError
from safelight.server.assessment.errors import AssessmentError, NotOpen
from safelight.server.assessment.events import Event
from safelight.server.assessment.loading import schemes
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.policy import Opinions, wanted_for
from safelight.server.assessment.prefill import prefill
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.models import Case
from safelight.server.cases.services import locked_unfinished
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.permissions import permissions_of, require
from safelight.server.people.roles import Permission

LONGEST_NOTE: Final = 10_000
"""Characters."""
SENIOR_TURN: Final = 9
"""After every other turn."""
_NOTE: Final = "assessment"
_TURNS: Final[Mapping[Opinions, tuple[tuple[int, Opinion.Kind], ...]]] = {
    Opinions.NONE: (),
    Opinions.SECOND: ((2, Opinion.Kind.SECOND),),
    Opinions.BLIND: ((2, Opinion.Kind.BLIND),),
    Opinions.THREE: ((2, Opinion.Kind.BLIND), (3, Opinion.Kind.BLIND)),
}


def assess(
    actor: PersonActor, case: Case, item: Item, told: axes.Assessment, *, note: str = ""
) -> StoredAssessment:
    """Answer about an item of a case that is assigned to the person; whom else the policy wants is asked.

    Answering again supersedes, until somebody else has answered too: from then on a senior does. ``note`` has
    up to 10,000 characters and is sealed. Raises :class:`CaseFinished`, :class:`NotInCase`, :class:`NotOpen`,
    and :class:`~safelight.errors.UsageError` for a code that a scheme does not have.
    """
    require(actor, Permission.DECISION_MAKE, case=case)
    with transaction.atomic():
        locked = locked_unfinished(case)
        if not locked.members.filter(occurrence__item=item).exists():
            raise NotInCase(_("This is not part of the case."))
        role = StoredAssessment.Role.FIRST
        answered = Opinion.objects.filter(case__in=family(case), item=item, state=Opinion.State.GIVEN)
        if answered.exists():
            if Permission.DECISION_SECOND not in permissions_of(actor.person):
                raise NotOpen(_("Somebody else has answered about this too. Ask a senior to decide it."))
            role = StoredAssessment.Role.SENIOR
        before = standing(case, item).filter(role=role).first()
        made = store(actor, locked, item, told, note=note, role=role, supersedes=before)
        if role == StoredAssessment.Role.FIRST:
            _want_others(actor, made)
    return made


def current(case: Case, item: Item) -> axes.Assessment | None:
    """What stands about an item in a case: a senior's answers, else the first person's; None without any.

    What was answered before a case was merged into this one, or this one split off, counts here too.
    """
    stored = standing_one(case, item)
    return stored.told() if stored else None


def assessed_items(case: Case) -> dict[UUID, axes.Assessment]:
    """What stands about every assessed item of a case, by the item's id."""
    found = standing(case).exclude(role=StoredAssessment.Role.SECOND)
    here = found.filter(item__in=case.members.values("occurrence__item"))
    # "first" sorts before "senior", whose answers therefore win.
    return {stored.item_id: stored.told() for stored in here.order_by("role", "at")}


def standing_one(case: Case, item: Item) -> StoredAssessment | None:
    """The row behind :func:`current`."""
    return standing(case, item).exclude(role=StoredAssessment.Role.SECOND).order_by("-role", "-at").first()


def standing(case: Case, item: Item | None = None) -> QuerySet[StoredAssessment]:
    """What no later answers of the same turn superseded."""
    later = StoredAssessment.objects.filter(supersedes=OuterRef("pk"))
    found = StoredAssessment.objects.filter(~Exists(later), case__in=family(case))
    return found if item is None else found.filter(item=item)


def family(case: Case) -> list[UUID]:
    """The case, those that were merged into it, and those that it was split off."""
    found, more = [case.pk], [case]
    while more:
        one = more.pop()
        related = list(Case.objects.filter(merged_into=one))
        if one.split_from is not None:
            related.append(one.split_from)
        more += [other for other in related if other.pk not in found]
        found += [other.pk for other in related if other.pk not in found]
    return found


def note_of(actor: Actor, stored: StoredAssessment) -> str:
    """The note, for who may read the case; empty where there is none."""
    require(actor, Permission.CASE_READ_OWN, case=stored.case)
    return record_keys().open_content(_NOTE, stored.pk, stored.note) if stored.note else ""


def store(
    actor: PersonActor,
    case: Case,
    item: Item,
    told: axes.Assessment,
    *,
    note: str,
    role: StoredAssessment.Role,
    supersedes: StoredAssessment | None = None,
    alone: bool = True,
    single_operator: bool = False,
) -> StoredAssessment:
    """Write answers, with the codes that follow from them now. Call it in a transaction."""
    if len(note) > LONGEST_NOTE:
        raise AssessmentError(_("A note has up to {most} characters.").format(most=LONGEST_NOTE))
    known = prefill(item)
    id_ = new_id()
    try:
        sealed = record_keys().seal_content(_NOTE, id_, note.strip()) if note.strip() else None
    except UnicodeEncodeError:
        raise AssessmentError(_("This is not valid text.")) from None
    made = StoredAssessment.objects.create(
        id=id_, case=case, item=item, person=actor.person, role=role, supersedes=supersedes,
        note=sealed, alone=alone, single_operator=single_operator, at=now(),
        **axes.answers(told),
        origin_basis=sorted(told.origin_basis),
        codes=_codes(told),
        prefilled=sorted(
            axis for axis in known.axes if getattr(known.told, axis) == getattr(told, axis)
        ),
    )  # fmt: skip
    record(
        Event.ASSESSMENT_SUPERSEDED if supersedes else Event.ASSESSMENT_GIVEN,
        actor,
        subject=case.pk,
        payload={
            "assessment": str(made.pk),
            "item": str(item.pk),
            "role": role.value,
            "supersedes": str(supersedes.pk) if supersedes else None,
            "single_operator": single_operator,
        },
    )
    return made


def want(actor: Actor, case: Case, item: Item, kind: Opinion.Kind, turn: int) -> None:
    """Ask somebody else, once a turn."""
    wanted = Opinion.objects.exclude(state=Opinion.State.DROPPED)
    if wanted.filter(case=case, item=item, turn=turn).exists():
        return
    made = Opinion.objects.create(case=case, item=item, kind=kind, turn=turn, wanted_at=now())
    record(
        Event.OPINION_WANTED, actor, subject=case.pk, payload={"opinion": str(made.pk), "kind": kind.value}
    )


def _want_others(actor: PersonActor, made: StoredAssessment) -> None:
    if made.outcome == Outcome.BEYOND_EXPERTISE:
        want(actor, made.case, made.item, Opinion.Kind.SENIOR, SENIOR_TURN)
        return
    for turn, kind in _TURNS[wanted_for(made.item)]:
        want(actor, made.case, made.item, kind, turn)


def _codes(told: axes.Assessment) -> dict[str, JSON]:
    known = schemes()
    by_person = {scheme.id for scheme in asked(told, known)}
    for scheme in known:
        given = told.answered.get(scheme.id)
        if scheme.id in by_person and given is not None and given not in scheme.codes:
            raise UsageError(
                _("The scheme {title} has no code {code}.").format(title=scheme.title, code=given)
            )
    return {
        scheme.id: {"code": code, "version": scheme.version, "asked": scheme.id in by_person}
        for scheme in known
        if (code := derive(told, known)[scheme.id]) is not None
    }


assert set(AXES) <= {field.name for field in StoredAssessment._meta.get_fields()}  # noqa: SLF001 - Django's own
