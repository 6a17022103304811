"""Which hotline reports go to now: what the settings name, and for production what two people switched on."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from safelight.hotlines.cybertipline.environments import Environment, Place
from safelight.server.config import Config
from safelight.server.hotlines.errors import NoHotline
from safelight.server.hotlines.events_sending import Event
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.proposals import carried_out_by, propose

CYBERTIPLINE: Final = "cybertipline"
"""The word for it in :attr:`Report.hotline`."""
_ABOUT: Final = UUID(int=0)
"""The subject of a production switch: there is one, of the whole workspace."""


def place() -> Place:
    """Where reports go. Raises :class:`NoHotline` where none is set, or production is not switched on."""
    config: Config = settings.CONFIG
    told = config.cybertipline
    if told is None:
        raise NoHotline(_("No CyberTipline is set up. Set cybertipline in server.toml."))
    environment = Environment(told.environment)
    if environment is Environment.PRODUCTION and not production_is_on():
        raise NoHotline(
            _("The settings name the production CyberTipline, but no two people have switched it on.")
        )
    return Place(environment, told.username, told.password.get_secret_value(), told.mock_url)


def counts() -> bool:
    """Whether reports are reports in the law's sense now."""
    try:
        return place().environment.counts
    except NoHotline:
        return False


def credentials_tags(given: Place) -> list[bytes]:
    """What a name and a password are recognised by, the present root key's first; they are not kept."""
    told = f"{given.environment}\0{given.username}\0{given.password}"
    return record_keys().content_tags("hotline-credentials", told)


def production_is_on() -> bool:
    """What the last switch that two people made says."""
    switched = Proposal.objects.filter(
        kind=Proposal.Kind.PRODUCTION_SWITCH, subject=_ABOUT, carried_out_at__isnull=False
    )
    last = switched.order_by("-carried_out_at").first()
    return last is not None and last.detail == {"on": True}


def propose_production(actor: PersonActor, *, on: bool, reason: str) -> Proposal:
    """Ask a second person to switch production on or off. The settings have to name it too."""
    return propose(actor, Proposal.Kind.PRODUCTION_SWITCH, _ABOUT, reason, detail={"on": on})


@carried_out_by(Proposal.Kind.PRODUCTION_SWITCH)
def _switch(proposal: Proposal, actor: PersonActor) -> None:
    """The proposal itself is what :func:`production_is_on` reads."""
    record(Event.PRODUCTION_SWITCHED, actor, payload={"on": bool(proposal.detail["on"])})
