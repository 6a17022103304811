"""Golden items among the opinions: given like any other, told apart afterwards, and counted in sums alone.

Nobody can be judged by them: a lead sees per question how often answers were the expected ones, and that only
once several people have answered.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.assessment import axes
from safelight.assessment.axes import AXES, UNDETERMINED, Outcome
from safelight.errors import UsageError
from safelight.media.rendering import can_render
from safelight.server.assessment.errors import AssessmentError, NotOpen
from safelight.server.assessment.events import Event
from safelight.server.assessment.golden_file import GoldenPicture
from safelight.server.assessment.models import GoldenItem, GoldenRate, GoldenTurn
from safelight.server.assessment.words import TITLES, answer_in_words
from safelight.server.ids import new_id, now
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.exposure import LEAST_PEOPLE

LARGEST: Final = 8 << 20
"""Bytes of a golden picture."""
MOST_PERCENT: Final = 50
_CONTENT, _WHY = "golden", "golden_why"


@dataclass(frozen=True, slots=True)
class GoldenLine:
    """One question of a golden item: what was answered, what was expected; ``same`` where they agree."""

    title: str
    answered: str
    expected: str
    same: bool


@dataclass(frozen=True, slots=True)
class GoldenSum:
    """One question over all golden items and all people: how often the answer was the expected one."""

    title: str
    answers: int
    same: int


def load(actor: Actor, picture: GoldenPicture) -> GoldenItem:
    """Take a benign picture in. What it matched was checked where it was read.

    What is expected names axes and answers; the outcome is *not unlawful*, because the picture is benign.
    Raises :class:`~safelight.errors.UsageError`.
    """
    require(actor, Permission.WELLBEING_SET)
    name, expected = picture.name, picture.expected
    if not name.isprintable():
        raise UsageError(_("A golden item needs a name that can be printed."))
    shown = picture.mime.startswith("image/") and can_render(picture.mime)
    if len(picture.content) > LARGEST or not shown:
        raise UsageError(
            _("{name}: a golden item is a picture of at most {most} MiB that can be shown here.").format(
                name=name, most=LARGEST >> 20
            )
        )
    told = axes.read(expected)
    if told.outcome is not Outcome.NOT_UNLAWFUL:
        raise UsageError(
            _('{name}: golden items are benign, so what is expected says outcome = "not_unlawful".').format(
                name=name
            )
        )
    id_, keys = new_id(), record_keys()
    try:
        with transaction.atomic():
            made = GoldenItem.objects.create(
                id=id_,
                name=name,
                mime=picture.mime,
                size=len(picture.content),
                content=keys.seal_content(_CONTENT, id_, base64.b64encode(picture.content).decode()),
                expected={axis: value for axis, value in expected.items() if value != UNDETERMINED},
                why=keys.seal_content(_WHY, id_, picture.why.strip()) if picture.why.strip() else None,
                loaded_at=now(),
            )
            record(Event.GOLDEN_LOADED, actor, subject=made.pk)
    except IntegrityError:
        raise UsageError(
            _("There is a golden item named {name} already. Choose another name.").format(name=name)
        ) from None
    return made


def retire(actor: Actor, name: str) -> None:
    """Give an item to nobody any more. Raises :class:`~safelight.errors.UsageError`."""
    require(actor, Permission.WELLBEING_SET)
    with transaction.atomic():
        found = GoldenItem.objects.select_for_update().filter(name=name, retired_at=None).first()
        if found is None:
            raise UsageError(_("There is no golden item {name} in use.").format(name=name))
        found.retired_at = now()
        found.save(update_fields=["retired_at"])
        record(Event.GOLDEN_RETIRED, actor, subject=found.pk)


def rate() -> int:
    """Of a hundred opinions, how many are golden items: 0 unless a lead has set it."""
    latest = GoldenRate.objects.order_by("-set_at", "-pk").first()
    return latest.percent if latest else 0


def set_rate(actor: PersonActor, percent: int) -> None:
    """Mix in so many of a hundred, 0 to 50. Raises :class:`AssessmentError`."""
    require(actor, Permission.WELLBEING_SET)
    if not 0 <= percent <= MOST_PERCENT:
        raise AssessmentError(_("Choose 0 to {most} of a hundred.").format(most=MOST_PERCENT))
    with transaction.atomic():
        GoldenRate.objects.create(percent=percent, set_by=actor.person, set_at=now())
        record(Event.GOLDEN_RATE_SET, actor, subject=actor.person.pk, payload={"percent": percent})


def taken_by(actor: PersonActor) -> GoldenTurn | None:
    """The golden item that this person has and has not answered."""
    return GoldenTurn.objects.filter(person=actor.person, given_at=None).select_related("item").first()


def take_instead(actor: PersonActor) -> GoldenTurn | None:
    """In place of an opinion that waits, now and then, one that this person never had; mostly None."""
    if secrets.randbelow(100) >= rate():
        return None
    had = GoldenTurn.objects.filter(person=actor.person).values("item")
    unseen = list(GoldenItem.objects.filter(retired_at=None).exclude(pk__in=had).values_list("pk", flat=True))
    if not unseen:
        return None
    try:
        with transaction.atomic():
            return GoldenTurn.objects.create(
                item_id=secrets.choice(unseen), person=actor.person, taken_at=now()
            )
    except IntegrityError:
        return taken_by(actor)  # the same button, pressed twice


def give(actor: PersonActor, turn: GoldenTurn, told: axes.Assessment) -> GoldenTurn:
    """Answer, once. Nothing follows from it but what this person is told. Raises :class:`NotOpen`."""
    with transaction.atomic():
        mine = GoldenTurn.objects.select_for_update(of=("self",)).filter(person=actor.person, given_at=None)
        locked = mine.select_related("item").filter(pk=turn.pk).first()
        if locked is None:
            raise NotOpen(_("This is not yours to answer any more."))
        locked.answers, locked.given_at, locked.address_digest = axes.answers(told), now(), None
        locked.save(update_fields=["answers", "given_at", "address_digest"])
    return locked


def give_back(actor: PersonActor, turn: GoldenTurn) -> None:
    """Leave it: it may come again, and nobody asks why."""
    GoldenTurn.objects.filter(pk=turn.pk, person=actor.person, given_at=None).delete()


def told_afterwards(turn: GoldenTurn) -> tuple[tuple[GoldenLine, ...], str]:
    """For whoever answered: each question with an expected answer beside theirs, and why it is so."""
    answers, item = turn.answers or {}, turn.item
    lines = tuple(
        GoldenLine(
            str(TITLES[axis]),
            answer_in_words(axis, answers.get(axis, UNDETERMINED)),
            answer_in_words(axis, item.expected[axis]),
            answers.get(axis) == item.expected[axis],
        )
        for axis in AXES
        if axis in item.expected
    )
    return lines, record_keys().open_content(_WHY, item.pk, item.why) if item.why else ""


def sums(actor: Actor) -> tuple[GoldenSum, ...]:
    """Per question how often answers were the expected ones; nothing before several people have answered."""
    require(actor, Permission.FIGURES_READ)
    given = GoldenTurn.objects.exclude(given_at=None).select_related("item")
    if given.values("person").distinct().count() < LEAST_PEOPLE:
        return ()
    counted: dict[str, list[bool]] = {}
    for turn in given:
        for axis, value in turn.item.expected.items():
            counted.setdefault(axis, []).append((turn.answers or {}).get(axis) == value)
    return tuple(
        GoldenSum(str(TITLES[axis]), len(counted[axis]), sum(counted[axis]))
        for axis in AXES
        if axis in counted
    )


def bytes_of(item: GoldenItem) -> bytes:
    """The picture."""
    return base64.b64decode(record_keys().open_content(_CONTENT, item.pk, item.content))
