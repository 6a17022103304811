"""A case's texts, accounts and addresses as they stand now, opened once to be sealed or handed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from safelight.bundle.context import AccountContext, AddressContext, CaseContext, OccurrenceContext
from safelight.errors import KeyMismatch
from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Occurrence
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import (
    ToldOfIntake,
    ToldOfOccurrence,
    ip_seen,
    platform_id,
    told_of_intake,
    told_of_occurrence,
)

_P = ParamSpec("_P")
_T = TypeVar("_T")


def context_of(case: Case) -> CaseContext:
    """Everything about a case that is not a file. What cannot be opened is marked, never left out."""
    keys = record_keys()
    accounts = case.accounts.select_related("account").order_by("pk")
    seen = Occurrence.objects.filter(membership__case=case).order_by("pk")
    seen = seen.select_related("intake", "item", "surface").prefetch_related("ip_events")
    return CaseContext(
        case=case.pk,
        taken_at=now(),
        accounts=tuple(
            AccountContext(
                id=one.account_id,
                platform_id=_Opening().of(platform_id, keys, one.account),
                role=one.role,
                first_seen_at=one.account.first_seen_at,
            )
            for one in accounts
        ),
        occurrences=tuple(_occurrence(keys, one) for one in seen.iterator(200)),
    )


class _Opening:
    """Opens one thing at a time, so that one that does not open takes no other with it."""

    def __init__(self) -> None:
        self.failed = False

    def of(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        try:
            return read(*args, **kwargs)
        except KeyMismatch:
            self.failed = True
            return None


def _occurrence(keys: RecordKeys, one: Occurrence) -> OccurrenceContext:
    opening = _Opening()
    words = opening.of(_words, keys, one)
    told = opening.of(told_of_occurrence, keys, one) or ToldOfOccurrence()
    sent = opening.of(told_of_intake, keys, one.intake) or ToldOfIntake()
    seen = [opening.of(ip_seen, keys, event) for event in one.ip_events.all()]
    return OccurrenceContext(
        id=one.pk,
        came_as=one.intake.kind,
        what=one.item.kind if one.item else "text" if one.text is not None else "url",
        item=one.item_id,
        words=words,
        content_id=told.content_id,
        file_name=told.file_name,
        sender=sent.sender,
        reference=sent.reference,
        account=one.account_id,
        surface=one.surface.name if one.surface else "",
        country=one.country,
        visibility=one.visibility,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        addresses=tuple(_address(address) for address in seen if address is not None),
        unreadable=opening.failed,
    )


def _address(seen: IpSeen) -> AddressContext:
    return AddressContext(
        address=seen.address,
        port=seen.port,
        event=seen.kind.value,
        device=seen.device,
        country=seen.country,
        at=seen.at,
    )


def _words(keys: RecordKeys, one: Occurrence) -> str | None:
    if one.text is not None:
        return keys.open_content("text", one.pk, one.text)
    if one.url is not None:
        return keys.open_content("url", one.pk, one.url)
    return None
