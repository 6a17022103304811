"""A video is scanned by a job, and its case says how much of it is listed and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from videos import Video

from safelight import HashList
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.observe import now_utc, observe
from safelight.scan.scanner import Scanner
from safelight.server.cases.models import Case
from safelight.server.intake import scanning
from safelight.server.intake.context import Context
from safelight.server.intake.models import Intake
from safelight.server.intake.services import receive_file
from safelight.server.jobs.registry import load_handlers
from safelight.server.jobs.working import work_once
from safelight.server.lists import seen
from safelight.server.lists.models import SeenHash
from safelight.server.people.roles import Role
from safelight.types import UnscannedReason

pytestmark = pytest.mark.usefixtures("committing_db", "keys", "vault")
Make = Callable[..., Any]

LISTED = Video(scenes=(1, 2))
UPLOADED = Video(scenes=(5, 1, 2, 6), options={"preset": "veryfast", "crf": "30"}, format="matroska")


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scanner]:
    with Sandbox() as sandbox:
        listed = HashList("films", "test")
        for signal in observe(LISTED.bytes(), "", sandbox, Limits(), now_utc()).signals:
            if signal.type == "vpdq":
                listed.add("vpdq", signal.value, "film-1")
        with Scanner(lists=[listed], sandbox=sandbox) as scanner:
            monkeypatch.setattr(scanning, "_scanner", scanner)
            yield scanner


@pytest.mark.usefixtures("scanner")
def test_the_case_of_a_video_says_how_much_of_it_is_listed_and_when(
    sender: Make, spool: Make, browser_of: Make
) -> None:
    received = receive_file(sender(audience="server"), spool(UPLOADED.bytes()), Context(account="u1"))
    assert received.verdict.reason is UnscannedReason.NOT_YET
    load_handlers()
    while work_once("a test"):
        pass
    assert Intake.objects.get().outcome == "hold"
    client, _ = browser_of(Role.LEAD)
    told = client.get(f"/cases/{Case.objects.get().pk}/").content.decode()
    assert "50 % of its frames, 100 % of the listed ones" in told
    assert "0:02\N{EN DASH}0:06" in told
    assert "film-1" in told
    # Its frames are kept, so that what is listed later is searched among them.
    assert SeenHash.objects.filter(signal_type="pdq").count() == 8
    assert not SeenHash.objects.filter(signal_type="vpdq").exists()


def test_of_a_long_video_frames_are_kept_from_its_beginning_to_its_end(
    monkeypatch: pytest.MonkeyPatch, scanner: Scanner
) -> None:
    monkeypatch.setattr(seen, "KEPT_OF_A_FILE", 6)
    found = scanner.scan(UPLOADED.bytes()).observation
    kept = [str(signal.part) for signal in seen._kept(found.signals)]
    assert len(kept) == 6
    assert kept[:3] == ["", "", ""]
    assert kept[3:] == ["#t=0.0", "#t=3.0", "#t=6.0"]
