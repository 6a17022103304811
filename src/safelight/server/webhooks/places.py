"""Which receivers are the operator's own network, by the word of whoever holds the machine.

The settings file says so and no page does: an administrator's session alone cannot make this server knock at
addresses inside the network.
"""

from __future__ import annotations

from django.conf import settings

from safelight.server.fetching.addresses import Address, is_public
from safelight.server.fetching.targets import Target


def is_internal(target: Target) -> bool:
    """Whether ``webhooks.internal`` names it."""
    return target.place in settings.CONFIG.webhooks.internal


def may_connect(target: Target, address: Address) -> bool:
    """Whether a message for it may go to this address: anywhere public, and where the settings say."""
    return is_public(address) or is_internal(target)
