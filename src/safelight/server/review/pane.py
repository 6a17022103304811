"""What the page of a case needs to offer looking at its files: nothing of any file is in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from safelight.media import model_file
from safelight.media.hearing import can_hear
from safelight.media.inside import can_look_inside
from safelight.media.playing import can_play
from safelight.media.rendering import Level, can_render
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied, permissions_of, require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import Break, standing_of
from safelight.server.review.contents import LARGEST
from safelight.server.review.danger import Steps, emergency_steps, escalation_reason
from safelight.server.review.inside import ITSELF
from safelight.server.review.models import MetadataShown, Playing, Viewing
from safelight.server.review.played import resume_at
from safelight.server.review.protections import Protections, in_force
from safelight.server.review.viewing import has_viewed_whole, heard_whole, viewed_whole
from safelight.server.vault.models import SealedObject


@dataclass(frozen=True, slots=True)
class Tile:
    """One file. ``says`` is why it cannot be shown, empty where it can.

    ``reached`` is the highest level at which this person was shown it in this case, 0 for none. ``viewed``:
    the whole file was looked at in this case, by anybody; ``heard``: all of its sound was. ``renders`` says
    whether it has pictures; ``plays`` and ``sounds`` are the seconds from which a video and its sound would
    go on being played, None for what has none. ``inside``: it can be taken apart.
    """

    item: UUID
    says: str
    reached: int
    viewed: bool
    metadata_seen: bool
    renders: bool
    plays: int | None
    sounds: int | None
    heard: bool
    inside: bool = False


@dataclass(frozen=True, slots=True)
class LevelOffer:
    """One level as a button: what it shows, and whether it asks for a reason."""

    level: int
    name: str
    needs_reason: bool


@dataclass(frozen=True, slots=True)
class Danger:
    """Emergency steps, and the reason that was kept, empty where none was."""

    steps: tuple[Steps, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Pane:
    """Looking, for one case and one person. ``refused`` is why nothing is shown to them, empty if it is."""

    case: UUID
    refused: str
    standing: Break | None
    protections: Protections
    levels: tuple[LevelOffer, ...]
    playing: tuple[LevelOffer, ...]
    tiles: dict[UUID, Tile] = field(repr=False)
    danger: Danger | None
    may_release: bool


def pane_for(actor: PersonActor, case: Case) -> Pane:
    """The pane of a case for who may read it. Raises ``PermissionDenied``."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    protections = in_force(actor.person)
    standing = standing_of(actor.person)
    items = Item.objects.filter(pk__in=case.members.values("occurrence__item"))
    danger = Danger(emergency_steps(case), escalation_reason(actor, case)) if case.imminent_danger else None
    return Pane(
        case.pk,
        _refused(actor, case),
        standing if isinstance(standing, Break) else None,
        protections,
        _offers(protections),
        _offers(protections, least=Level.GREY),
        _tiles(actor, case, items),
        danger,
        Permission.CASE_RELEASE in permissions_of(actor.person),
    )


def pane_of_one(actor: PersonActor, case: Case, item: Item) -> Pane:
    """The pane of one file for whoever gives a second opinion: it tells nothing of what others looked at."""
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=item)
    protections, standing = in_force(actor.person), standing_of(actor.person)
    tile = _tiles(actor, case, Item.objects.filter(pk=item.pk))[item.pk]
    viewed = has_viewed_whole(item.pk, case=case, person_id=actor.person.pk)
    return Pane(
        case.pk,
        "",
        standing if isinstance(standing, Break) else None,
        protections,
        _offers(protections),
        _offers(protections, least=Level.GREY),
        {item.pk: replace(tile, viewed=viewed, heard=False, metadata_seen=False)},
        None,
        may_release=False,
    )


def pane_of_training(actor: PersonActor, turn: UUID, item: UUID, *, reached: int) -> Pane:
    """The same for a picture that is no file of any case, given for training among opinions."""
    require(actor, Permission.CASE_TAKE)
    protections, standing = in_force(actor.person), standing_of(actor.person)
    tile = Tile(
        item,
        "",
        reached,
        viewed=reached >= Level.GREY,
        metadata_seen=False,
        renders=True,
        plays=None,
        sounds=None,
        heard=False,
    )
    return Pane(
        turn,
        "",
        standing if isinstance(standing, Break) else None,
        protections,
        _offers(protections),
        _offers(protections, least=Level.GREY),
        {item: tile},
        None,
        may_release=False,
    )


def _offers(protections: Protections, *, least: Level = Level.TINY) -> tuple[LevelOffer, ...]:
    return tuple(
        LevelOffer(level, name, level >= protections.reason_from)
        for level, name in _names()
        if least <= level <= protections.highest
    )


def _refused(actor: PersonActor, case: Case) -> str:
    try:
        require(actor, Permission.EVIDENCE_VIEW, case=case)
    except PermissionDenied as denied:
        return str(denied)
    return ""


def _tiles(actor: PersonActor, case: Case, items: QuerySet[Item]) -> dict[UUID, Tile]:
    """By file, with the same few queries however many files a case has."""
    shown = Viewing.objects.filter(case=case, person=actor.person, shown_at__isnull=False)
    shown = shown.filter(member=ITSELF).exclude(playing__of=Playing.Of.SOUND)
    attached = set(shown.filter(attachments=True).values_list("item", flat=True))
    reached = dict(shown.values_list("item").annotate(Max("level")).order_by())
    told = set(MetadataShown.objects.filter(case=case).values_list("item", flat=True))
    viewed, heard, resume = viewed_whole(case), heard_whole(case), resume_at(case, actor.person)
    sealed = SealedObject.objects.filter(item__in=items.values("pk"), state=SealedObject.State.SEALED)
    kept = set(sealed.values_list("item", flat=True))
    return {
        item.pk: Tile(
            item.pk,
            _cannot(item, kept=item.pk in kept),
            reached.get(item.pk, int(Level.FACTS)),
            item.pk in viewed,
            item.pk in told,
            can_render(item.mime),
            int(resume.get((item.pk, ITSELF, Playing.Of.PICTURE), 0.0)) if can_play(item.mime) else None,
            int(resume.get((item.pk, ITSELF, Playing.Of.SOUND), 0.0)) if can_hear(item.mime) else None,
            item.pk in heard,
            can_look_inside(item.mime) or item.pk in attached,
        )
        for item in items.only("pk", "mime", "size")
    }


def _cannot(item: Item, *, kept: bool) -> str:
    if item.mime in model_file.MIMES:
        return _("A model file holds numbers and no pictures: there are facts only. Decide by them.")
    if not (can_render(item.mime) or can_hear(item.mime) or can_look_inside(item.mime)):
        return _("Files of this kind cannot be shown here. Decide by the facts, or ask who sent it.")
    if not kept:
        return _("Its bytes are not kept here, so there is nothing to show.")
    if item.size > LARGEST:
        too_large = _("It has more than {most} GiB, which is more than can be shown: there are facts only.")
        return too_large.format(most=LARGEST >> 30)
    return ""


def _names() -> tuple[tuple[int, str], ...]:
    return (
        (Level.TINY, _("tiny, grey, blurred")),
        (Level.REDUCED, _("larger, grey, reduced")),
        (Level.GREY, _("grey, full")),
        (Level.ORIGINAL, _("original colours")),
    )
