"""Times the evidence of origin, against one exiftool process, and counts marks found where there are none.

Both sides read the metadata of the same files as their users would: exiftool as one process a file, ours as
one confined child a file of a parent that runs already. Ours looks for manifests and marks as well.
"""

from __future__ import annotations

import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path += [str(Path(__file__).parents[1] / "tests" / "support")]
from origins import A1111, exif, xmp
from signing import Authority, signed

from hashing_pictures import photographs
from safelight.media.sandbox.client import Sandbox
from safelight.provenance import Anchors, examine
from safelight.provenance.watermark.dwt_dct import decode

ROUNDS = 40
CROPS = 6_000
LABEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def medians(*actions: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each action, taken in turn so that a busy moment meets all of them."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(taken, actions, strict=True):
            begun = time.perf_counter()
            action()
            times.append((time.perf_counter() - begun) * 1000)
    return [statistics.median(times) for times in taken]


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    block = exif({271: "Maker", 272: "Model"}, comment=A1111)
    packet = xmp(Iptc4xmpExt__DigitalSourceType=LABEL)
    picture.convert("RGB").save(out, "JPEG", quality=85, exif=b"Exif\0\0" + block, xmp=packet)
    return out.getvalue()


def main() -> None:
    pictures = [Image.fromarray(photograph.pixels) for photograph in photographs("1280")]
    authority = Authority()
    plain = jpeg(pictures[0].resize((1280, 960)))
    with tempfile.TemporaryDirectory() as folder:
        without, with_manifest = Path(folder, "without.jpg"), Path(folder, "with.jpg")
        without.write_bytes(plain)
        with_manifest.write_bytes(signed(plain, "image/jpeg", authority.signer()))
        anchors = Anchors(official=authority.pem)
        with Sandbox(accept_partial=True) as sandbox:
            ours = [os.open(path, os.O_RDONLY) for path in (without, with_manifest)]
            found, problems = examine(ours[1], "image/jpeg", sandbox, anchors=anchors)
            assert not problems
            assert {item.kind for item in found} == {"c2pa", "generator", "source_type", "camera"}
            exiftool = [shutil.which("exiftool") or "exiftool", "-j", "-a", "-G1", str(without)]
            said = subprocess.run(exiftool, capture_output=True, check=True)
            assert b"shapes_v1" in said.stdout
            bare, manifest, theirs = medians(
                lambda: examine(ours[0], "image/jpeg", sandbox, anchors=anchors),
                lambda: examine(ours[1], "image/jpeg", sandbox, anchors=anchors),
                lambda: subprocess.run(exiftool, capture_output=True, check=True),
            )
    print(f"FIGURE provenance_ms_without_manifest {bare:.1f}")
    print(f"FIGURE provenance_ms_with_manifest {manifest:.1f}")
    print(f"FIGURE exiftool_ms {theirs:.1f}")
    print(f"FIGURE watermark_crops {CROPS}")
    print(f"FIGURE watermark_false_positives {false_marks(pictures)}")
    print(f"RATIO exiftool_spawn {theirs / bare:.2f}")


def false_marks(pictures: list[Image.Image]) -> int:
    """Marks decoded from crops of benign photographs, half of them scaled, none of which has one."""
    chance, count = np.random.default_rng(7), 0
    for number in range(CROPS):
        picture = pictures[number % len(pictures)].convert("RGB")
        if number % 2:
            scale = chance.uniform(0.5, 1.5)
            picture = picture.resize((int(picture.width * scale), int(picture.height * scale)))
        size = int(chance.integers(256, min(640, picture.height)))
        left = int(chance.integers(0, picture.width - size))
        top = int(chance.integers(0, picture.height - size))
        count += len(list(decode(np.asarray(picture.crop((left, top, left + size, top + size))))))
    return count


if __name__ == "__main__":
    main()
