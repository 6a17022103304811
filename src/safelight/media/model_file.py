"""Model files: what their tensors and the whole of them digest to, told by a reader in the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import MODEL
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import ModelFound, TensorFound
from safelight.signals.weights import ModelDigests, TensorDigest
from safelight.types import Problem, UnscannedReason

MIMES: Final = frozenset(
    {"application/x-safetensors", "application/x-pytorch", "application/x-gguf", "application/x-onnx"}
)

MAX_TENSORS: Final = 50_000
"""More than any published model has."""

SLOWEST: Final = 100_000_000
"""Bytes a second below which a model is taken to hang: a tenth of what SHA-256 does on a common processor."""


def look(fd: int, size: int, mime: str, sandbox: Sandbox) -> Findings:
    """The signals of a model file of one of the types above; ``size`` in bytes sets how long it may take."""
    digests, problems = digest_model(fd, size, mime, sandbox)
    return Findings(signals=digests.signals(), problems=problems)


def digest_model(fd: int, size: int, mime: str, sandbox: Sandbox) -> tuple[ModelDigests, tuple[Problem, ...]]:
    """What a model file is known by, and what of it could not be read."""
    reply = sandbox.decode(MODEL.name, fd, mime.encode(), limits=_limits(sandbox.limits, size))
    whole = next((message for message in reply.messages if isinstance(message, ModelFound)), ModelFound())
    found = (message for message in reply.messages if isinstance(message, TensorFound))
    tensors = tuple(TensorDigest(one.name, one.bytes, one.t1, one.t16, one.sketch) for one in found)
    problems = reply.problems
    if not tensors and not problems:
        problems = (Problem(UnscannedReason.EMPTY, detail="it has no tensors to tell it by"),)
    return ModelDigests(tensors, whole.autov1, whole.autov3), problems


def _limits(limits: Limits, size: int) -> Limits:
    extra = size // SLOWEST
    return replace(
        limits,
        wall_seconds=min(3600, limits.wall_seconds + extra),
        cpu_seconds=min(3600, limits.cpu_seconds + extra),
        max_parts=MAX_TENSORS,
    )
