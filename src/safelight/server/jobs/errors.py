"""Why a job was not done, or not finished."""

from __future__ import annotations

from safelight.errors import SafelightError


class JobError(SafelightError):
    """The base of this room's errors."""


class LeaseLost(JobError):
    """Another worker has the job, or may have: nothing that depends on finishing it was done."""


class JobNotDead(JobError):
    """Only a job that was given up can be tried again by hand."""
