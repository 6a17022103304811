"""Where a person may go: the same permissions that guard the pages decide what the menu shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safelight.server.people.models import Person
from safelight.server.people.permissions import permissions_of
from safelight.server.people.proposals import NEEDED
from safelight.server.people.roles import Permission as P  # noqa: N817 - a table of permissions


@dataclass(frozen=True, slots=True)
class _Page:
    title: Promise
    route: str
    any_of: tuple[P, ...] = ()
    """What opens it; empty where everybody who signed in may."""
    family: str = ""
    """The beginning of the names of routes that belong beneath it."""


_GROUPS: Final[tuple[tuple[Promise | str, tuple[_Page, ...]], ...]] = (
    (
        "",
        (
            _Page(_("Overview"), "console_home"),
            _Page(_("Cases"), "console_cases", (P.CASE_READ_ALL, P.CASE_TAKE), "console_case"),
            _Page(_("Reports"), "console_reports", (P.CASE_READ_ALL,), "console_report"),
            _Page(_("Opinions"), "assessment_opinions", (P.CASE_TAKE,), "assessment_opinion"),
            _Page(_("Complaints"), "console_complaints", (P.CASE_READ_ALL,)),
            _Page(_("Corrections"), "assessment_corrections", (P.CASE_READ_ALL,)),
            _Page(_("Unscanned"), "console_unscanned", (P.INTAKE_READ,)),
            _Page(_("Lists"), "console_lists", (P.LIST_READ,), "console_list"),
            _Page(_("Suggestions"), "assessment_suggestions", (P.LIST_CHANGE,)),
            _Page(_("Bundles"), "console_bundles", (P.EVIDENCE_EXPORT,), "console_bundle"),
            _Page(_("Proposals"), "console_proposals", tuple(dict.fromkeys(NEEDED.values()))),
        ),
    ),
    (
        _("Workspace"),
        (
            _Page(_("People"), "people_people", (P.PEOPLE_READ,), "people_pe"),
            _Page(_("API keys"), "console_keys", (P.KEY_CHANGE,), "console_key"),
            _Page(_("Surfaces"), "console_surfaces", (P.SURFACE_CHANGE,), "console_surface"),
            _Page(_("Webhooks"), "console_webhooks", (P.SETTINGS_CHANGE,), "console_webhook"),
            _Page(_("Agreement"), "assessment_agreement", (P.FIGURES_READ,)),
            _Page(_("Wellbeing"), "review_team", (P.WELLBEING_SET,)),
            _Page(_("Exposure"), "review_search", (P.LEDGER_READ, P.FIGURES_READ), "review_pe"),
            _Page(_("Hotlines"), "console_hotlines", (P.REPORT_FILE, P.JOBS_READ), "console_hotline"),
            _Page(_("Jobs"), "console_jobs", (P.JOBS_READ,), "console_job"),
            _Page(_("Ledger"), "console_ledger", (P.LEDGER_READ,)),
            _Page(_("Settings"), "console_settings", (P.SETTINGS_CHANGE,)),
        ),
    ),
    (
        _("Help"),
        (
            _Page(_("API"), "console_api"),
            _Page(_("About and health"), "console_about"),
        ),
    ),
)
_OWN: Final = (
    _Page(_("Your day"), "review_own"),
    _Page(_("Your account"), "people_account"),
    _Page(_("Second factor"), "mfa_index", family="mfa_"),
    _Page(_("Sessions"), "usersessions_list"),
    _Page(_("Sign out"), "account_logout"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu."""

    title: str
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading; the first has none."""

    title: str
    places: tuple[Place, ...]


def navigation_of(request: HttpRequest) -> dict[str, Any]:
    """The menu of the person who signed in: ``groups``, and ``own`` for what is theirs alone."""
    granted = permissions_of(request.user) if isinstance(request.user, Person) else frozenset()
    route = request.resolver_match.view_name if request.resolver_match else ""
    groups = [
        Group(str(title), tuple(_place(page, route) for page in pages if _open(page, granted)))
        for title, pages in _GROUPS
    ]
    return {
        "groups": [group for group in groups if group.places],
        "own": [_place(page, route) for page in _OWN],
    }


def _open(page: _Page, granted: frozenset[P]) -> bool:
    return not page.any_of or any(permission in granted for permission in page.any_of)


def _place(page: _Page, route: str) -> Place:
    here = route == page.route or bool(page.family and route.startswith(page.family))
    return Place(str(page.title), reverse(page.route), here)
