"""``workspace.toml``: what a directory must say about itself before anything in it is opened."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from safelight.durable import replace_file
from safelight.errors import WorkspaceError, WorkspaceMissing, WorkspaceTooNew

FILE_NAME: Final = "workspace.toml"
FORMAT: Final = 1
"""The newest format that this Safelight reads; a newer one is refused."""

LOCAL: Final = "local"
SERVER: Final = "server"


@dataclass(frozen=True, slots=True)
class Description:
    """Format, id (UUIDv7), who keeps the lists (``local`` or ``server``), age, and the key's check value.

    ``key_check`` is an HMAC of the workspace id under a subkey of root key ``key_id``: a wrong key is
    recognised before anything is read or written with it.
    """

    id: str
    created: datetime
    key_id: str
    key_check: str
    lists: str = LOCAL
    format: int = FORMAT

    def text(self) -> str:
        """The file's content."""
        return (
            "# A Safelight workspace: hash lists and what is derived from them. Its key lies elsewhere.\n"
            f"format = {self.format}\n"
            f'id = "{self.id}"\n'
            f'lists = "{self.lists}"\n'
            f'created = "{self.created.isoformat()}"\n'
            "\n[key]\n"
            f'id = "{self.key_id}"\n'
            f'check = "{self.key_check}"\n'
        )


def read_description(directory: Path) -> Description:
    """What a workspace says about itself. Raises :class:`~safelight.errors.WorkspaceError`."""
    path = directory / FILE_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if content["format"] > FORMAT:
            raise WorkspaceTooNew(
                f"The workspace {directory} has format {content['format']}; this Safelight reads up to "
                f"{FORMAT}. Upgrade Safelight; nothing was changed."
            )
        return Description(
            id=content["id"],
            created=datetime.fromisoformat(content["created"]),
            key_id=content["key"]["id"],
            key_check=content["key"]["check"],
            lists=content["lists"],
            format=content["format"],
        )
    except (FileNotFoundError, NotADirectoryError):
        raise WorkspaceMissing(
            f"There is no workspace at {directory}. `safelight lists import` makes one; or say where yours "
            "is with --workspace or SAFELIGHT_WORKSPACE."
        ) from None
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise WorkspaceError(f"{path} is damaged. Restore it from a backup.") from None


def write_description(directory: Path, description: Description) -> None:
    """Put the file there in one step. The caller holds the workspace's lock."""
    replace_file(directory / FILE_NAME, description.text())
