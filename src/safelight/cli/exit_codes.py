"""How a command ends, for scripts; ``docs/operator/exit-codes.md`` says the same in prose."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every subcommand; 3 and 4 are those of ``scan`` only."""

    OK = 0
    """Done; for a scan: every file was looked at and is clear."""
    FAILED = 1
    """The command itself failed; whatever it printed is incomplete."""
    USAGE = 2
    """The command cannot work as it was called; nothing was done."""
    FOUND = 3
    """Something matched or is held for review, whatever else happened to other files."""
    UNSCANNED = 4
    """Nothing matched, but not every file was looked at."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C (or, with 143, by SIGTERM); what was finished is kept."""
    TERMINATED = 143
