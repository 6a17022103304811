"""A request's file, raw or in a form, in a spool: never whole in memory, never in a file with a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from safelight.server.api.problems import Refusal
from safelight.server.operations.environ import BODY
from safelight.server.operations.uploads import SpooledUpload
from safelight.vault.spool import Spool

_PIECE: Final = 1 << 18
CONTEXT_HEADER: Final = "Safelight-Context"
CONTEXT_FIELD: Final = "context"
FILE_FIELD: Final = "file"
REPORT_FIELD: Final = "report"

_BYTES: Final = {"type": "string", "format": "binary"}


def _body(**kinds: dict[str, Any]) -> dict[str, Any]:
    return {
        "required": True,
        "content": {name.replace("__", "/").replace("_", "-"): {"schema": s} for name, s in kinds.items()},
    }


def _form(required: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": [required]}


_TEXT: Final = {"type": "string"}
FILE: Final = _body(
    application__octet_stream=_BYTES, multipart__form_data=_form(FILE_FIELD, file=_BYTES, context=_TEXT)
)
"""How OpenAPI describes a file that is the body, or a field of a form."""
FORM: Final = _body(
    multipart__form_data=_form(FILE_FIELD, file={"type": "array", "items": _BYTES}, about=_TEXT)
)
REPORT: Final = _body(
    application__json={"$ref": "#/components/schemas/ReportIn"},
    multipart__form_data=_form(FILE_FIELD, file=_BYTES, report=_TEXT),
)
ONCE: Final[list[dict[str, Any]]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": "your own; a repetition is answered the same and changes nothing",
    }
]
HEADERS: Final = [
    {
        "name": CONTEXT_HEADER,
        "in": "header",
        "schema": {"type": "string"},
        "description": "JSON about where it comes from; nothing of it is required",
    },
    *ONCE,
]


def in_a_form(request: HttpRequest) -> bool:
    """Whether the file is a field of a form, and not the body itself."""
    return request.content_type == "multipart/form-data"


def told_context(request: HttpRequest) -> str:
    """The JSON that tells the context: a header, else a field of the form. Empty where there is neither."""
    header = request.headers.get(CONTEXT_HEADER)
    if header is not None or not in_a_form(request):
        return header or ""
    return str(request.POST.get(CONTEXT_FIELD, ""))


@contextmanager
def spooled(request: HttpRequest) -> Iterator[Spool]:
    """The file in a finished spool, which ends with the ``with`` block. Raises :class:`Refusal`."""
    if in_a_form(request):
        files = [file for _, found in request.FILES.lists() for file in found]
        try:
            yield _only_file(request, len(files)).spool
        finally:
            for file in files:
                file.close()
        return
    waiting = request.META.get(BODY)
    if isinstance(waiting, Spool):  # it is there already, and the gateway ends it
        yield waiting
        return
    with Spool(settings.CONFIG.workspace, limit=settings.CONFIG.limits.body_mib << 20) as spool:
        try:
            while piece := request.read(_PIECE):
                spool.write(piece)
        except UnreadablePostError:
            raise _cut() from None
        if spool.size != int(request.headers.get("Content-Length") or 0):
            raise _cut()
        spool.finish()
        yield spool


def _only_file(request: HttpRequest, count: int) -> SpooledUpload:
    upload = request.FILES.get(FILE_FIELD)
    if count != 1 or not isinstance(upload, SpooledUpload):
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"A form holds one file, in the field {FILE_FIELD}.")
    return upload


def _cut() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "The body ended before its Content-Length. Send it again.")
