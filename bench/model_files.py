"""Times the digests of a model's tensors in the sandbox against SHA-256 of the same bytes, in one run."""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path += [str(Path(__file__).parents[1] / "tests" / "support")]
from models import gguf, safetensors

from safelight.media.model_file import digest_model
from safelight.media.sandbox.client import Sandbox

ROUNDS = 7
MIB = 256


def rates(*actions: Callable[[], object]) -> list[float]:
    """Bytes a second of each action, taken in turn so that a busy moment meets all of them."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(ROUNDS):
        for times, action in zip(taken, actions, strict=True):
            begun = time.perf_counter()
            action()
            times.append(time.perf_counter() - begun)
    return [(MIB << 20) / statistics.median(times) for times in taken]


def sha256(path: Path) -> str:
    """The peer: the standard library, streaming."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tensors(dtype: str) -> dict[str, np.ndarray]:
    """Sixteen layers of noise."""
    chance, width = np.random.default_rng(1), np.dtype(dtype).itemsize
    side = (MIB << 20) // 16 // width // 1024
    return {f"layer.{n}.weight": chance.standard_normal((1024, side), "f4").astype(dtype) for n in range(16)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Sandbox(accept_partial=True) as sandbox:
        # GGUF of halves: T1 and nothing else. Safetensors of singles: T1, T16 and AutoV3.
        only, every = Path(folder, "only.gguf"), Path(folder, "every.safetensors")
        only.write_bytes(gguf(tensors("<f2")))
        every.write_bytes(safetensors(tensors("<f4")))
        opened = {path: os.open(path, os.O_RDONLY) for path in (only, every)}

        def ours(path: Path, mime: str) -> None:
            found, problems = digest_model(opened[path], path.stat().st_size, mime, sandbox)
            assert len(found.tensors) == 16, problems

        peer, t1, whole = rates(
            lambda: sha256(only),
            lambda: ours(only, "application/x-gguf"),
            lambda: ours(every, "application/x-safetensors"),
        )
    print(f"FIGURE sha256_mb_a_second {peer / 1e6:.0f}")
    print(f"FIGURE model_t1_mb_a_second {t1 / 1e6:.0f}")
    print(f"FIGURE model_t1_t16_autov3_mb_a_second {whole / 1e6:.0f}")
    print(f"RATIO model_t1_to_sha256 {t1 / peer:.2f}")


if __name__ == "__main__":
    main()
