"""The evidence lies with an S3 service that is killed in the middle of an upload: the report goes on."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from seaweedfs import S3Server, running

from safelight.hotlines.mock.state import Standing

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seaweedfs")]
MIB = 1 << 20
SMALL, LARGE = b"small", random.Random(0).randbytes(24 * MIB)
DOWN = 3
"""Reads that fail before the service is started again."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[S3Server]:
    (tmp_path / "s3").mkdir()
    with running(tmp_path / "s3") as started:
        yield started


@pytest.fixture
def set_up(
    set_up: Callable[..., None],
    service: S3Server,
    workspace_setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., None]:
    """As ever, with the evidence in a bucket."""

    def changed(**told: Any) -> None:
        settings = service.settings()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings.secret_access_key)
        set_up(**told)
        workspace_setting(evidence_url=f"s3://private/evidence?endpoint={service.endpoint}")

    return changed


def test_an_s3_service_that_is_killed_in_the_middle_of_an_upload(
    report_of, reporter, sending, hotline, service, monkeypatch
) -> None:
    from django.db import connection

    from safelight.errors import VaultError
    from safelight.server.hotlines.sending import send
    from safelight.server.vault.client import VaultClient

    read, failed = VaultClient.read, []

    def watched(self, record, start, length):
        if start == 8 * MIB and not failed:
            service.kill()
        try:
            return read(self, record, start, length)
        except VaultError as error:
            failed.append(str(error))
            if len(failed) == DOWN:
                service.start()
            raise

    report = send(reporter, report_of(SMALL, LARGE))
    monkeypatch.setattr(VaultClient, "read", watched)
    sending()
    report.refresh_from_db()
    finished = [kept for kept in hotline.reports() if kept.standing is Standing.FINISHED]
    files = [[(file.size, file.md5) for file in kept.files] for kept in finished]
    uploads = [a.outcome for step in report.steps.filter(call="upload") for a in step.attempts.all()]
    print(f"FIGURE hotline_s3_down_reads_failed_{connection.vendor} {len(failed)}")
    print(f"FIGURE hotline_s3_down_finished_{connection.vendor} {len(finished)}")
    print(f"FIGURE hotline_s3_down_files_{connection.vendor} {sum(map(len, files))}")
    assert report.state == "finished"
    assert len(failed) >= DOWN
    assert uploads.count("lost") == 1, "only the upload that was under way"
    assert files == [[(len(one), hashlib.md5(one).hexdigest()) for one in (SMALL, LARGE)]]
    assert [kept.standing for kept in hotline.reports()].count(Standing.OPEN) == report.orphans.count()
