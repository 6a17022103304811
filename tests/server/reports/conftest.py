"""Cases with confirmed files of any list class, ready to be reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from intake_fixtures import keys, scanner, sender, spool, use_ring, vault

from safelight.types import ListClass, Outcome, ScanResult, Signal

__all__ = ["keys", "scanner", "sender", "spool", "use_ring", "vault"]


@pytest.fixture
def classes(scanner: Any, monkeypatch: pytest.MonkeyPatch) -> dict[bytes, tuple[ListClass, ...]]:
    """By a file's content, the classes of the lists that it matches."""
    told: dict[bytes, tuple[ListClass, ...]] = {}
    plain = scanner.scan

    def scan(source: str, name: str | None = None, **options: object) -> ScanResult:
        from pathlib import Path

        result: ScanResult = plain(source, name, **options)
        seen = result.observation
        listed = told.get(Path(source).read_bytes(), ())
        matches = tuple(replace(match, list_class=one) for match in seen.matches for one in listed)
        signals = (Signal("md5", "0" * 32), Signal("sha1", "0" * 40), *seen.signals)
        return replace(result, observation=replace(seen, matches=matches, signals=signals))

    monkeypatch.setattr(scanner, "scan", scan)
    return told


@pytest.fixture
def arrives(
    keys: Any, scanner: Any, vault: Any, sender: Any, spool: Any, classes: dict[bytes, tuple[ListClass, ...]]
) -> Callable[..., Any]:
    """An upload whose file lists of some classes know; its occurrence."""
    from safelight.server.intake.context import Context
    from safelight.server.intake.models import Occurrence
    from safelight.server.intake.services import receive_file

    actor = sender()

    def arrived(content: bytes, *of: ListClass, account: str = "u1", **told: Any) -> Occurrence:
        scanner.told[content], classes[content] = Outcome.MATCH, of
        received = receive_file(actor, spool(content), Context(account=account, **told))
        return Occurrence.objects.get(pk=received.occurrence_id)

    return arrived


@pytest.fixture
def says(keys: Any, scanner: Any, vault: Any, sender: Any) -> Callable[..., Any]:
    """A text that the platform sent; its occurrence."""
    from safelight.server.intake.context import Context
    from safelight.server.intake.models import Occurrence
    from safelight.server.intake.services import receive_text

    actor = sender()

    def said(text: str, account: str = "u1") -> Occurrence:
        received = receive_text(actor, text, Context(account=account))
        return Occurrence.objects.get(pk=received.occurrence_id)

    return said


@pytest.fixture
def confirm(actor_with: Callable[..., Any]) -> Callable[..., Any]:
    """Decide that occurrences are confirmed, each in its case; the case of the last one."""
    from safelight.server.cases.models import Decision
    from safelight.server.people.roles import Role

    def confirmed(*occurrences: Any) -> Any:
        reviewer = actor_with(Role.SENIOR_REVIEWER)
        for one in occurrences:
            one.refresh_from_db()
            Decision.objects.create(
                case=one.membership.case, occurrence=one, outcome="confirmed", person=reviewer.person
            )
        return occurrences[-1].membership.case

    return confirmed


@pytest.fixture
def reporter(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.REPORTER)


@pytest.fixture
def told_to(workspace_setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Where reports go: the environment, the profile, and who reports."""
    from safelight.server.config import Cybertipline, Reporting
    from safelight.server.hotlines import places

    def told(environment: str = "test", profile: str = "us", **who: Any) -> None:
        who = {"email": "reports@example.org", "service": "Example", **who}
        workspace_setting(
            cybertipline=Cybertipline(environment=environment),
            reporting=Reporting(profile=profile, **who),
        )
        monkeypatch.setattr(places, "production_is_on", lambda: environment == "production")

    told()
    return told


@pytest.fixture
def finished() -> Callable[..., Any]:
    """Have a report finished, as its receipt would."""
    from safelight.server.hotlines.models import Report
    from safelight.server.ids import now

    def finish(report: Any, number: str = "4711") -> Any:
        Report.objects.filter(pk=report.pk).update(state="finished", finished_at=now(), number=number)
        report.refresh_from_db()
        return report

    return finish
