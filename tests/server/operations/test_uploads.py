"""A file of a form waits where a kill leaves nothing: in memory, or in a file without a name."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.multipartparser import MultiPartParserError


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


def test_nothing_is_left_of_a_form_that_cannot_be_read_to_its_end(rf):
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(20):
        request = rf.generic("POST", "/", part + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x")
        with pytest.raises(MultiPartParserError):
            request.FILES  # noqa: B018 - read for the first time
    del request
    gc.collect()
    assert len([*Path("/proc/self/fd").iterdir()]) <= before


def test_nothing_is_left_of_a_form_that_nobody_closes(rf):
    before = len([*Path("/proc/self/fd").iterdir()])
    request = rf.post("/", {"file": SimpleUploadedFile("picture.png", b"bytes", "image/png")})
    request.FILES["file"].request = request  # as a traceback may, in a circle
    assert request.FILES["file"].read() == b"bytes"
    del request
    gc.collect()
    assert len([*Path("/proc/self/fd").iterdir()]) <= before
