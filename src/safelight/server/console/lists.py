"""Hash lists: what each holds and how well it does, what is proposed for it, and what the past says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import NoSuchList, SafelightError
from safelight.lists.store import DEFAULT_DISTANCE, DEFAULT_PERCENT, MAX_DISTANCE
from safelight.lists.videos import stored_entries
from safelight.server.console.access import act, done, page
from safelight.server.console.words import WORDS
from safelight.server.lists import services
from safelight.server.lists.process_store import list_store
from safelight.server.lists.summaries import ListSummary, RecheckPreview
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.server.people.standing import is_demo
from safelight.types import ListClass, ListEntry, Signal

_TYPES: Final = (
    *("sha256", "sha1", "md5", "pdq", "vpdq"),
    *("chromaprint", "chromaprint_short", "autov3", "tsid"),
)
_MOST_LINES: Final = 1000


class NewListForm(forms.Form):
    """A new, empty list."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    list_class = forms.ChoiceField(label=gettext_lazy("What it holds"))
    distance = forms.IntegerField(
        label=gettext_lazy("How far pictures may differ, in bits of 256"),
        min_value=0,
        max_value=MAX_DISTANCE,
        initial=DEFAULT_DISTANCE,
        help_text=gettext_lazy("31 is usual. A smaller number finds fewer copies and fewer strangers."),
    )
    query_percent = forms.IntegerField(
        label=gettext_lazy("Percent of a video's own frames that make it a match"),
        min_value=1,
        max_value=100,
        initial=DEFAULT_PERCENT,
    )
    listed_percent = forms.IntegerField(
        label=gettext_lazy("Percent of the listed video's frames that make it one"),
        min_value=1,
        max_value=100,
        initial=DEFAULT_PERCENT,
    )
    own = forms.BooleanField(
        label=gettext_lazy("Our own list: our people fill it, two for each addition"), required=False
    )
    shadow = forms.BooleanField(
        label=gettext_lazy("In shadow: its hits are reviewed, but cause nothing by themselves"),
        required=False,
    )
    source = forms.CharField(label=gettext_lazy("Source"), max_length=300, required=False)
    sharing_terms = forms.CharField(
        label=gettext_lazy("Sharing terms"), required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        usable = [ListClass.TEST] if is_demo() else list(ListClass)
        choices = [(c.value, WORDS["class"][c.value]) for c in usable]
        self.fields["list_class"].choices = choices  # type: ignore[attr-defined]  # of a ChoiceField


class ChangeForm(forms.Form):
    """How a list is searched."""

    distance = forms.IntegerField(
        label=gettext_lazy("How far pictures may differ, in bits of 256"), min_value=0, max_value=MAX_DISTANCE
    )
    query_percent = forms.IntegerField(
        label=gettext_lazy("Percent of a video's own frames that make it a match"), min_value=1, max_value=100
    )
    listed_percent = forms.IntegerField(
        label=gettext_lazy("Percent of the listed video's frames that make it one"),
        min_value=1,
        max_value=100,
    )
    shadow = forms.BooleanField(label=gettext_lazy("In shadow"), required=False)
    enabled = forms.BooleanField(label=gettext_lazy("Searched at all"), required=False)
    expected_hours = forms.IntegerField(
        label=gettext_lazy("Brought in every so many hours"),
        min_value=0,
        help_text=gettext_lazy("It is called stale when this is overdue. 0 expects nothing."),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000)


class ProposeForm(forms.Form):
    """Entries that two people put on a list."""

    entries = forms.CharField(
        label=gettext_lazy("Hashes, one a line: the type, a space, the value"),
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "Types: sha256, sha1, md5, pdq, vpdq, chromaprint, chromaprint_short, autov3, tsid, as the "
            "command safelight hash prints them. They are sealed at once, never shown again."
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000)
    review_at = forms.DateField(
        label=gettext_lazy("To be reviewed on"), widget=forms.DateInput({"type": "date"})
    )

    def clean_entries(self) -> tuple[Signal, ...]:
        """The signals that the lines name. A line is told by its number, never repeated."""
        lines = [line.split(maxsplit=1) for line in self.cleaned_data["entries"].splitlines() if line.strip()]
        if len(lines) > _MOST_LINES:
            raise forms.ValidationError(
                _("At most {most} at a time; import a file for more.").format(most=_MOST_LINES)
            )
        for number, line in enumerate(lines, 1):
            if len(line) != 2 or line[0].lower() not in _TYPES:
                raise forms.ValidationError(
                    _("Line {number} is not a type and a value.").format(number=number)
                )
        return tuple(Signal(type_.lower(), value.strip().lower()) for type_, value in lines)


@page(Permission.LIST_READ)
def lists(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every list, and what waits for a second person."""
    context = {
        "lists": services.all_lists(actor),
        "waiting": services.waiting_batches(actor),
        "may_change": Permission.LIST_CHANGE in permissions_of(actor.person),
    }
    return render(request, "console/lists.html", context)


@page(Permission.LIST_CHANGE, methods=("GET", "HEAD", "POST"))
def make(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Make an empty list."""
    form = NewListForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data | {"list_class": ListClass(form.cleaned_data["list_class"])}
        try:
            made = services.make_list(actor, said.pop("name"), said.pop("list_class"), **said)
        except SafelightError as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("console_list", made.name)
    return render(request, "console/list_new.html", {"form": form}, status=400 if form.errors else 200)


@page(Permission.LIST_READ)
def one_list(request: HttpRequest, actor: PersonActor, name: str) -> HttpResponse:
    """One list: numbers, standing, what waits, and forms for who may change it."""
    return _shown(request, actor, _found(actor, name))


def _found(actor: PersonActor, name: str) -> ListSummary:
    try:
        return services.one_list(actor, name)
    except NoSuchList:
        raise Http404 from None


def _shown(
    request: HttpRequest,
    actor: PersonActor,
    summary: ListSummary,
    *,
    propose: ProposeForm | None = None,
    change: ChangeForm | None = None,
    previews: dict[UUID, RecheckPreview] | None = None,
    preview: RecheckPreview | None = None,
    of_entry: RecheckPreview | None = None,
) -> HttpResponse:
    may_change = Permission.LIST_CHANGE in permissions_of(actor.person)
    batches = services.waiting_batches(actor, summary.name)
    open_proposals = Proposal.objects.filter(
        kind=Proposal.Kind.LIST_ENTRIES, state=Proposal.State.OPEN, subject__in=[b.id for b in batches]
    )
    proposed = {proposal.subject for proposal in open_proposals}
    now_set = {
        "distance": summary.distance,
        "query_percent": summary.query_percent,
        "listed_percent": summary.listed_percent,
        "shadow": summary.shadow,
        "enabled": summary.enabled,
        "expected_hours": summary.expected_hours,
    }
    context = {
        "list": summary,
        "batches": [(batch, batch.id in proposed, (previews or {}).get(batch.id)) for batch in batches],
        "may_change": may_change,
        "propose": propose or ProposeForm(),
        "change": change or ChangeForm(initial=now_set),
        "preview": preview,
        "of_entry": of_entry,
    }
    failed = (propose is not None and propose.errors) or (change is not None and change.errors)
    return render(request, "console/list.html", context, status=400 if failed else 200)


@act(Permission.LIST_CHANGE)
def change_list(request: HttpRequest, actor: PersonActor, name: str) -> HttpResponse:
    """Change how a list is searched; the next search uses it."""
    summary, form = _found(actor, name), ChangeForm(request.POST)
    if not form.is_valid():
        return _shown(request, actor, summary, change=form)
    said = form.cleaned_data
    done(request, lambda: services.change_list(actor, name, **said), _("Changed. The next search uses it."))
    return redirect("console_list", name)


@act(Permission.LIST_CHANGE)
def propose_entries(request: HttpRequest, actor: PersonActor, name: str) -> HttpResponse:
    """Propose entries, or only count what they would find among past files."""
    summary, form = _found(actor, name), ProposeForm(request.POST)
    if not form.is_valid():
        return _shown(request, actor, summary, propose=form)
    said = form.cleaned_data
    try:
        entries = [_entry(name, signal) for signal in said["entries"]]
        if "preview" in request.POST:
            found = services.search_recent(actor, name, entries)
            return _shown(request, actor, summary, propose=form, preview=found)
        services.add_entries(
            actor, name, entries, reason=said["reason"], review_at=_midnight(said["review_at"])
        )
    except (SafelightError, ValueError) as refused:
        form.add_error("entries", str(refused))
        return _shown(request, actor, summary, propose=form)
    messages.success(request, _("Proposed. Somebody else approves it under Proposals."))
    return redirect("console_list", name)


@act(Permission.LIST_CHANGE)
def decide_batch(request: HttpRequest, actor: PersonActor, name: str, batch_id: UUID) -> HttpResponse:
    """Preview, propose or discard what waits: quarantined entries, or what an import left for two people."""
    reason = request.POST.get("reason", "")
    match request.POST.get("act"):
        case "preview":
            summary = _found(actor, name)
            try:
                found = services.waiting_preview(actor, batch_id)
            except SafelightError as refused:
                messages.error(request, str(refused))
                return redirect("console_list", name)
            return _shown(request, actor, summary, previews={batch_id: found})
        case "propose":
            review = _review(request)
            done(
                request,
                lambda: services.propose_batch(actor, batch_id, reason, review),
                _("Proposed. Somebody else approves it under Proposals."),
            )
        case "discard":
            done(request, lambda: services.discard_batch(actor, batch_id, reason=reason), _("Discarded."))
    return redirect("console_list", name)


@act(Permission.LIST_CHANGE)
def do(request: HttpRequest, actor: PersonActor, name: str) -> HttpResponse:
    """Withdraw entries, let a list act again, or release or drop what re-checking the past found."""
    _found(actor, name)
    reason, key = request.POST.get("reason", ""), request.POST.get("key", "").strip()
    match request.POST.get("act"):
        case "withdraw" if key:
            done(
                request,
                lambda: services.withdraw_entries(actor, name, [key], reason=reason),
                _("Withdrawn. No search finds it from now on."),
            )
        case "preview" if key:
            return _previewed(request, actor, name, key)
        case "admit":
            done(
                request,
                lambda: services.admit_list(actor, name, reason=reason, review_at=_review(request)),
                _("Proposed. Somebody else approves it under Proposals."),
            )
        case "review":
            done(
                request,
                lambda: services.review_list(actor, name, reason=reason, review_at=_review(request)),
                _("Noted, and when next."),
            )
        case "restore":
            done(request, lambda: services.restore_list(actor, name, reason=reason), _("It acts again."))
        case "release":
            done(
                request,
                lambda: services.recheck_start(actor, name, reason=reason),
                _("Released. A job brings what was found into cases."),
            )
        case "drop":
            done(request, lambda: services.discard_recheck(actor, name, reason=reason), _("Dropped."))
    return redirect("console_list", name)


def _entry(name: str, signal: Signal) -> ListEntry:
    """Raises :class:`~safelight.errors.UsageError` for a video that is none."""
    # A video's looks are what is stored of it, and what its key is made from.
    stored = [each.signal for each in stored_entries(ListEntry(name, "", signal))]
    return ListEntry(name, list_store().derive_key(stored), signal)


def _previewed(request: HttpRequest, actor: PersonActor, name: str, key: str) -> HttpResponse:
    """The page with what re-checking the past for one listed entry finds."""
    try:
        found = services.recheck_preview(actor, name, key)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_list", name)
    return _shown(request, actor, _found(actor, name), of_entry=found)


def _review(request: HttpRequest) -> datetime | None:
    """The review date that was given; None where there is none, which the services refuse in words."""
    try:
        return _midnight(forms.DateField(required=False).clean(request.POST.get("review_at")))
    except forms.ValidationError:
        return None


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
