"""The way into a demo workspace: a one-time link lets one in as somebody made up, without a password.

Only in a workspace that was marked as a demo when it was made, which holds nothing real and never will.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safelight.server.people.errors import LinkInvalid
from safelight.server.people.links import find_link, use_up
from safelight.server.people.standing import is_demo


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def demo_entrance(request: HttpRequest, token: str) -> HttpResponse:
    """A page with one button, so that a browser that looks ahead does not use the link up."""
    if not is_demo():
        raise Http404
    try:
        invitation = find_link(token)
        person = invitation.person
        if person is None or not person.is_active:
            raise Http404
        if request.method != "POST":
            return render(request, "people/demo_entrance.html", {"person": person})
        use_up(invitation)
    except LinkInvalid as invalid:
        return render(request, "people/refused.html", {"why": invalid}, status=410)
    logout(request)
    get_adapter().login(request, person)
    # As if a password had been said just now, so that a passkey can be tried out here too.
    record_authentication(request, person, method="demo")
    return redirect("console_home")
