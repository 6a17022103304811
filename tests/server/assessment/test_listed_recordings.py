"""A confirmed video, recording or model that went to an own list is found again as another file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from models import pytorch, safetensors, tensors
from server_lists import begin
from sounds import encode, song
from videos import Video

from safelight import HashList
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.observe import now_utc, observe
from safelight.scan.scanner import Scanner
from safelight.server.assessment.deciding import decide_item
from safelight.server.assessment.listing import open_suggestions, propose_listing
from safelight.server.cases.handling import take
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import now
from safelight.server.intake import scanning
from safelight.server.intake.context import Context
from safelight.server.intake.models import Item
from safelight.server.intake.services import receive_file
from safelight.server.jobs.registry import load_handlers
from safelight.server.jobs.working import work_once
from safelight.server.lists.process_store import list_store
from safelight.server.lists.services import make_list
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role
from safelight.types import ListClass

pytestmark = pytest.mark.usefixtures("committing_db", "keys", "vault")

FILES: dict[str, Callable[[], tuple[bytes, bytes, str]]] = {
    "video": lambda: (
        Video(scenes=(1, 2)).bytes(),
        Video(scenes=(1, 2), options={"preset": "veryfast", "crf": "30"}, format="matroska").bytes(),
        "vpdq",
    ),
    "sound": lambda: (encode(song(1)), encode(song(1), "mp3", "libmp3lame", 96_000), "chromaprint"),
    "model": lambda: (safetensors(tensors(1)), pytorch(tensors(1)), "tsid"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize("what", FILES)
def test_what_was_confirmed_is_found_as_another_file(
    what: str,
    sandbox: Sandbox,
    sender: Callable[..., Any],
    spool: Callable[..., Any],
    reviewer: Any,
    actor_with: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin()
    content, copy, found_by = FILES[what]()
    known = HashList("known", "csam")
    known.add("sha256", hashlib.sha256(content).hexdigest())
    manager, second = actor_with(Role.LIST_MANAGER), actor_with(Role.LIST_MANAGER)
    make_list(manager, "ours", ListClass.CSAM, own=True)
    with Scanner(lists=[known], sandbox=sandbox) as scanner:
        monkeypatch.setattr(scanning, "_scanner", scanner)
        receive_file(sender(), spool(content), Context(account="u1"))
        load_handlers()
        while work_once("a test"):
            pass
    case, item = take(reviewer, Case.objects.get()), Item.objects.get()
    decide_item(reviewer, case, item, Decision.Outcome.CONFIRMED, suggest=True)
    review = now() + timedelta(days=90)
    made = propose_listing(manager, open_suggestions(manager).get(), "ours", "confirmed here", review)
    assert made.proposal is not None
    approve(second, made.proposal.pk)
    seen = observe(copy, "", sandbox, Limits(), now_utc())
    matches = Matcher(list_store(), MemoryIndexes(list_store())).match(seen.signals).matches
    assert found_by in {match.signal.type for match in matches if match.entry_key == str(item.pk)}
