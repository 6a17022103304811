"""What an operator with the root key sees of a trial's server, in a process of its own.

``python trial_inspection.py`` reads a command and what it is told as a line of JSON from standard input,
answers with a line of JSON, and waits for the next.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from safelight.keys import Keyring
from safelight.server.config import load
from safelight.server.terminal import open_records
from safelight.workspace import Workspace


def set_up() -> Keyring:
    config = load()
    with Workspace.open(config.workspace) as workspace:
        keyring = workspace.keyring
    open_records(config, keyring)
    return keyring


def close_connections() -> None:
    """A trial stops its database, and fills and changes what that lies on."""
    from django.db import connections

    connections.close_all()


def make_key(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """A key of a surface, and jobs that are due one after another while the trial runs."""
    import secrets

    from django.db import transaction

    from safelight.server.ids import now
    from safelight.server.intake.models import ApiKey, Surface
    from safelight.server.jobs.clock import database_time
    from safelight.server.jobs.services import enqueue

    with transaction.atomic():
        surface = Surface.objects.create(name="posts", visibility="public")
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        ApiKey.objects.create(
            name="a key", prefix=prefix, secret_digest=hashlib.sha256(secret.encode()).digest(),
            audience="server", scopes=["scan"], surface=surface, created_at=now(),
        )  # fmt: skip
        for number in range(told.get("jobs", 0)):
            due_at = database_time() + timedelta(seconds=number)
            enqueue("vault.orphans", {}, key=f"trial-{number}", due_at=due_at)
    return f"slk_{prefix}_{secret}"


def jobs(_keyring: Keyring, _told: Mapping[str, Any]) -> Any:
    """How the trial's jobs stand, how many rows of recurring work wait, and what was given up."""
    from safelight.server.jobs.clock import database_time
    from safelight.server.jobs.models import Job

    trial = Job.objects.filter(key__startswith="trial-")
    unfinished = Job.objects.filter(state__in=["due", "leased"]).exclude(pk__in=trial)
    latest = max(unfinished.values_list("due_at", flat=True), default=database_time())
    return {
        "done": trial.filter(state="done").count(),
        "dead": Job.objects.filter(state="dead").count(),
        "taken_over": trial.filter(attempts__gt=1).count(),
        "latest_seconds": (latest - database_time()).total_seconds(),
        "recurring": dict(Counter(unfinished.values_list("kind", flat=True))),
    }


