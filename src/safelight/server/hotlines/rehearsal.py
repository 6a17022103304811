"""Test and mock are sent nothing real: each file has matched entries of class ``test`` and no other."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safelight.hotlines.cybertipline.environments import Environment
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.hotlines.errors import NotForRehearsal
from safelight.server.hotlines.models import Report
from safelight.server.intake.models import Occurrence
from safelight.server.people.standing import is_demo
from safelight.types import ListClass


def refuse_real_evidence(report: Report) -> None:
    """Raise :class:`NotForRehearsal` for a report that must not go to a test service or a mock.

    A text or an address is never of class ``test``, so only a demo workspace, where all is made up, sends
    one.
    """
    if Environment(report.environment).counts or is_demo():
        return
    for file in report.files.select_related("item"):
        matches = matches_of(file.item)
        if not matches or any(match.list_class is not ListClass.TEST for match in matches):
            raise NotForRehearsal(
                _("Test services and the mock are sent nothing but what a list of class test matched.")
            )
    wordy = Occurrence.objects.filter(membership__case__reports=report, item=None)
    if not report.files.exists() or wordy.exists():
        raise NotForRehearsal(_("Texts and addresses of real people are not sent to a test service."))
