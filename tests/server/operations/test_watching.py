"""Whoever watches a server learns how each part does and how much was done, never what; nobody else does."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import Histogram
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families
from routes import all_routes
from serving import Server, resting_server, wait_until

from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import HANDLERS, load_handlers
from safelight.server.operations import health
from safelight.server.operations.counts import VERDICTS, count_verdict
from safelight.server.processes.run_directory import COUNTED, COUNTS_BYTES, METRICS
from safelight.types import Outcome, UnscannedReason, Verdict

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "operator"
SOURCES = ROOT / "src" / "safelight" / "server" / "operations"
PARTS = set(health.CHECKS)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with resting_server(web_workers="2") as server:
        yield server.start()


def test_every_part_is_named_and_counted(server: Server):
    wait_until("every check to be well", lambda: not server.checks())
    status, body = server.get("/readyz")
    assert status == 200
    assert {check["name"] for check in json.loads(body)["checks"]} == PARTS
    told = {family.name for family in text_string_to_metric_families(server.get("/metrics")[1].decode())}
    assert told >= {
        "safelight_cases", "safelight_disk_free_bytes", "safelight_indexes_behind", "safelight_jobs",
        "safelight_jobs_oldest_seconds", "safelight_ledger_unplaced", "safelight_process_hangs",
        "safelight_process_starts", "safelight_process_up", "safelight_request_seconds",
        "safelight_requests", "safelight_vault_alarms",
    }  # fmt: skip

    # Through a proxy that says so, nothing but life itself.
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert server.get("/readyz", **{header: "198.51.100.7"})[0] == 403
        assert server.get("/metrics", **{header: "198.51.100.7"})[0] == 403
        assert server.get("/healthz", **{header: "198.51.100.7"})[0] == 200

    # Evidence that was sealed to a key which this vault does not have.
    with closing(sqlite3.connect(server.workspace / "server.sqlite3", timeout=60)) as database, database:
        database.execute(
            "INSERT INTO vault_vaultkey (id, public, since) VALUES ('0000000000000000', x'00', ?)",
            (timezone.now().isoformat(" "),),
        )
    assert "this root key does not give" in server.checks()["keys"]
    with closing(sqlite3.connect(server.workspace / "server.sqlite3", timeout=60)) as database, database:
        database.execute("DELETE FROM vault_vaultkey WHERE id = '0000000000000000'")


def sign_ins(server: Server) -> float:
    told = server.get("/metrics")[1].decode()
    (requests,) = (f for f in text_string_to_metric_families(told) if f.name == "safelight_requests")
    return sum(one.value for one in requests.samples if one.labels["route"] == "account_login")


def test_whoever_takes_a_killed_process_s_place_counts_on_and_needs_no_room(server: Server):
    before = sign_ins(server)
    for _ in range(3):
        assert server.get("/accounts/login/")[0] == 200
    for name in ("web-1", "web-2"):
        server.kill(name)
    assert server.get("/accounts/login/")[0] == 200
    assert sign_ins(server) - before == 4
    files = list((server.run_directory / METRICS).iterdir())
    assert {file.name.partition("_")[0] for file in files} == set(COUNTED)
    assert all(file.stat().st_size == COUNTS_BYTES <= file.stat().st_blocks * 512 for file in files)


def test_the_room_for_counts_is_enough_for_every_route(tmp_path: Path):
    file = tmp_path / "histogram_web-1.db"
    file.write_bytes(bytes(COUNTS_BYTES))
    counted = MmapedDict(str(file))
    for route in all_routes():
        for bucket in Histogram.DEFAULT_BUCKETS:
            labels = {"route": route.path, "le": str(bucket)}
            name = "safelight_request_seconds"
            counted.write_value(
                mmap_key(name, f"{name}_bucket", [*labels], [*labels.values()], "help " * 5), 1, 0
            )
    counted.close()
    assert file.stat().st_size == COUNTS_BYTES


def test_work_that_waits_too_long_is_told(db):
    Job.objects.create(kind="trial", key="one", due_at=timezone.now() - timedelta(minutes=9))
    assert health._jobs(None) == ""
    Job.objects.create(kind="trial", key="two", due_at=timezone.now() - timedelta(minutes=11))
    assert health._jobs(None).startswith("1 jobs have waited")


def test_a_full_disk_is_told(monkeypatch, workspace_setting, tmp_path):
    workspace_setting(workspace=tmp_path)
    monkeypatch.setattr(health, "run_directory", lambda: tmp_path / "run")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1, 1, 100 << 20))
    assert "Only 100 MiB are free" in health.CHECKS["disk"](health.settings.CONFIG)


def test_verdicts_are_counted_by_reason():
    def counted() -> dict[tuple[str, str], float]:
        return {
            (sample.labels["outcome"], sample.labels["reason"]): sample.value
            for sample in VERDICTS.collect()[0].samples
            if sample.name.endswith("_total")
        }

    before = counted()
    not_permitted = Verdict(Outcome.UNSCANNED, "rule", reason=UnscannedReason.NOT_PERMITTED)
    for verdict in (not_permitted, not_permitted, Verdict(Outcome.CLEAR, "rule")):
        count_verdict(verdict)
    now = counted()
    assert now["unscanned", "not_permitted"] - before.get(("unscanned", "not_permitted"), 0) == 2
    assert now["clear", ""] - before.get(("clear", ""), 0) == 1


def test_only_reading_is_allowed(db, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client().post(path).status_code == 405


def test_every_metric_part_and_duty_is_documented():
    metrics = {
        name
        for module in ("metrics", "counts")
        for name in re.findall(r'"(safelight_[a-z_]+)"', (SOURCES / f"{module}.py").read_text())
    }
    watching, serving = ((PAGES / name).read_text() for name in ("watching.md", "serving.md"))
    assert {name for name in metrics if f"| `{name}` |" not in watching} == set()
    assert {part for part in PARTS if f"| `{part}` |" not in watching} == set()
    load_handlers()
    duties = {
        known.kind
        for known in HANDLERS.values()
        if known.every is not None and known.run.__module__.startswith("safelight.")
    }
    assert duties
    assert {
        kind for kind in duties if not kind.startswith("trial") and f"| `{kind}` |" not in serving
    } == set()
