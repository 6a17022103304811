"""The key file: a few lines of TOML that never exist half-written, and are read only where they are safe."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from safelight.durable import replace_file, sync_directory, write_draft
from safelight.errors import KeyMismatch, KeyMissing, KeyUnsafe
from safelight.keys.keyring import KEY_BYTES, Keyring, RootKey, utc_now
from safelight.keys.location import KeyLocation
from safelight.keys.safety import refuse_inside, refuse_open_directories, refuse_shared_file

FORMAT: Final = 1
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key file of one workspace. Whoever changes it holds the workspace's lock."""

    location: KeyLocation
    workspace: str
    workspace_directory: Path

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.location.path

    def load(self) -> Keyring:
        """The ring in the file. Raises :class:`~safelight.errors.RootKeyError`, which says what to do."""
        refuse_inside(self.path, self.workspace_directory)
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except (FileNotFoundError, NotADirectoryError):
            raise KeyMissing(
                f"There is no root key for workspace {self.workspace}. It was looked for at {self.path} "
                f"({self.location.chosen_by}). Restore the key file from your copy, or say where it is with "
                "--key-file or SAFELIGHT_KEY_FILE. Without it the hash lists cannot be read."
            ) from None
        except OSError as error:
            raise KeyMissing(
                f"The root key at {self.path} ({self.location.chosen_by}) cannot be opened: "
                f"{error.strerror}. Run Safelight as the user whom the key belongs to."
            ) from None
        try:
            refuse_shared_file(self.path, os.fstat(descriptor))
            refuse_open_directories(self.path)
            text = os.read(descriptor, _LARGEST)
        finally:
            os.close(descriptor)
        return self._parse(text)

    def create(self, keyring: Keyring) -> None:
        """Write a new key file; one that exists already is never replaced.

        Raises :class:`~safelight.errors.KeyUnsafe`.
        """
        refuse_inside(self.path, self.workspace_directory)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_open_directories(self.path)
        draft = write_draft(self.path, _text(keyring))
        try:
            os.link(draft, self.path)
        except FileExistsError:
            raise KeyUnsafe(
                f"There is a key file at {self.path} already; it was not touched. Every workspace has a "
                "key of its own: choose another place with --key-file, or move that file away if nothing "
                "needs it."
            ) from None
        finally:
            draft.unlink()
        sync_directory(self.path.parent)

    def replace(self, keyring: Keyring) -> None:
        """Put a changed ring in the place of the present one, in one step."""
        replace_file(self.path.resolve(), _text(keyring))

    def add_primary(self, now: Callable[[], datetime] = utc_now) -> Keyring:
        """Add a new primary key to the file and return the ring with it."""
        keyring = self.load().with_primary(RootKey.generate(now))
        self.replace(keyring)
        return keyring

    def _parse(self, text: bytes) -> Keyring:
        damaged = KeyMismatch(f"The key file {self.path} is damaged. Restore it from your copy.")
        try:
            content = tomllib.loads(text.decode())
            if content["format"] > FORMAT:
                raise KeyMismatch(
                    f"The key file {self.path} was written by a newer Safelight. Upgrade to read it."
                )
            keys = tuple(
                RootKey(bytes.fromhex(key["secret"]), datetime.fromisoformat(key["created"]))
                for key in content["key"]
            )
            keyring = Keyring(content["workspace"], keys, content["primary"])
            written = [key["id"] for key in content["key"]]
        except (ValueError, KeyError, TypeError):
            # Neither the parser's message nor the cause is passed on: they may quote the secret.
            raise damaged from None
        if written != [key.id for key in keys] or any(len(key.secret) != KEY_BYTES for key in keys):
            raise damaged
        if keyring.primary_id not in keyring.ids():
            raise damaged
        if keyring.workspace != self.workspace:
            raise KeyMismatch(
                f"The key file {self.path} ({self.location.chosen_by}) belongs to workspace "
                f"{keyring.workspace}, not to {self.workspace}. Name the right one with --key-file or "
                "SAFELIGHT_KEY_FILE."
            )
        return keyring


def _text(keyring: Keyring) -> str:
    lines = [
        "# The root key of a Safelight workspace: who has it can read the workspace's hash lists.",
        "# Keep a copy in a safe place, apart from the workspace and its backups.",
        f"format = {FORMAT}",
        f'workspace = "{keyring.workspace}"',
        f'primary = "{keyring.primary_id}"',
    ]
    for key in keyring.keys:
        lines += [
            "",
            "[[key]]",
            f'id = "{key.id}"',
            f'created = "{key.created.isoformat()}"',
            f'secret = "{key.secret.hex()}"',
        ]
    return "\n".join(lines) + "\n"
