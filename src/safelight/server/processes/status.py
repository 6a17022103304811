"""What the supervisor knows about its processes, left where ``/readyz`` and ``/metrics`` read it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

_FILE: Final = "status.json"


class ProcessStatus(BaseModel):
    """One process: its id while it runs, how often it was started, and how often it was killed as hung."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None
    starts: int
    hangs: int = 0


class Status(BaseModel):
    """All of them, as last seen by the supervisor of that process id."""

    model_config = ConfigDict(frozen=True)

    supervisor: int
    processes: tuple[ProcessStatus, ...]

    def write(self, run: Path) -> None:
        """Put it in the place of the last, in one step. It need not survive a power cut."""
        draft = run / f".{_FILE}"
        draft.write_text(self.model_dump_json(), encoding="utf-8")
        draft.replace(run / _FILE)


def read_status(run: Path) -> Status | None:
    """The last status, None before the first."""
    try:
        return Status.model_validate_json((run / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
