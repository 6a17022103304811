"""A first draft, from what the case holds. A person reads and completes it; nothing is invented."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings

from safelight.hotlines import model
from safelight.hotlines.codes import COUNTRIES
from safelight.hotlines.files import FileDetails
from safelight.hotlines.text import unfit_for_xml
from safelight.provenance.evidence import Kind
from safelight.server.cases.models import CaseAccount
from safelight.server.cases.reading import if_readable
from safelight.server.config import Reporting
from safelight.server.hotlines.matter import Matter
from safelight.server.hotlines.observed import industry_class, with_what_was_observed
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Account, Intake, IpEvent, Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import ip_seen, platform_id, told_of_occurrence
from safelight.types import WHOLE, Observation

_EVENTS: Final = {
    IpEvent.Kind.UPLOAD: model.EventName.UPLOAD,
    IpEvent.Kind.LOGIN: model.EventName.LOGIN,
    IpEvent.Kind.REGISTRATION: model.EventName.REGISTRATION,
    IpEvent.Kind.PURCHASE: model.EventName.PURCHASE,
    IpEvent.Kind.OTHER: model.EventName.OTHER,
    IpEvent.Kind.UNKNOWN: model.EventName.UNKNOWN,
}
_DIGESTS: Final = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256"}
_EXIF: Final = {
    "make": "Make",
    "model": "Model",
    "taken": "DateTimeOriginal",
    "lens": "LensModel",
    "serial": "BodySerialNumber",
}
"""Details of :attr:`~safelight.provenance.evidence.Kind.CAMERA`, each read from one EXIF tag, by that tag's
name in the EXIF standard. Other fields that the scan reads may lie elsewhere, so they are not called EXIF."""


def compose(matter: Matter, prior_reports: tuple[int, ...]) -> model.Report:
    """What the report says at first."""
    keys, who = record_keys(), settings.CONFIG.reporting
    wordy = [one for one in matter.occurrences if one.item_id is None]
    incident = model.IncidentType.CSAM if matter.items() else model.IncidentType.ENTICEMENT
    at, says = _when(matter.occurrences)
    others = list(CaseAccount.objects.filter(case__in=matter.cases).select_related("account").order_by("pk"))
    return model.Report(
        summary=model.IncidentSummary(
            incident_type=incident,
            platform=who.platform or None,
            date_time=at,
            date_time_description=says,
        ),
        internet_details=_places(keys, wordy),
        reporter=reporter(who),
        reported=_reported(keys, who, matter, others, prior_reports),
        recipients=tuple(
            model.Recipient(esp_identifier=_identifier(keys, one.account), esp_service=who.service or None)
            for one in _of_role(others, CaseAccount.Role.RECIPIENT)
        ),
        victims=tuple(
            model.Victim(esp_identifier=_identifier(keys, one.account), esp_service=who.service or None)
            for one in _of_role(others, CaseAccount.Role.VICTIM)
        ),
    )


def compose_file(item: Item, occurrence: Occurrence, matter: Matter) -> FileDetails:
    """What is told of one file at first."""
    keys = record_keys()
    told = if_readable(told_of_occurrence, keys, occurrence)
    upload = occurrence.intake.kind == Intake.Kind.UPLOAD
    public = {Occurrence.Visibility.PUBLIC: True, Occurrence.Visibility.SHARED: False,
              Occurrence.Visibility.PRIVATE: False}  # fmt: skip
    events = [event for event in _seen(keys, [occurrence]) if event.kind is IpEvent.Kind.UPLOAD]
    observation = _observation(keys, item)
    details = FileDetails(
        original_file_name=(told.file_name or None) if told else None,
        uploaded_at=occurrence.occurred_at if upload else None,
        publicly_available=public.get(Occurrence.Visibility(occurrence.visibility)),
        relevance=model.FileRelevance.REPORTED,
        industry_classification=(
            industry_class(item, matter.cases) if settings.CONFIG.reporting.shares_hashes else None
        ),
        hashes=_digests(observation),
        ip_event=_ip_event(events[0]) if events else None,
        details=_metadata(observation),
    )
    return with_what_was_observed(details, item, matter.cases)


def reporter(who: Reporting) -> model.Reporter:
    """Who reports, as the settings say."""
    contact = None
    if who.contact_email or who.contact_phone:
        contact = model.ContactPerson(
            phones=(model.Phone(number=who.contact_phone),) if who.contact_phone else (),
            emails=(model.Email(address=who.contact_email),) if who.contact_email else (),
        )
    return model.Reporter(
        reporting_person=model.Person(
            first_name=who.first_name or None,
            last_name=who.last_name or None,
            emails=(model.Email(address=who.email),) if who.email else (),
        ),
        contact_person=contact,
        terms_of_service=who.terms_of_service or None,
        legal_url=who.legal_url or None,
    )


def _reported(
    keys: RecordKeys,
    who: Reporting,
    matter: Matter,
    others: list[CaseAccount],
    prior_reports: tuple[int, ...],
) -> tuple[model.Reported, ...]:
    if matter.account is None:
        return ()
    role = next((one.role for one in others if one.account_id == matter.account.pk), None)
    seen = _seen(keys, matter.occurrences)
    countries = {one.country for one in matter.occurrences} & COUNTRIES
    return (
        model.Reported(
            esp_identifier=_identifier(keys, matter.account),
            esp_service=who.service or None,
            compromised_account=True if role == CaseAccount.Role.COMPROMISED else None,
            ip_events=tuple(dict.fromkeys(map(_ip_event, seen))),
            devices=tuple(dict.fromkeys(_device(event) for event in seen if event.device)),
            prior_reports=prior_reports,
            # Of two countries neither is known to be where the account is used.
            estimated_location=(
                model.EstimatedLocation(country_code=next(iter(countries))) if len(countries) == 1 else None
            ),
        ),
    )


def _places(keys: RecordKeys, wordy: list[Occurrence]) -> tuple[model.InternetDetails, ...]:
    urls = tuple(
        said
        for one in wordy
        if one.url is not None and (said := if_readable(keys.open_content, "url", one.pk, one.url))
    )
    chats = tuple(
        model.Chat(content=said)
        for one in wordy
        if one.text is not None and (said := if_readable(keys.open_content, "text", one.pk, one.text))
    )
    return (*((model.WebPage(urls=urls),) if urls else ()), *chats)


def _when(occurrences: tuple[Occurrence, ...]) -> tuple[datetime, str]:
    told = [one.occurred_at for one in occurrences if one.occurred_at is not None]
    if told:
        return min(told), "The earliest time that the platform told of an upload or message."
    return min(
        one.recorded_at for one in occurrences
    ), "When it reached us; the time of the event is not known."


def _seen(keys: RecordKeys, occurrences: list[Occurrence] | tuple[Occurrence, ...]) -> list[IpSeen]:
    events = IpEvent.objects.filter(occurrence__in=occurrences).order_by("at", "pk")
    read = [if_readable(ip_seen, keys, event) for event in events]
    return [event for event in read if event is not None]


def _ip_event(seen: IpSeen) -> model.IpEvent:
    return model.IpEvent(
        ip_address=seen.address, event_name=_EVENTS[seen.kind], date_time=seen.at, port=seen.port or None
    )


def _device(seen: IpSeen) -> model.Device:
    return model.Device(
        id_type="as told by the platform",
        id_value=seen.device,
        event_name=_EVENTS[seen.kind],
        date_time=seen.at,
    )


def _observation(keys: RecordKeys, item: Item) -> Observation | None:
    result = if_readable(keys.open_observation, item.pk, item.observation)
    return result.observation if result else None


def _digests(seen: Observation | None) -> tuple[model.FileHash, ...]:
    signals = seen.signals if seen else ()
    found = {one.type: one.value for one in signals if one.part == WHOLE and one.type in _DIGESTS}
    return tuple(
        model.FileHash(value=found[type_], type=name) for type_, name in _DIGESTS.items() if type_ in found
    )


def _metadata(seen: Observation | None) -> tuple[model.Metadata, ...]:
    """What the file's own EXIF fields say, as the scan read them; not that a person saw them."""
    pairs = tuple(
        model.NameValue(name=name, value=one.detail[detail])
        for one in (seen.provenance if seen else ())
        if one.kind == Kind.CAMERA
        for detail, name in _EXIF.items()
        if one.detail.get(detail) and not unfit_for_xml(one.detail[detail])
    )
    return (model.Metadata(type=model.DetailsType.EXIF, pairs=pairs),) if pairs else ()


def _identifier(keys: RecordKeys, account: Account) -> str | None:
    return if_readable(platform_id, keys, account)


def _of_role(members: list[CaseAccount], role: CaseAccount.Role) -> list[CaseAccount]:
    once = {one.account_id: one for one in members if one.role == role}
    return list(once.values())
