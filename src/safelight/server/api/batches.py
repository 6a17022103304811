"""Several files in one form, each an arrival of its own: one that is refused does not hold up the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import TypeAdapter, ValidationError

from safelight.errors import SafelightError
from safelight.server.api.answers import verdict_answer
from safelight.server.api.keys import key_of
from safelight.server.api.limits import spend_budget
from safelight.server.api.probing import watch
from safelight.server.api.problems import Refusal, refusal_of
from safelight.server.api.schemas import AboutOne
from safelight.server.api.uploads import FILE_FIELD, in_a_form
from safelight.server.intake.answers import NOT_PERMITTED
from safelight.server.intake.services import may_receive, receive_file
from safelight.server.operations.uploads import SpooledUpload
from safelight.server.people.actors import KeyActor

ABOUT_FIELD = "about"
_about: TypeAdapter[list[AboutOne]] = TypeAdapter(list[AboutOne])


def scan_each(request: HttpRequest, most: int) -> HttpResponse:
    """The results of up to ``most`` files. Raises :class:`Refusal` where nothing of it can be taken in."""
    if not in_a_form(request):
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a form: multipart/form-data.")
    uploads = request.FILES.getlist(FILE_FIELD)
    try:
        if not 0 < len(uploads) <= most or len(uploads) != sum(len(f) for _, f in request.FILES.lists()):
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"Send 1 to {most} files, each in a field {FILE_FIELD}."
            )
        about = _read(str(request.POST.get(ABOUT_FIELD, "")), len(uploads))
        actor = key_of(request)
        spend_budget(actor.key, len(uploads))
        results = [_result(_scanned(actor, upload, one)) for upload, one in zip(uploads, about, strict=True)]
    finally:
        for upload in uploads:
            upload.close()
    response = JsonResponse({"results": results})
    response["Cache-Control"] = "no-store"
    return response


def _read(text: str, files: int) -> Sequence[AboutOne]:
    if not text:
        return [AboutOne() for _ in range(files)]
    try:
        about = _about.validate_json(text)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"The field {ABOUT_FIELD} is not valid: {told}."
        ) from None
    if len(about) != files:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"The field {ABOUT_FIELD} holds one object for each file, in order.",
        )
    return about


def _scanned(actor: KeyActor, upload: object, about: AboutOne) -> HttpResponse:
    assert isinstance(upload, SpooledUpload)
    context = about.context.context()
    try:
        if not may_receive(actor, context):
            return verdict_answer(NOT_PERMITTED)
        received = receive_file(actor, upload.spool, context, idempotency_key=about.idempotency_key)
        watch(actor.key, received)
    except (SafelightError, AnyDatabaseError) as error:
        return refusal_of(error)
    return verdict_answer(received)


def _result(response: HttpResponse) -> dict[str, object]:
    body = json.loads(response.content)
    is_verdict = response.status_code < HTTPStatus.BAD_REQUEST
    return {
        "status": response.status_code,
        "verdict": body if is_verdict else None,
        "problem": None if is_verdict else body,
    }
