"""A hotline that was told something wrong is told so: a draft that cites the earlier report's number.

It is a duty of its own (:data:`CORRECTION`), so that nothing else is told with it. It tells of no case and
carries no file: no clock starts when it is finished, and no case counts as reported by it. A person reads and
sends it as any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from safelight.hotlines import model
from safelight.server.cases.models import Case
from safelight.server.cases.reading import if_readable
from safelight.server.hotlines.composing import reporter
from safelight.server.hotlines.events import Event
from safelight.server.hotlines.filling import UNFINISHED
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.sealed import content, seal_content
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import platform_id
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor

CORRECTION: Final = "correction"
"""The duty of such a report."""
_COMPLAINTS: Final = SystemActor("complaints")


def draft_correction(earlier: Report, case: Case, item: Item | None) -> Report | None:
    """The draft that corrects a finished report, or the account's unfinished one, which then cites it too.

    ``case`` is where the matter was decided anew. None where a correction about the account is being sent:
    another can be drafted when that is done. Runs in the transaction that corrects.
    """
    there = Report.objects.select_for_update(no_key=True).filter(
        hotline=earlier.hotline, duty=CORRECTION, environment=earlier.environment, state__in=UNFINISHED
    )
    about = {"account": earlier.account} if earlier.account else {"account": None, "case": case}
    open_one = there.filter(**about).first()
    if open_one is not None:
        return _cite_too(open_one, earlier, item) if open_one.state == Report.State.DRAFT else None
    row = Report(
        case=case,
        account=earlier.account,
        hotline=earlier.hotline,
        duty=CORRECTION,
        environment=earlier.environment,
        follows=earlier,
        made_at=now(),
        changed_at=now(),
    )
    seal_content(row, _says(earlier, item))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # two complaints about one account, upheld at once
        return _cite_too(there.get(**about), earlier, item)
    record(
        Event.REPORT_DRAFTED,
        _COMPLAINTS,
        subject=row.pk,
        payload={"hotline": row.hotline, "corrects": str(earlier.pk), "environment": row.environment},
    )
    return row


def _cite_too(row: Report, earlier: Report, item: Item | None) -> Report:
    before, more = content(row), _says(earlier, item)
    words = "\n\n".join(filter(None, (before.additional_info, more.additional_info)))
    numbers = {one for said in (before, more) for who in said.reported for one in who.prior_reports}
    reported = tuple(replace(who, prior_reports=tuple(sorted(numbers))) for who in before.reported)
    seal_content(row, replace(before, additional_info=words, reported=reported))
    row.revision, row.changed_at = row.revision + 1, now()
    row.save(update_fields=["content", "revision", "changed_at"])
    record(Event.REPORT_EXTENDED, _COMPLAINTS, subject=row.pk, payload={"corrects": str(earlier.pk)})
    return row


def _says(earlier: Report, item: Item | None) -> model.Report:
    """What it says at first: of which report which file, and what somebody else found. No list is named."""
    before, who = if_readable(content, earlier), settings.CONFIG.reporting
    assert earlier.finished_at is not None  # a constraint says so
    identifier = if_readable(platform_id, record_keys(), earlier.account) if earlier.account else None
    cited = (int(earlier.number),) if earlier.number.isdigit() else ()
    reported = model.Reported(esp_identifier=identifier, esp_service=who.service or None, prior_reports=cited)
    return model.Report(
        summary=model.IncidentSummary(
            incident_type=before.summary.incident_type if before else model.IncidentType.CSAM,
            platform=who.platform or None,
            date_time=before.summary.date_time if before else earlier.finished_at,
            date_time_description="The time that the corrected report gave.",
        ),
        reporter=reporter(who),
        reported=(reported,) if identifier or cited else (),
        additional_info=(
            f"Correction of report {earlier.number}, finished {earlier.finished_at.date().isoformat()}."
            f" After a complaint, a person who had not decided before looked again{_file(earlier, item)}"
            " and found that it should not have been reported. Please disregard that report in this respect."
        ),
    )


def _file(earlier: Report, item: Item | None) -> str:
    position = earlier.files.filter(item=item).values_list("position", flat=True).first() if item else None
    return "" if position is None else f" at file {position + 1} of it"
