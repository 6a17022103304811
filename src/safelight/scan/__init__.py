"""One file, one observation, one verdict: the pipeline and the policy.

The room has the name of its job, so it can be called: ``safelight.scan("photo.jpg", lists=[...])``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.types import ScanResult


class _CallableRoom(ModuleType):
    def __call__(self, *args: object, **options: object) -> ScanResult:
        """See :func:`safelight.scan.scanner.scan`."""
        from safelight.scan.scanner import scan  # noqa: PLC0415 - import when used

        return scan(*args, **options)  # type: ignore[arg-type]  # as the function's own signature checks


sys.modules[__name__].__class__ = _CallableRoom
