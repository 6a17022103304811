"""Who may do what: permissions are denied unless one of these tables grants them.

A permission is checked in the service layer by :func:`safelight.server.people.permissions.require`, never in
a template or a view alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person does here. Lead and auditor exclude each other."""

    REVIEWER = "reviewer"
    SENIOR_REVIEWER = "senior_reviewer"
    REPORTER = "reporter"
    LIST_MANAGER = "list_manager"
    LEAD = "lead"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that can be allowed. Names say object, then verb."""

    CASE_READ_OWN = "case.read_own"
    CASE_READ_ALL = "case.read_all"
    CASE_TAKE = "case.take"
    CASE_WORK = "case.work"
    CASE_ALARM = "case.alarm"
    CASE_ASSIGN = "case.assign"
    CASE_RELEASE = "case.release"
    INTAKE_ENTER = "intake.enter"
    INTAKE_READ = "intake.read"
    INTAKE_RESCAN = "intake.rescan"
    EVIDENCE_VIEW = "evidence.view"
    EVIDENCE_HOLD = "evidence.hold"
    EVIDENCE_DESTROY = "evidence.destroy"
    EVIDENCE_EXPORT = "evidence.export"
    DECISION_MAKE = "decision.make"
    DECISION_SECOND = "decision.second"
    COMPLAINT_RECORD = "complaint.record"
    REPORT_FILE = "report.file"
    LIST_READ = "list.read"
    LIST_CHANGE = "list.change"
    LEDGER_READ = "ledger.read"
    LEDGER_ERASE = "ledger.erase"
    PEOPLE_READ = "people.read"
    PEOPLE_CHANGE = "people.change"
    KEY_CHANGE = "key.change"
    SURFACE_CHANGE = "surface.change"
    SETTINGS_CHANGE = "settings.change"
    JOBS_READ = "jobs.read"
    JOBS_RETRY = "jobs.retry"
    FIGURES_READ = "figures.read"
    WELLBEING_SET = "wellbeing.set"


P = Permission
_REVIEWER: Final = frozenset(
    {
        P.CASE_READ_OWN, P.CASE_TAKE, P.CASE_WORK, P.CASE_ALARM, P.EVIDENCE_VIEW, P.DECISION_MAKE,
        P.LIST_READ, P.INTAKE_ENTER, P.COMPLAINT_RECORD,
    }
)  # fmt: skip

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.REVIEWER: _REVIEWER,
    Role.SENIOR_REVIEWER: _REVIEWER | {P.DECISION_SECOND, P.CASE_RELEASE, P.CASE_READ_ALL},
    Role.REPORTER: frozenset(
        {
            P.CASE_READ_ALL, P.CASE_ALARM, P.REPORT_FILE, P.EVIDENCE_EXPORT, P.INTAKE_ENTER,
            P.COMPLAINT_RECORD,
        }
    ),
    Role.LIST_MANAGER: frozenset({P.LIST_READ, P.LIST_CHANGE}),
    Role.LEAD: frozenset(
        {
            P.CASE_READ_ALL, P.CASE_ALARM, P.CASE_ASSIGN, P.CASE_RELEASE, P.EVIDENCE_HOLD,
            P.EVIDENCE_DESTROY, P.EVIDENCE_EXPORT, P.LIST_READ, P.JOBS_READ, P.JOBS_RETRY, P.FIGURES_READ,
            P.WELLBEING_SET, P.PEOPLE_READ, P.COMPLAINT_RECORD, P.INTAKE_READ, P.INTAKE_RESCAN,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            P.CASE_READ_ALL, P.LEDGER_READ, P.JOBS_READ, P.LIST_READ, P.PEOPLE_READ, P.FIGURES_READ,
            P.INTAKE_READ,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            P.PEOPLE_READ, P.PEOPLE_CHANGE, P.KEY_CHANGE, P.SURFACE_CHANGE, P.SETTINGS_CHANGE, P.JOBS_READ,
            P.JOBS_RETRY, P.LIST_READ, P.LEDGER_ERASE, P.INTAKE_READ, P.INTAKE_RESCAN,
        }
    ),
}  # fmt: skip

NEED_SECOND_FACTOR: Final = frozenset(
    {
        P.EVIDENCE_VIEW, P.EVIDENCE_EXPORT, P.EVIDENCE_DESTROY, P.PEOPLE_CHANGE, P.SETTINGS_CHANGE,
        P.LEDGER_ERASE,
    }
)  # fmt: skip
"""Nobody uses these without a second factor, whatever their roles; demo workspaces excepted."""

EXCLUSIVE: Final = ((Role.LEAD, Role.AUDITOR),)
"""Pairs that no one person may hold: who leads does not audit."""

IN_AN_OWN_CASE: Final = frozenset({P.CASE_READ_OWN, P.CASE_WORK, P.EVIDENCE_VIEW, P.DECISION_MAKE})
"""Allowed only in a case that is assigned to the person; ``CASE_WORK`` also in one that nobody has taken."""

KEY_GRANTS: Final[dict[str, frozenset[Permission]]] = {"lists": frozenset({P.LIST_READ, P.LIST_CHANGE})}
"""What a server's key may do by a scope of it (:class:`safelight.server.intake.api_keys.Scope`); an
uploader's may do nothing of it. Whatever takes two people it can only bring in to wait for them."""

PROCESS_GRANTS: Final[dict[str, frozenset[Permission]]] = {
    "jobs": frozenset({P.EVIDENCE_DESTROY, P.LIST_CHANGE}),
    "terminal": frozenset(
        {P.LIST_READ, P.LIST_CHANGE, P.KEY_CHANGE, P.SURFACE_CHANGE, P.JOBS_RETRY, P.WELLBEING_SET}
    ),
    "policy": frozenset({P.DECISION_MAKE}),
    "scan": frozenset({P.EVIDENCE_VIEW}),
    "hotlines": frozenset({P.EVIDENCE_VIEW, P.JOBS_RETRY}),
    "bundle": frozenset({P.EVIDENCE_VIEW, P.LEDGER_READ}),
}
"""What a process of the server may do by itself: the job worker destroys what its clock has run out for, the
operator's written policy decides what it names, the scan of what could not be scanned reads it anew, what
sends reports reads the evidence that goes with them and resumes with new credentials, and a bundle that two
people released is made from what is kept."""
