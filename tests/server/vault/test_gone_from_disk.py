"""What real disks hold: nothing of a destroyed key, and no half of what did not fit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from safelight.errors import StoreFull
from safelight.server.ids import now
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import SealedObject
from safelight.server.vault.services import purge_once, seal, stands
from safelight.vault.retention import Standing

WEB = SystemActor("web")
pytestmark = pytest.mark.usefixtures("committing_db")


def test_a_destroyed_key_is_in_no_file_of_sqlite_any_more(seal_one) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps dead rows for a while; a rotation of the key ends them")
    database = Path(connection.settings_dict["NAME"])

    def found() -> bool:
        return any(secret in path.read_bytes() for path in database.parent.glob(f"{database.name}*"))

    row = seal_one()
    secret = bytes(row.wrapped_key)[9:]
    assert found()
    stands(WEB, row.pk, Standing.DISMISSED, now().replace(year=2001))
    assert purge_once().destroyed == (row.pk,)
    assert not found()


def test_a_full_disk_refuses_one_file_keeps_the_others_and_works_again(vault, item_of, fd_of) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small file system")
    evidence = vault.workspace / "evidence"
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(evidence)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        place.store.cache_clear()
        kept = seal(item_of(), fd_of(b"k" * (1 << 20)), actor=WEB)
        with pytest.raises(StoreFull, match="Free or add space"):
            seal(item_of(), fd_of(bytes(8 << 20)), actor=WEB)
        assert list(SealedObject.objects.values_list("pk", flat=True)) == [kept.pk]
        assert list(place.store().ids()) == [kept.pk]
        again = seal(item_of(), fd_of(bytes(1 << 20)), actor=WEB)
        assert place.vault().read(key_record(kept), 0, 3) == b"kkk"
        place.vault().verify(key_record(again))
    finally:
        subprocess.run(["umount", str(evidence)], check=True)
