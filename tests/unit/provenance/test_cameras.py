"""What cameras write is told in the same form, and as no more than a claim."""

from __future__ import annotations

import io
import struct

import pytest
from origins import exif, jpeg, xmp
from pictures import draw, encode
from PIL import Image, ImageOps
from small_files import picture

from safelight.types import Grade

TAKEN = {0x9003: "2026:03:04 05:06:07", 0x927C: b"maker's own", 0xA434: "50 mm"}


def test_a_camera_is_claimed(evidence):
    block = exif({271: "Maker", 272: "Maker One", 305: "Firmware 3"}, inner=TAKEN)
    found = evidence(jpeg(exif=block, xmp=xmp(xmp__CreatorTool="Editor 9")), "image/jpeg")
    assert found["camera"].grade is Grade.CLAIMED
    assert found["camera"].detail == {
        "make": "Maker",
        "model": "Maker One",
        "taken": "2026:03:04 05:06:07",
        "lens": "50 mm",
        "maker_note": "present",
    }
    assert "(Maker One)" in found["camera"].summary
    assert found["editor"].detail["software"] == "Firmware 3, Editor 9"


def with_preview(shown: Image.Image, preview: Image.Image) -> bytes:
    small = encode(preview.convert("RGB"), "JPEG", quality=70)
    block = Image.Exif()
    block[271] = "Maker"
    head = bytearray(block.tobytes().removeprefix(b"Exif\0\0"))
    # A second directory with the preview's place and length, which Pillow does not write.
    order = "<" if head[:2] == b"II" else ">"
    count = struct.unpack_from(f"{order}H", head, 8)[0]
    link, at = 10 + 12 * count, len(head)
    struct.pack_into(f"{order}I", head, link, at)
    start = at + 2 + 24 + 4
    head += struct.pack(f"{order}H", 2)
    head += struct.pack(f"{order}HHII", 0x0201, 4, 1, start)
    head += struct.pack(f"{order}HHII", 0x0202, 4, 1, len(small))
    head += bytes(4) + small
    out = io.BytesIO()
    shown.convert("RGB").save(out, "JPEG", quality=90, exif=b"Exif\0\0" + bytes(head))
    return out.getvalue()


def test_a_preview_of_something_else_is_told(evidence):
    shown, other = draw(640, 480, 1), ImageOps.invert(draw(640, 480, 5).convert("RGB"))
    found = evidence(with_preview(shown, other.resize((160, 120))), "image/jpeg")["thumbnail"]
    assert found.grade is Grade.CLAIMED
    assert float(found.detail["likeness"]) < 0.5


@pytest.mark.parametrize("size", [(640, 480), (640, 360), (480, 640)])
def test_a_cameras_own_preview_is_no_evidence(evidence, size):
    shown = draw(*size, 2).convert("RGB")
    preview = ImageOps.pad(shown, (160, 120)) if size[0] > size[1] else shown.resize((90, 120))
    assert "thumbnail" not in evidence(with_preview(shown, preview), "image/jpeg")


def test_a_broken_preview_is_no_evidence(evidence):
    content = with_preview(draw(64, 48), draw(16, 12)).replace(b"\xff\xdb", b"\xff\x00", 1)
    assert "thumbnail" not in evidence(content, "image/jpeg")
    assert evidence(picture("JPEG"), "image/jpeg") == {}
