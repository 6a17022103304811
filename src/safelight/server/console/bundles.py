"""Evidence handed to authorities: recipients, what was asked for, and the sealed files to fetch."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError
from safelight.server.bundle.asking import LONGEST_PURPOSE, ask, exports
from safelight.server.bundle.fetching import fetch
from safelight.server.bundle.models import Export, Recipient
from safelight.server.bundle.recipients import (
    LONGEST_NAME,
    propose_recipient,
    recipients,
    retire_recipient,
)
from safelight.server.cases.models import Case
from safelight.server.console.access import act, done, page
from safelight.server.ids import now
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.roles import Permission


class AskForm(forms.Form):
    """Whose evidence, for whom, and what for."""

    case = forms.UUIDField(
        label=gettext_lazy("Case"), help_text=gettext_lazy("Its id, from the foot of the case's page.")
    )
    recipient = forms.ChoiceField(label=gettext_lazy("Recipient"))
    purpose = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=LONGEST_PURPOSE,
        help_text=gettext_lazy("With the authority's reference. The recipient reads it."),
    )
    whole_case = forms.BooleanField(
        label=gettext_lazy("Hand out files too that nobody confirmed"), required=False
    )

    def __init__(self, data: object, known: list[Recipient], **told: object) -> None:
        """``known`` are those who may be chosen."""
        super().__init__(data, prefix="ask", **told)  # type: ignore[arg-type]
        choices = [(str(one.pk), f"{one.name} ({one.fingerprint})") for one in known]
        field = self.fields["recipient"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class RecipientForm(forms.Form):
    """An authority and its public key."""

    name = forms.CharField(label=gettext_lazy("Authority and unit"), max_length=LONGEST_NAME)
    key = forms.CharField(
        label=gettext_lazy("Their public key"),
        max_length=400,
        help_text=gettext_lazy("One line that begins with age1 or ssh-ed25519."),
    )
    reason = forms.CharField(
        label=gettext_lazy("How its fingerprint was compared with them"),
        max_length=1000,
        help_text=gettext_lazy("By telephone or letter, never only by the mail that brought the key."),
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A bundle as the page shows it; ``state`` is one of the words of ``bundle``."""

    export: Export
    state: str
    may_decide: bool


@page(Permission.EVIDENCE_EXPORT)
def bundles(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every bundle, and the forms to ask for one and to propose a recipient."""
    return _shown(request, actor)


@act(Permission.EVIDENCE_EXPORT)
def ask_for(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Ask for a bundle; a second person releases it."""
    form = AskForm(request.POST, recipients(actor))
    if not form.is_valid():
        return _shown(request, actor, ask=form)
    said = form.cleaned_data
    case = Case.objects.filter(pk=said["case"]).first()
    if case is None:
        form.add_error("case", _("There is no case of this id. Copy it from the case's page."))
        return _shown(request, actor, ask=form)
    try:
        ask(actor, case, UUID(said["recipient"]), said["purpose"], whole_case=said["whole_case"])
    except SafelightError as refused:
        form.add_error(None, str(refused))
        return _shown(request, actor, ask=form)
    return redirect("console_bundles")


@act(Permission.EVIDENCE_EXPORT)
def propose(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Propose a recipient; a second person registers them."""
    form = RecipientForm(request.POST, prefix="recipient")
    if not form.is_valid():
        return _shown(request, actor, recipient=form)
    said = form.cleaned_data
    try:
        propose_recipient(actor, said["name"], said["key"], said["reason"])
    except SafelightError as refused:
        # A private key that somebody pasted is not sent back to the page.
        again = {**request.POST.dict(), "recipient-key": ""}
        form = RecipientForm(again, prefix="recipient")
        form.errors["key"] = form.error_class([str(refused)])
        return _shown(request, actor, recipient=form)
    return redirect("console_proposals")


@act(Permission.EVIDENCE_EXPORT)
def retire(request: HttpRequest, actor: PersonActor, recipient_id: UUID) -> HttpResponse:
    """Seal nothing more to a recipient."""
    why = request.POST.get("reason", "")
    done(request, lambda: retire_recipient(actor, recipient_id, why), _("Nothing is sealed to this key now."))
    return redirect("console_bundles")


@act(Permission.EVIDENCE_EXPORT)
def download(request: HttpRequest, actor: PersonActor, bundle_id: UUID) -> HttpResponse | FileResponse:
    """The sealed file; that it was fetched is on the ledger."""
    try:
        file = fetch(actor, bundle_id)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_bundles")
    return FileResponse(
        file, as_attachment=True, filename=f"{bundle_id}.age", content_type="application/octet-stream"
    )


def _shown(request: HttpRequest, actor: PersonActor, **forms_: forms.Form) -> HttpResponse:
    known = recipients(actor)
    named = request.GET.get("case", "")
    context = {
        "bundles": [_row(actor, one) for one in exports(actor)],
        "recipients": known,
        "ask": forms_.get("ask") or AskForm(None, known, initial={"case": named}),
        "recipient": forms_.get("recipient") or RecipientForm(prefix="recipient"),
    }
    return render(request, "console/bundles.html", context, status=400 if forms_ else 200)


def _row(actor: PersonActor, export: Export) -> Shown:
    proposal = export.proposal
    assert proposal is not None
    state = export.state
    if state == Export.State.ASKED and proposal.state != Proposal.State.OPEN:
        state = proposal.state
    elif state == Export.State.ASKED and proposal.expires_at <= now():
        state = Proposal.State.EXPIRED
    waits = state == Export.State.ASKED
    return Shown(export, state, waits and export.asked_by_id != actor.person.pk)
