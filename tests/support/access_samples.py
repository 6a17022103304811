"""A valid request for every route: what its arguments name, and what is sent.

A request that would be refused for its form would hide whether it is refused for who sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from callers import Present, passkey_of
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from safelight.hotlines import model
from safelight.server.cases.models import Case, CaseOccurrence, Complaint
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.sealed import seal_content
from safelight.server.ids import new_id, now
from safelight.server.intake.models import ApiKey, Intake, Occurrence, Surface
from safelight.server.lists.models import HashList
from safelight.server.people.models import Invitation, Person, Proposal
from safelight.server.webhooks.models import Delivery, Endpoint


@dataclass
class World:
    """What there is to ask for. ``own`` belongs to who calls; ``others`` does not."""

    surface: Surface
    someone: Person
    own: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)


def made_world(someone: Person, caller: Present, surface: Surface) -> World:
    """Everything that a route's arguments may name, by the argument's name: the caller's, and others'."""
    later = now() + timedelta(days=1)
    proposal = Proposal.objects.create(
        kind=Proposal.Kind.ROLE_GRANT, subject=new_id(), detail={"role": "reviewer"}, reason="for a test",
        proposed_by=someone, expires_at=later,
    )  # fmt: skip
    invitation = Invitation.objects.create(token_digest=b"t" * 32, expires_at=later, invited_by=someone)
    endpoint = Endpoint.objects.create(url="https://a.example/", secret=b"sealed", created_by=someone)
    dead = Delivery.objects.create(endpoint=endpoint, kind="case.opened", state=Delivery.State.DEAD)
    theirs = passkey_of(someone)
    common = {
        "person_id": someone.pk,
        "proposal_id": proposal.pk,
        "invitation_id": invitation.pk,
        "endpoint_id": endpoint.pk,
        "delivery_id": dead.pk,
        "token": "no-such-link",
        "provider_id": "none",
        "name": _list().name,
        "surface_id": surface.pk,
        **{name: new_id() for name in _NOT_THERE},
    }
    elsewhere = Surface.objects.create(name="elsewhere", visibility="public")
    world = World(surface, someone)
    own = _matter(surface, caller.person or someone, caller.key)
    world.own = {**common, **own, "pk": caller.factor.pk if caller.factor else theirs.pk}
    world.others = {**common, **_matter(elsewhere, someone, None), "pk": theirs.pk}
    return world


def _list() -> HashList:
    """Straight into the table: how lists are made is not what is asked here."""
    return HashList.objects.create(name="ours", list_class="test", source="a test")


def _report(case: Case) -> dict[str, Any]:
    """A draft about a case."""
    report = Report(case=case, hotline="cybertipline", duty="us_2258a")
    seal_content(report, model.Report(summary=model.IncidentSummary(date_time=now())))
    report.save()
    return {"report_id": report.pk, "section": "summary"}


def _matter(surface: Surface, reviewer: Person, key: ApiKey | None) -> dict[str, Any]:
    """A text on a surface, its case, and a complaint about it."""
    intake = Intake.objects.create(kind=Intake.Kind.TEXT, surface=surface, key=key)
    occurrence = Occurrence.objects.create(intake=intake, surface=surface, text=b"sealed")
    case = Case.objects.create(assigned_to=reviewer)
    CaseOccurrence.objects.create(case=case, occurrence=occurrence)
    complained = Occurrence.objects.create(intake=intake, surface=surface, text=b"sealed", first_seen=False)
    CaseOccurrence.objects.create(case=case, occurrence=complained)
    complaint = Complaint.objects.create(
        occurrence=complained, key=key, text=b"sealed", due_at=now() + timedelta(days=1)
    )
    return {
        "case_id": case.pk,
        "occurrence": occurrence.pk,
        "submission": intake.pk,
        "id": intake.pk,
        "complaint_id": complaint.pk,
        **_report(case),
        "occurrence_id": occurrence.pk,
    }


_NOT_THERE = (
    "alert_id", "file_id", "item_id", "batch_id", "key_id", "basis_id", "job_id", "opinion_id",
    "suggestion_id", "correction_id", "viewing_id", "recipient_id", "bundle_id", "object_id",
)  # fmt: skip
"""What nobody has made: who may ask is told that it is not there, and who may not is not told even that."""

Send = Callable[[Client, str, dict[str, Any]], HttpResponse]


def form(**fields: str) -> Send:
    """Send a form."""
    return lambda client, path, _named: client.post(path, fields)


def raw(content: bytes) -> Send:
    """Send bytes."""
    return lambda client, path, _named: client.post(path, content, content_type="application/octet-stream")


def as_json(body: Callable[[dict[str, Any]], Any]) -> Send:
    """Send JSON made from what there is."""
    return lambda client, path, named: client.post(path, body(named), content_type="application/json")


_ENTRY = {"key": "1", "type": "sha256", "value": "1f" * 32}

SAMPLES: dict[str, Send] = {
    "POST /accounts/people/invite/": form(email="new@example.org", roles="reviewer", reason="for a test"),
    "POST /accounts/people/{person_id}/": form(act="end_sessions", reason="for a test"),
    "POST /accounts/proposals/{proposal_id}/": form(reason="for a test"),
    "POST /api/v1/scan": raw(b"a file"),
    "POST /api/v1/gate": raw(b"a file"),
    "POST /api/v1/scan/batch": lambda client, path, _named: client.post(
        path, {"file": SimpleUploadedFile("x.png", b"a file"), "about": "[{}]"}
    ),
    "POST /api/v1/hashes": as_json(lambda _: {"hashes": {"sha256": "1f" * 32}}),
    "PUT /api/v1/hashes/{id}/bytes": lambda client, path, _named: client.put(path, b"a file"),
    "POST /api/v1/reports": as_json(lambda _: {"kind": "user_report", "text": "words"}),
    "POST /api/v1/scan/reference": as_json(lambda _: {"reference": "https://media.example.org/file"}),
    "PATCH /api/v1/lists/{name}": lambda client, path, _named: client.patch(
        path, {"query_percent": 60, "reason": "for a test"}, content_type="application/json"
    ),
    "POST /api/v1/lists/{name}/entries": as_json(lambda _: {"entries": [_ENTRY]}),
    "POST /api/v1/lists/{name}/withdrawals": as_json(lambda _: {"keys": ["1"], "reason": "for a test"}),
    "POST /api/v1/cases/{case_id}/decisions": as_json(
        lambda named: {"occurrence": str(named["occurrence"]), "outcome": "dismissed", "reason": "a test"}
    ),
    "POST /api/v1/complaints": as_json(
        lambda named: {"submission": str(named["submission"]), "text": "I object."}
    ),
    "POST /api/v1/complaints/{complaint_id}/answer": as_json(lambda _: {"upheld": False, "answer": "No."}),
    "POST /api/v1/webhooks": as_json(
        lambda _: {"url": "https://hooks.example.org/", "kinds": ["case.opened"]}
    ),
}
"""By rule; the others are sent empty, because nothing of them is looked at before who sends it."""


def send(client: Client, rule: str, path: str, named: dict[str, Any]) -> HttpResponse:
    """Call a route as its sample says. ``named`` is what the request may be about."""
    sample = SAMPLES.get(rule)
    if sample is not None:
        return sample(client, path, named)
    return client.generic(rule.partition(" ")[0], path)
