"""Pre-flight with what only the server knows: decisions, evidence, viewings, the class of lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.hotlines.completeness import Completeness, Gap, completeness
from safelight.hotlines.cybertipline.schema import Schema
from safelight.hotlines.findings import Finding
from safelight.hotlines.guided.checklist import Checklist, checklist
from safelight.hotlines.guided.description import Guided, Tier, guided
from safelight.hotlines.jurisdictions import CYBERTIPLINE, profile, routes
from safelight.hotlines.preflight import check, stops
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.hotlines.draft_errors import NotReady
from safelight.server.hotlines.drafts import observe_anew
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.hotlines.observed import seen
from safelight.server.hotlines.sealed import Told, told
from safelight.server.ids import now
from safelight.server.vault.sealing import live_object
from safelight.types import ListClass


@dataclass(frozen=True, slots=True)
class Checked:
    """A report as it stands: what it says, what is wrong, what is missing, and the form's checklist."""

    told: Told
    findings: tuple[Finding, ...]
    completeness: Completeness
    hotline: Guided | None = None
    checklist: Checklist | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be handed over."""
        return not stops(self.findings)


def checked(row: Report) -> Checked:
    """Everything that pre-flight finds; nothing is sent or changed."""
    said = told(row)
    of_server = tuple(_of_server(row, said))
    follows = row.follows_id is not None
    if row.hotline != CYBERTIPLINE:
        hotline = guided_hotline(row.hotline)
        listed = checklist(hotline, said.report, said.details)
        missing = tuple(
            Gap(line.field.name, line.field.title, 1)
            for line in listed.lines
            if line.field.fact is not None and not line.text
        )
        found = (*of_server, *listed.findings())
        return Checked(said, _ordered(found), Completeness(listed.score, missing), hotline, listed)
    schema, of_schema = _schema()
    found = (
        *check(
            said.report,
            said.details,
            at=now(),
            shares_hashes=settings.CONFIG.reporting.shares_hashes,
            schema=schema,
        ),
        *of_schema,
        *of_server,
    )
    return Checked(said, _ordered(found), completeness(said.report, said.details, follows_earlier=follows))


def require_ready(row: Report) -> Checked:
    """For whoever hands a report over, in that transaction: what was observed by now is stated, no more.

    Raises :class:`NotReady`, with everything that stops it.
    """
    observe_anew(row)
    result = checked(row)
    if not result.ready:
        raise NotReady(" ".join(one.says for one in result.findings if one.stops))
    return result


def guided_hotline(name: str) -> Guided:
    """A form-based hotline, by the operator's description in the folder ``hotlines``, or the shipped one."""
    return guided(name, settings.CONFIG.workspace / "hotlines")


def _ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: not finding.stops))


def _schema() -> tuple[Schema | None, tuple[Finding, ...]]:
    try:
        schema = Schema.of_workspace(settings.CONFIG.workspace)
    except UsageError as error:
        return None, (Finding("schema-unreadable", "", str(error), stops=False),)
    if schema is None:
        says = _(
            "The hotline's present schema was not fetched, so only the rules we know were checked. Run"
            " `safelight hotline cybertipline fetch-schema`."
        )
        return None, (Finding("schema-not-fetched", "", says, stops=False),)
    return schema, ()


def _of_server(row: Report, said: Told) -> Iterator[Finding]:
    cases = list(row.told_cases.all())
    production = row.environment == Report.Environment.PRODUCTION
    if not production:
        says = _("This goes to a test service: nobody investigates it, and the case stays not reported.")
        yield Finding("rehearsal", "", says, stops=False)
    kept = settings.CONFIG.retention.preserve_days
    try:
        asked = _days_to_keep(row)
    except UsageError as error:
        yield Finding("profile", "", str(error))
        asked = 0
    if asked > kept:
        says = _(
            "This duty asks to keep the evidence for {asked} days. Set retention.preserve_days, now {kept}."
        )
        yield Finding("kept-too-short", "", says.format(asked=asked, kept=kept))
    confirmed = set(
        standing_decisions()
        .filter(outcome=Decision.Outcome.CONFIRMED, case__in=cases)
        .values_list("occurrence__item", flat=True)
    )
    for number, (file, _details) in enumerate(said.files):
        yield from _of_file(f"files[{number}]", file, cases, confirmed, production=production)


def _days_to_keep(row: Report) -> int:
    """The longest that the hotline's description or the duties of the profile ask for."""
    days = [
        duty.preserve_days
        for route in routes(profile(settings.CONFIG.reporting.profile))
        if route.hotline == row.hotline
        for duty in route.duties
    ]
    if row.hotline != CYBERTIPLINE:
        days.append(guided_hotline(row.hotline).preserve_days)
    return max(days, default=0)


def due_by_tier(row: Report) -> tuple[tuple[Tier, datetime | None], ...]:
    """The priorities of a form, each with when it is due; None where the law names no number.

    Hours run from the first confirmation.
    """
    if row.hotline == CYBERTIPLINE:
        return ()
    since = (
        standing_decisions()
        .filter(outcome=Decision.Outcome.CONFIRMED, case__in=row.told_cases.all())
        .order_by("decided_at")
        .values_list("decided_at", flat=True)
        .first()
    )
    return tuple(
        (
            tier,
            None
            if tier.within_hours is None or since is None
            else since + timedelta(hours=tier.within_hours),
        )
        for tier in guided_hotline(row.hotline).tiers
    )


def _of_file(
    path: str, file: ReportFile, cases: list[Case], confirmed: Collection[UUID | None], *, production: bool
) -> Iterator[Finding]:
    if file.item_id not in confirmed:
        yield Finding(
            "not-confirmed", path, _("No standing decision confirms this file any more. Leave it out.")
        )
    classes = {match.list_class for match in matches_of(file.item)}
    if production and ListClass.TEST in classes:
        says = _("A list of class test matched this file; such files never go to production. Leave it out.")
        yield Finding("test-in-production", path, says)
    if not production and classes != {ListClass.TEST}:
        says = _("Only what a list of class test matched goes to a test service. Leave it out.")
        yield Finding("real-in-rehearsal", path, says)
    if live_object(file.item) is None:
        yield Finding("evidence-gone", path, _("The evidence of this file is not there. Leave it out."))
    if seen(file.item, cases).metadata_alone:
        says = _(
            "Somebody was shown this file's metadata and nobody saw all of the file. The hotline takes no"
            " such statement, so neither is told."
        )
        yield Finding("metadata-alone", path, says, stops=False)
