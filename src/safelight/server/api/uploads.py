"""A request's file, raw or in a form, in a spool: never whole in memory, never in a file with a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

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
