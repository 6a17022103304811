"""Evidence lies where the settings say, and never where strangers can read it."""

from __future__ import annotations

import os

import pytest

from safelight.errors import StoreUnsafe, UsageError
from safelight.server.ids import now
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.key_records import key_record
from safelight.server.vault.orphans import remove_orphans_once
from safelight.server.vault.services import purge_once, replay_destructions, seal, stands, store_sealed
from safelight.server.vault.stores import open_store
from safelight.vault.retention import Standing

S3 = pytest.mark.xdist_group("seaweedfs")


@pytest.fixture
def in_bucket(s3_server, configured, workspace_setting, monkeypatch):
    """Name a bucket in the settings."""

    def name(bucket: str) -> None:
        settings = s3_server.settings(bucket)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings.secret_access_key)
        workspace_setting(evidence_url=f"s3://{bucket}/{configured.run.name}?endpoint={s3_server.endpoint}")

    return name


@S3
@pytest.mark.django_db
def test_evidence_in_a_bucket_is_sealed_read_and_destroyed(in_bucket, configured, item_of, fd_of) -> None:
    in_bucket("private")
    configured.start()
    replay_destructions()
    content = os.urandom((17 << 20) + 5)
    row = seal(item_of(content), fd_of(content), actor=SystemActor("web"))
    assert place.vault().read(key_record(row), 17 << 20, 100) == content[17 << 20 :]
    orphan = store_sealed(fd_of(b"orphan"))
    assert set(configured.store.ids()) == {row.pk, orphan.object_id}
    assert remove_orphans_once(grace=-now().resolution * 10**6) == 1
    stands(SystemActor("web"), row.pk, Standing.DISMISSED, now().replace(year=2001))
    assert purge_once().destroyed == (row.pk,)
    assert list(configured.store.ids()) == []


@S3
@pytest.mark.parametrize("bucket", ["listable", "readable"])
def test_a_bucket_that_strangers_can_read_is_refused(in_bucket, bucket) -> None:
    in_bucket(bucket)
    with pytest.raises(StoreUnsafe):
        place.store()


def test_a_directory_that_others_can_enter_is_refused(configured) -> None:
    (configured.workspace / "evidence").mkdir(mode=0o755)
    with pytest.raises(StoreUnsafe):
        place.store()


def test_another_kind_of_address_is_refused(configured) -> None:
    config = place.settings.CONFIG.model_copy(update={"evidence_url": "https://example.org/evidence"})
    with pytest.raises(UsageError, match="s3://"):
        open_store(config)
