"""Look-ups by hash, for platforms that keep files to themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, TypeAlias
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router

from safelight.server.api.keys import key_of, must_be_of_server, needs_server
from safelight.server.api.limits import spend_budget
from safelight.server.api.probing import watch
from safelight.server.api.schemas import ERRORS, Delivered, Hashes, LookUp, LookUpAnswer
from safelight.server.api.uploads import FILE, HEADERS, ONCE, spooled
from safelight.server.lookups.hashes import ToldHashes
from safelight.server.lookups.services import LookedUp, ToWrite, deliver, look_up
from safelight.server.people.actors import KeyActor
from safelight.types import Outcome

Answer: TypeAlias = tuple[HTTPStatus, dict[str, str | None]]
"""The status, and the fields of :class:`LookUpAnswer`."""

router: Final = Router(tags=["arrivals"])


@router.post(
    "/hashes", response={200: LookUpAnswer, 202: LookUpAnswer, **ERRORS}, openapi_extra={"parameters": ONCE}
)
def hashes(request: HttpRequest, body: LookUp) -> HttpResponse:
    """Compare one file by its hashes. Where it matched, deliver the file until `evidence_due_at`.

    For keys of your own server with the scope `look_up`. With digests alone only equality is compared, and
    what equals nothing is `unscanned`. A video's frames and a sound are compared as those of a file are, as
    they stand: frames that were turned or mirrored are found in the file alone.
    """
    status, told = answer_to(key_of(request), body, request.headers.get("Idempotency-Key"))
    return JsonResponse(told, status=status.value)


def answer_to(actor: KeyActor, body: LookUp, idempotency_key: str | None) -> Answer:
    """What a key is answered, as :class:`LookUpAnswer` has it. Raises what the API tells as problems."""
    found = search_for(actor, body, idempotency_key)
    return answer_of(actor, found.write() if isinstance(found, ToWrite) else found)


def search_for(actor: KeyActor, body: LookUp, idempotency_key: str | None) -> LookedUp | ToWrite:
    """What the lists say, which may be yet to be written. Raises as :func:`answer_to`."""
    must_be_of_server(actor)
    told = _told(body.hashes)
    spend_budget(actor.key, told.searches)
    return look_up(actor, told, body.context.context(), idempotency_key=idempotency_key)


def answer_of(actor: KeyActor, found: LookedUp) -> Answer:
    """How what was found, and is committed, is told."""
    watch(actor.key, found.received)
    verdict = found.received.verdict
    intake = found.received.intake_id
    # Not by way of the schema, which takes as long as a search.
    answer = {
        "status": "received",
        "id": str(intake) if intake else None,
        "outcome": verdict.outcome.value if verdict else None,
        "reason": verdict.reason.value if verdict and verdict.reason else None,
        "limited": verdict.limited.value if verdict and verdict.limited else None,
        "evidence_due_at": found.due_at.isoformat() if found.due_at else None,
    }
    scanned = verdict is not None and verdict.outcome is not Outcome.UNSCANNED
    return HTTPStatus.OK if scanned else HTTPStatus.ACCEPTED, answer


def _told(asked: Hashes) -> ToldHashes:
    def lower(value: str | None) -> str | None:
        return value.lower() if value else None

    return ToldHashes(
        asked.sha256.lower(),
        lower(asked.md5),
        lower(asked.sha1),
        lower(asked.pdq),
        asked.pdq_quality,
        asked.vpdq,
        lower(asked.chromaprint),
        lower(asked.chromaprint_short),
    )


@router.put(
    "/hashes/{id}/bytes",
    response={200: Delivered, **ERRORS},
    openapi_extra={"requestBody": FILE, "parameters": HEADERS[1:]},
)
def file_of(request: HttpRequest, id: UUID) -> Delivered:  # noqa: A002 - the path's word
    """Deliver the file that a look-up matched, as raw body or form. Its digests must be those looked up."""
    needs_server(request)
    actor = key_of(request)
    with spooled(request) as spool:
        deliver(actor, id, spool)
    return Delivered()
