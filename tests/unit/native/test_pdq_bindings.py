"""The bindings take any buffer, refuse what would read beyond it, and let other threads run."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

from safelight.native import _pdq


def test_any_contiguous_buffer_will_do(photographs):
    pixels = photographs["chelsea"]
    height, width = pixels.shape[:2]
    expected = _pdq.hash(pixels, width, height, 3)
    for buffer in (pixels.tobytes(), bytearray(pixels.tobytes()), memoryview(pixels.tobytes())):
        assert _pdq.hash(buffer, width, height, 3) == expected


def test_numpy_is_not_needed():
    code = "import sys; from safelight.native import _pdq; _pdq.hash(bytes(300), 10, 10, 3); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((10, 11, 3), "holds 10 of 11 rows"),
        ((0, 10, 3), "width and height must be"),
        ((10, -1, 3), "width and height must be"),
        ((2**21, 1, 3), "width and height must be"),
        ((10, 10, 4), "channels must be 1 .* or 3"),
        ((10, 10, 3, 29), "shorter than a row of 30"),
        ((10, 10, 3, -30), "shorter than a row of 30"),
        ((10, 10, 3, 31), "holds 9 of 10 rows"),
        ((10, 10, 3, 0, 0), "orientation must be"),
        ((10, 10, 3, 0, 9), "orientation must be"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        _pdq.hash(bytes(300), *numbers)


def test_scattered_pixels_are_refused():
    with pytest.raises(ValueError, match="contiguous"):
        _pdq.hash(np.zeros((20, 20, 3), np.uint8)[:, ::2], 10, 20, 3)


def test_hamming_counts_differing_bits():
    assert _pdq.hamming(bytes(32), bytes(32)) == 0
    assert _pdq.hamming(bytes(32), b"\xff" * 32) == 256
    assert _pdq.hamming(bytes(31) + b"\x05", bytes(32)) == 2
    with pytest.raises(ValueError, match="32 bytes"):
        _pdq.hamming(bytes(31), bytes(32))


def test_other_threads_run_while_a_picture_is_hashed():
    pixels = bytes(8000 * 6000 * 3)
    hashing, counted = threading.Event(), []

    def count() -> None:
        hashing.wait()
        while hashing.is_set():
            counted.append(None)

    counter = threading.Thread(target=count)
    counter.start()
    before = len(counted)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # so that nobody else runs unless the lock is let go
    try:
        hashing.set()
        _pdq.hash_reference(pixels, 8000, 6000, 3)
        after = len(counted)
    finally:
        hashing.clear()
        sys.setswitchinterval(switch)
        counter.join()
    assert after > before
