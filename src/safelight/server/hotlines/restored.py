"""After a backup was restored: what was sent since the backup was made is not known here any more.

A report that was on its way then may have been finished meanwhile. To send it again would tell it twice, so
each of them stops until a person has asked the hotline.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from safelight.server.hotlines.models import Report, Sending
from safelight.server.hotlines.recording import stop

RESTORED: Final = "restored"
"""Why it is stopped."""


def stop_what_was_on_its_way() -> int:
    """At the first start after a restore, before anything is sent; how many were stopped."""
    told = _("The server was restored from a backup. Ask the hotline what became of this report since.")
    on_their_way = list(Report.objects.filter(state=Report.State.SENDING))
    for report in on_their_way:
        stop(report, RESTORED, told)
    waiting = Sending.objects.filter(report__state=Report.State.STOPPED).exclude(why=RESTORED)
    return len(on_their_way) + waiting.update(why=RESTORED)