def enqueue_due(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """Put a job there that is due now."""
    from django.db import transaction

    from safelight.server.jobs.services import enqueue

    with transaction.atomic():
        return str(enqueue(told["kind"], {}).pk)


def expire(_keyring: Keyring, _told: Mapping[str, Any]) -> Any:
    """Let the days be over in which what could not be scanned is kept."""
    from safelight.server.ids import now
    from safelight.server.intake.models import Item

    return Item.objects.filter(outcome="unscanned").update(unscanned_until=now() - timedelta(days=1))


def destroyed(_keyring: Keyring, _told: Mapping[str, Any]) -> Any:
    """How many pieces of evidence are."""
    from safelight.server.vault.models import SealedObject

    return SealedObject.objects.filter(state="destroyed").count()


def job(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """How one job stands."""
    from safelight.server.jobs.models import Job

    found = Job.objects.get(pk=told["id"])
    return {"state": found.state, "error": found.last_error}


def hand_out(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """Confirm the one case, and have two people hand its evidence to a key."""
    from safelight.server.bundle.asking import ask
    from safelight.server.bundle.recipients import propose_recipient
    from safelight.server.cases.models import Case, Decision
    from safelight.server.people.actors import PersonActor
    from safelight.server.people.models import Person, Proposal, RoleGrant
    from safelight.server.people.proposals import approve

    asks, releases = (
        PersonActor(Person.objects.create(email=f"{name}@example.org"), "a trial", True) for name in "ab"
    )
    for actor in (asks, releases):
        granted = Proposal.objects.create(
            kind="role_grant", subject=actor.person.pk, detail={"role": "reporter"}, reason="a trial",
            proposed_by=actor.person, expires_at=actor.person.joined_at,
        )  # fmt: skip
        RoleGrant.objects.create(person=actor.person, role="reporter", proposal=granted)
    case = Case.objects.get()
    seen = case.members.get().occurrence
    Decision.objects.create(case=case, occurrence=seen, outcome="confirmed", person=asks.person)
    recipient = propose_recipient(asks, "Cyber unit", told["key"], "a trial")
    approve(releases, recipient.proposal.pk)
    export = ask(asks, case, recipient.pk, "a trial")
    approve(releases, export.proposal.pk)
    return str(export.pk)


def bundle(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """How a bundle stands, and what its job said last."""
    from safelight.server.bundle.models import Export
    from safelight.server.jobs.models import Job

    job = Job.objects.filter(kind="bundle.make").first()
    return {"state": Export.objects.get(pk=told["id"]).state, "job": job and [job.state, job.last_error]}


def switched_on(_keyring: Keyring, _told: Mapping[str, Any]) -> Any:
    """As after the machine was off: its time since the start is counted anew."""
    from safelight.server.jobs.models import BootClock

    return BootClock.objects.all().delete()[0]


def receipt(_keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """Confirm and finish every case that there is, with a hotline's receipt now; put some files on hold."""
    from django.db import transaction

    from safelight.server.cases.models import Case, Decision
    from safelight.server.ids import now
    from safelight.server.people.models import Person
    from safelight.server.vault.models import LegalHold, SealedObject
    from safelight.server.vault.services import on_receipt

    person = Person.objects.create(email="trial@example.org")
    with transaction.atomic():
        for case in Case.objects.all():
            for member in case.members.all():
                Decision.objects.create(
                    case=case, occurrence=member.occurrence, outcome="confirmed", person=person
                )
            Case.objects.filter(pk=case.pk).update(state="finished", finished_at=now())
            on_receipt(case, now(), reference="a trial")
        reported = SealedObject.objects.filter(standing="reported").order_by("pk")
        for row in reported[: told["held"]]:
            LegalHold.objects.create(object=row, reason="a trial", person=person)
    return {"objects": reported.count()}


def preserved(_keyring: Keyring, _told: Mapping[str, Any]) -> Any:
    """How many contexts were sealed; what is gone of the files and contexts of receipts, and of others."""
    from safelight.server.vault.models import Preserved, SealedObject

    gone = SealedObject.objects.filter(state="destroyed")
    of_receipts = gone.filter(standing__in=["reported", "context"])
    return {
        "contexts": Preserved.objects.filter(context__isnull=False).count(),
        "gone": of_receipts.count(),
        "held_gone": of_receipts.filter(holds__isnull=False).count(),
        "others_gone": gone.exclude(pk__in=of_receipts).exclude(item__outcome="clear").count(),
    }


def examine(keyring: Keyring, told: Mapping[str, Any]) -> Any:
    """Hold what was acknowledged against what is there.

    ``acknowledged``: idempotency key, intake id, outcome and SHA-256 of each upload; ``listed``: the digests
    that must never be clear.
    """
    from django.db.models import Count

    from safelight.server.cases.models import Case, CaseOccurrence, Settled
    from safelight.server.intake.models import Intake, Item
    from safelight.server.intake.record_keys import RecordKeys
    from safelight.server.vault import place
    from safelight.server.vault.key_records import key_record
    from safelight.server.vault.models import SealedObject
    from safelight.server.vault.serving import keeper_of
    from safelight.vault.evidence import open_sealed

    keys, keeper, store = RecordKeys(keyring), keeper_of(keyring), place.store()
    intakes: dict[str, list[Intake]] = {}
    for intake in Intake.objects.prefetch_related("occurrences__item", "occurrences__membership"):
        intakes.setdefault(intake.idempotency_key or "", []).append(intake)
    read = {}
    for row in SealedObject.objects.filter(state="sealed"):
        content = open_sealed(store, keeper, key_record(row)).read()
        read[row.item_id] = hashlib.sha256(content).hexdigest()
    lost = []
    for key, intake_id, outcome, sha256 in told["acknowledged"]:
        found = intakes.get(key, [])
        occurrences = [one for intake in found for one in intake.occurrences.all()]
        item = occurrences[0].item if occurrences else None
        # What could not be scanned is scanned after all, and then answered and kept as that says.
        now = found[0].outcome if found and outcome == "unscanned" else outcome
        faults = {
            "intake": [str(intake.pk) for intake in found] != [intake_id],
            "answer": [intake.outcome for intake in found] != [now],
            "occurrence": len(occurrences) != 1,
            "item": item is None or keys.open_digest(item.pk, bytes(item.digest)) != sha256,
            "evidence": now != "clear" and (item is None or read.get(item.pk) != sha256),
            "case": now in {"match", "hold"}
            and not any(hasattr(one, "membership") for one in occurrences)
            and not Settled.objects.filter(occurrence__in=occurrences).exists(),
        }
        if any(faults.values()):
            lost.append([key, outcome, *(name for name, is_so in faults.items() if is_so)])
    listed = [tag for sha256 in told["listed"] for tag in keys.item_tags(sha256)]
    unfinished = Case.objects.exclude(state="finished")
    per_account = unfinished.values("account").annotate(number=Count("pk")).filter(number__gt=1)
    twice = CaseOccurrence.objects.values("occurrence").annotate(number=Count("pk")).filter(number__gt=1)
    return {
        "lost": lost,
        "case_duplicates": per_account.count() + twice.count(),
        "cases": Case.objects.count(),
        "intakes": sum(map(len, intakes.values())),
        "evidence": len(read),
        # But for what was kept only to be scanned after all, and was scanned since and found clear.
        "destroyed": SealedObject.objects.filter(state="destroyed").exclude(item__outcome="clear").count(),
        "without_bytes": len(
            set(SealedObject.objects.filter(state="sealed").values_list("pk", flat=True)) - set(store.ids())
        ),
        "listed_clear": Item.objects.filter(tag__in=listed, outcome="clear").count()
        + Intake.objects.filter(occurrences__item__tag__in=listed, outcome="clear").count(),
    }


COMMANDS: dict[str, Callable[[Keyring, Mapping[str, Any]], Any]] = {
    command.__name__: command
    for command in (
        make_key,
        jobs,
        enqueue_due,
        job,
        expire,
        destroyed,
        hand_out,
        bundle,
        switched_on,
        receipt,
        preserved,
        examine,
    )
}

if __name__ == "__main__":
    root_key = set_up()
    for asked in sys.stdin:
        name, said = json.loads(asked)
        print(json.dumps(COMMANDS[name](root_key, said)), flush=True)
        close_connections()
