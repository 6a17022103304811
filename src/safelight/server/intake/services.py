"""How anything reaches us: permission first, then the scan, one transaction, and the answer after it."""

from __future__ import annotations

from typing import Final

from safelight.server.intake.answers import NOT_PERMITTED, Received, earlier_answer
from safelight.server.intake.arrivals import (
    Arrival,
    ScannedFile,
    Text,
    Url,
    Words,
    check_words,
    from_person,
    from_platform,
)
from safelight.server.intake.clear import is_plainly_clear, take_in_clear
from safelight.server.intake.context import NOTHING_TOLD, Context
from safelight.server.intake.counting import count_not_permitted
from safelight.server.intake.legal import Permitted
from safelight.server.intake.models import Intake
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.recording import take_in
from safelight.server.intake.scanning import is_for_later, scan_spool, sha256_of, unseen_of
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.types import UnscannedReason
from safelight.vault.spool import Spool

UPLOAD: Final = Intake.Kind.UPLOAD


def may_receive(actor: KeyActor, context: Context = NOTHING_TOLD, *, kind: Intake.Kind = UPLOAD) -> bool:
    """Whether a file of this context may be looked at: for callers that have not read its bytes yet.

    One that may not is counted here, and is to be answered with :data:`~.answers.NOT_PERMITTED`.
    """
    return _permission(from_platform(actor, kind, context, None)) is not None


def receive_file(
    actor: KeyActor,
    spool: Spool,
    context: Context = NOTHING_TOLD,
    *,
    kind: Intake.Kind = UPLOAD,
    idempotency_key: str | None = None,
) -> Received:
    """Take a finished spool in: scan it, and keep what the law and the verdict ask for.

    What is larger than ``limits.inline_mib``, video and archives are sealed and answered *unscanned:
    not_yet*; a job scans them, and :func:`~.status.submission` tells what came of it.

    Without permission the answer is *unscanned: not_permitted* and nothing was decoded, hashed or kept. The
    same idempotency key gives the same answer and writes nothing again. Raises
    :class:`~.errors.ContextRefused`, :class:`~.errors.KeyReused` and what the vault raises; then nothing was
    taken in.
    """
    return _file(from_platform(actor, kind, context, idempotency_key), spool)


def receive_text(
    actor: KeyActor,
    text: str,
    context: Context = NOTHING_TOLD,
    *,
    kind: Intake.Kind = Intake.Kind.TEXT,
    idempotency_key: str | None = None,
) -> Received:
    """Take a text in, as a matter of its own. Permission and errors as for files."""
    return _words(from_platform(actor, kind, context, idempotency_key), Text(text))


def receive_url(
    actor: KeyActor,
    url: str,
    context: Context = NOTHING_TOLD,
    *,
    kind: Intake.Kind = Intake.Kind.PUBLIC_URL_REPORT,
    idempotency_key: str | None = None,
) -> Received:
    """Take an address in, as a matter of its own; it is never opened. Permission and errors as for files."""
    return _words(from_platform(actor, kind, context, idempotency_key), Url(url))


def receive_by_hand(
    actor: PersonActor, what: Spool | Text | Url, context: Context = NOTHING_TOLD
) -> Received:
    """Take in what a person enters. It always makes a case."""
    require(actor, Permission.INTAKE_ENTER)
    arrival = from_person(actor, context)
    return _file(arrival, what) if isinstance(what, Spool) else _words(arrival, what)


def _file(arrival: Arrival, spool: Spool) -> Received:
    permitted = _permission(arrival)
    if permitted is None:
        return NOT_PERMITTED
    keys = record_keys()
    if earlier := earlier_answer(arrival, lambda: keys.item_tags(sha256_of(spool))):
        return earlier
    if is_for_later(spool):
        scanned = unseen_of(spool, UnscannedReason.NOT_YET)
    else:
        scanned = scan_spool(spool, reported=arrival.told_by_somebody)
    file = ScannedFile(spool, scanned)
    if is_plainly_clear(arrival, file):
        return take_in_clear(arrival, file, permitted)
    return take_in(arrival, file, permitted)


def _words(arrival: Arrival, words: Words) -> Received:
    permitted = _permission(arrival)
    if permitted is None:
        return NOT_PERMITTED
    check_words(words)
    keys = record_keys()
    if earlier := earlier_answer(arrival, lambda: keys.content_tags(words.kind, words.content)):
        return earlier
    return take_in(arrival, words, permitted)


def _permission(arrival: Arrival) -> Permitted | None:
    """What permits looking at it; None, and one more is counted, where nothing does."""
    permission = arrival.permission()
    if isinstance(permission, Permitted):
        return permission
    assert arrival.surface is not None  # without one everything is permitted
    count_not_permitted(arrival.surface)
    return None
