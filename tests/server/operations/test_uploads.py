"""A file of a form waits where a kill leaves nothing: in memory, or in a file without a name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile


@pytest.mark.parametrize("size", [10, 3 << 20, 9 << 20])
def test_a_file_of_a_form_has_no_name_on_disk(rf, size):
    content = os.urandom(1) * size
    request = rf.post("/", {"file": SimpleUploadedFile("picture.png", content, "image/png")})
    upload = request.FILES["file"]
    where = str(Path(f"/proc/self/fd/{upload.file.fileno()}").readlink())
    assert where.startswith("/memfd:") or where.endswith("(deleted)")
    assert upload.size == size
    assert upload.read() == content
    upload.close()
    assert upload.spool.fd == -1
