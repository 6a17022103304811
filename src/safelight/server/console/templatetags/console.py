"""Tags and filters of the console: navigation, times in the reader's zone, plain words, forms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from safelight.hotlines.findings import in_words as field_in_words
from safelight.server.console.navigation import navigation_of
from safelight.server.console.words import in_words
from safelight.server.ids import now
from safelight.server.lists.summaries import RecheckPreview, Share

register = template.Library()


@register.inclusion_tag("console/navigation.html", takes_context=True)
def navigation(context: Context) -> dict[str, Any]:
    """Where the signed-in person may go; the present place is marked."""
    request = context["request"]
    assert isinstance(request, HttpRequest)
    return {"user": request.user, **navigation_of(request)}


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A time in UTC, which a module turns into the reader's own zone."""
    if moment is None:
        return "-"
    utc = timezone.localtime(moment, timezone.get_fixed_timezone(0))
    return format_html('<time datetime="{}">{} UTC</time>', utc.isoformat(), utc.strftime("%Y-%m-%d %H:%M"))


@register.filter
def since(moment: datetime | None) -> SafeString | str:
    """How long ago, or how long until, roughly; the exact time is in the tooltip."""
    if moment is None:
        return "-"
    utc = timezone.localtime(moment, timezone.get_fixed_timezone(0))
    return format_html(
        '<time datetime="{}" data-since title="{} UTC">{}</time>',
        utc.isoformat(),
        utc.strftime("%Y-%m-%d %H:%M"),
        _ago(moment),
    )


def _ago(moment: datetime) -> str:
    present = now()
    if abs(present - moment) < timedelta(minutes=1):
        return _("just now")
    if moment > present:
        return _("in {time}").format(time=timesince(present, moment, depth=1))
    return _("{time} ago").format(time=timesince(moment, present, depth=1))


@register.filter
def words(value: object, what: str) -> str:
    """Plain words for a stored value: ``{{ item.reason|words:"reason" }}``."""
    return in_words(value, what)


@register.filter
def badge(value: object, what: str) -> SafeString:
    """The same as a badge, which colour may stress and never replaces."""
    return format_html('<span class="badge {}">{}</span>', str(value), in_words(value, what))


@register.filter
def short(value: object) -> SafeString:
    """An id, cut to what tells it apart; the whole of it is in the tooltip."""
    text = str(value)
    return format_html('<span class="ident" title="{}">{}</span>', text, text[-8:])


@register.filter
def hexadecimal(value: bytes) -> str:
    """Bytes in hexadecimal."""
    return bytes(value).hex()


@register.filter
def pseudonymous(name: str) -> SafeString | str:
    """What the ledger calls somebody: the kind whole, the pseudonym cut, with the whole in the tooltip."""
    kind, colon, told = name.rpartition(":")
    if len(told) != 32:
        return name
    cut = f"{kind}{colon}{told[:8]}…"
    return format_html('<span class="ident" title="{}">{}</span>', name, cut)


@register.filter
def address(field: str) -> str:
    """The address of a report's field for people: *reported 1, IP events 2*."""
    return field_in_words(field)


@register.filter
def percent(share: Share) -> str:
    """A share with its interval: ``96 % (93-98)``."""
    low, high = share.interval
    return f"{100 * share.part / share.whole:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


@register.filter
def preview_words(preview: RecheckPreview) -> str:
    """What re-checking the past would do, in a sentence."""
    return _(
        "Among past files: {items} files seen {occurrences} times. {opens} would come into cases at once,"
        " {waits} would wait for a release."
    ).format(items=preview.items, occurrences=preview.occurrences, opens=preview.opens, waits=preview.waits)
