"""Rows may come in any portions, turned in any way, on any machine, in constant memory: the hash stays."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from safelight.native import _pdq

SHOWN = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}
"""EXIF orientation to the picture as a viewer shows it."""

SIZES = ((5, 9), (64, 64), (64, 65), (100, 37), (128, 130), (301, 200), (640, 480))


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_orientation_hashes_the_picture_as_shown(orientation, size, photographs, drawers, resized, oracle):
    width, height = size
    rng = np.random.default_rng(1)
    pictures = [resized(photographs[name], *size) for name in ("coffee", "coins")]
    pictures += [drawers[name](*size, rng) for name in ("shapes", "stripes")]
    for pixels in pictures:
        channels = 1 if pixels.ndim == 2 else 3
        expected = oracle(SHOWN[orientation](pixels))
        same = len(expected.hashes)
        for how in (_pdq.hash, _pdq.hash_reference):
            hashes, quality, _ = how(pixels, width, height, channels, orientation=orientation)
            assert (hashes[:same], quality) == (expected.hashes, expected.quality), how


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("chunk", [1, 2, 7, 16, 33, 480])
def test_portions_of_rows_do_not_matter(chunk, reference, photographs, resized):
    pixels = resized(photographs["coffee"], 640, 480)
    for orientation in (1, 2, 3, 6):
        whole = _pdq.stream(pixels, 640, 480, 3, orientation=orientation, chunk=480, reference=reference)
        portions = _pdq.stream(pixels, 640, 480, 3, orientation=orientation, chunk=chunk, reference=reference)
        if reference:
            assert portions == whole
        else:  # sums of other portions round otherwise, within what `certain` accounts for
            assert not (portions[2] and whole[2]) or portions[:2] == whole[:2]


def test_stride_skips_the_padding_of_rows(photographs):
    pixels = photographs["chelsea"]
    height, width = pixels.shape[:2]
    padded = np.full((height, 3 * width + 29), 77, np.uint8)
    padded[:, : 3 * width] = pixels.reshape(height, -1)
    lacking_the_last_padding = padded.tobytes()[:-29]
    assert _pdq.hash(lacking_the_last_padding, width, height, 3, 3 * width + 29) == _pdq.hash(
        pixels, width, height, 3
    )


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("orientation", SHOWN)
def test_missing_rows_count_as_black(orientation, reference, photographs, resized):
    pixels = resized(photographs["rocket"], 333, 250)
    for rows in (0, 1, 100, 249):
        cut = pixels.copy()
        cut[rows:] = 0
        black = _pdq.stream(cut, 333, 250, 3, orientation=orientation, reference=reference)
        short = _pdq.stream(cut[:rows], 333, 250, 3, orientation=orientation, reference=reference)
        assert short[:2] == black[:2]


HASH_ALL = """
import sys, numpy as np
from safelight.native import _pdq
assert "numpy" in sys.modules and _pdq.isa() == sys.argv[1] or sys.exit(3)
rng = np.random.default_rng(7)
for width, height in ((5, 5), (33, 65), (64, 64), (200, 131), (517, 389), (640, 480)):
    for channels in (1, 3):
        smooth = np.cumsum(rng.normal(size=(height, width, channels)), axis=1).astype(np.uint8)
        noise = rng.integers(0, 256, (height, width, channels)).astype(np.uint8)
        for pixels in (smooth, noise, np.full_like(noise, 90)):
            for orientation in (1, 2, 6):
                for how in (_pdq.hash, _pdq.hash_reference):
                    hashes, quality, _ = how(np.ascontiguousarray(pixels), width, height, channels, 0, orientation)
                    print(width, height, channels, orientation, quality, *(h.hex() for h in hashes))
"""


@pytest.mark.parametrize("isa", ["avx2", "avx512"])
def test_every_instruction_set_gives_the_same_hashes(isa):
    def hashes(wanted: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SAFELIGHT_ISA": wanted}
        command = [sys.executable, "-c", HASH_ALL, wanted]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    wide = hashes(isa)
    if wide.returncode == 3:
        pytest.skip(f"this machine has no {isa}")
    narrow = hashes("scalar")
    assert narrow.returncode == 0, narrow.stderr
    assert wide.stdout == narrow.stdout
    assert len(wide.stdout.splitlines()) == 6 * 2 * 3 * 3 * 2


HASH_TALL = """
import mmap, resource, sys
from safelight.native import _pdq
WIDTH, HEIGHT = 3000, 20_000
with open(sys.argv[1], "r+b") as file:
    pixels = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
_pdq.stream(bytes(30 * 300), 10, 300, 3)
used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (used + (12 << 20),) * 2)
for reference in (False, True):
    hashes, quality, _ = _pdq.stream(pixels, WIDTH, HEIGHT, 3, chunk=16, reference=reference)
    assert quality == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_DATA as Linux counts it")
def test_memory_does_not_grow_with_the_height(tmp_path):
    """180 MB of rows, in 12 MiB more than the interpreter had."""
    rows = tmp_path / "rows"
    with rows.open("wb") as file:
        file.truncate(3000 * 20_000 * 3)
    done = subprocess.run(
        [sys.executable, "-c", HASH_TALL, rows], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
