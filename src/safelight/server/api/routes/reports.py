"""What people, trusted flaggers and authorities told the platform: texts, addresses and files."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import ValidationError

from safelight.server.api.alike import answered
from safelight.server.api.answers import received_answer
from safelight.server.api.keys import key_of
from safelight.server.api.limits import spend_budget
from safelight.server.api.problems import Refusal, wrong
from safelight.server.api.schemas import ERRORS, Alike, ReportIn, Verdict
from safelight.server.api.uploads import ONCE, REPORT, REPORT_FIELD, in_a_form, spooled
from safelight.server.intake.answers import Received
from safelight.server.intake.models import Intake
from safelight.server.intake.services import receive_file, receive_text, receive_url

router: Final = Router(tags=["arrivals"])


@router.post(
    "/reports",
    response={202: Verdict | Alike, **ERRORS},
    openapi_extra={"requestBody": REPORT, "parameters": ONCE},
)
def reports(request: HttpRequest) -> HttpResponse:
    """Take in what somebody disclosed: JSON with a `text` or a `url`, or a form with `report` and `file`.

    For keys with the scope `report`. It always makes a case, and is always answered 202.
    """
    told = _read(request)
    actor = key_of(request)
    kind, context = Intake.Kind(told.kind.value), told.context.context()
    once = request.headers.get("Idempotency-Key")

    def work() -> Received:
        spend_budget(actor.key)
        if told.text is not None:
            return receive_text(actor, told.text, context, kind=kind, idempotency_key=once)
        if told.url is not None:
            return receive_url(actor, told.url, context, kind=kind, idempotency_key=once)
        with spooled(request) as spool:
            return receive_file(actor, spool, context, kind=kind, idempotency_key=once)

    return answered(request, work, received_answer, clear_is_told=False)


def _read(request: HttpRequest) -> ReportIn:
    form = in_a_form(request)
    if not form and request.content_type != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json, or multipart/form-data with a file."
        )
    try:
        told = ReportIn.model_validate_json(str(request.POST.get(REPORT_FIELD, "")) if form else request.body)
    except ValidationError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, wrong(error.errors(include_input=False))) from None
    if [told.text is not None, told.url is not None, form].count(True) != 1:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "A report holds one thing: a text, or a url, or a file in a form.",
        )
    return told
