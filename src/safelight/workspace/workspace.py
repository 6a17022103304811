"""A workspace: one directory with the hash lists and what is derived from them, its root key elsewhere."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import platformdirs

from safelight.durable import sync_directory
from safelight.errors import KeyMismatch, WorkspaceError, WorkspaceMissing
from safelight.ids import uuid7
from safelight.keys import KeyFile, Keyring, Purpose, Tagger, locate, utc_now
from safelight.lists.row_secrets import KeyUse
from safelight.lists.sqlite import SqliteListStore, create_database
from safelight.lists.store import ListStore
from safelight.workspace.description import (
    FILE_NAME,
    LOCAL,
    Description,
    read_description,
    write_description,
)
from safelight.workspace.lock import workspace_lock

WORKSPACE_VARIABLE: Final = "SAFELIGHT_WORKSPACE"
LISTS_FILE: Final = "lists.sqlite3"
_LOCK_SECONDS: Final = 30.0


def default_directory() -> Path:
    """``SAFELIGHT_WORKSPACE``, or ``safelight/workspace`` in the user's data directory."""
    if told := os.environ.get(WORKSPACE_VARIABLE):
        return Path(told)
    return Path(platformdirs.user_data_dir("safelight", appauthor=False)) / "workspace"


def key_check(keyring: Keyring, key_id: str) -> str:
    """The value by which ``workspace.toml`` recognises its root key."""
    return Tagger(keyring, Purpose.KEY_CHECK, key_id).tag(keyring.workspace.encode()).hex()


class SealedListStore(ListStore, Protocol):
    """A list store whose values are sealed under a workspace's root key, which can be rotated."""

    def key_use(self) -> KeyUse:
        """Which root keys the rows are under."""
        ...

    def subkey(self, purpose: Purpose) -> bytes:
        """A subkey of the root key that seals now; it changes with the epoch."""
        ...

    def adopt_key(self, id_: str) -> None:
        """Seal with another root key from now on."""
        ...

    def reseal(self, progress: Callable[[int], None]) -> None:
        """Bring every row under the current root key; may be killed and called again."""
        ...


ServerStore = Callable[[Path, KeyFile], SealedListStore]
"""Opens the lists that a server keeps for the workspace in a directory."""


class Workspace:
    """An open workspace. Use it as a context manager, or call :meth:`close`."""

    def __init__(
        self,
        directory: Path,
        key_file: KeyFile,
        created: datetime,
        local: SqliteListStore | None,
        server_store: ServerStore | None = None,
    ) -> None:
        """For :meth:`open` and :meth:`create`, which check what this takes for granted."""
        self.directory = directory
        self.key_file = key_file
        self.created = created
        self._local = local
        self._server_store = server_store
        self._kept_by_server: SealedListStore | None = None

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        key_file: Path | None = None,
        server_store: ServerStore | None = None,
    ) -> Workspace:
        """Open the workspace at a path, or the usual one.

        ``server_store`` opens its lists where a server keeps them. Raises
        :class:`~safelight.errors.WorkspaceError` and :class:`~safelight.errors.RootKeyError`.
        """
        directory = default_directory() if path is None else path
        description = read_description(directory)
        source = KeyFile(locate(description.id, key_file), description.id, directory)
        check = key_check(source.load(), description.key_id)
        if not hmac.compare_digest(check, description.key_check):
            raise KeyMismatch(
                f"The root key at {source.path} is not the one that the workspace {directory} was sealed "
                "with. Restore the key file from your copy."
            )
        if description.lists != LOCAL:
            return cls(directory, source, description.created, None, server_store)
        if not (directory / LISTS_FILE).exists():
            with workspace_lock(directory, _LOCK_SECONDS):
                _put_database_in_place(directory)
        store = SqliteListStore(directory / LISTS_FILE, source)
        return cls(directory, source, description.created, store)

    @property
    def local(self) -> SqliteListStore | None:
        """The lists in the workspace itself; None where a server keeps them."""
        return self._local

    @property
    def store(self) -> SealedListStore:
        """The workspace's lists, in the workspace itself or as its server keeps them.

        Raises :class:`~safelight.errors.WorkspaceError` for a server's that this caller cannot ask.
        """
        if self._local is not None:
            return self._local
        if self._kept_by_server is None:
            if self._server_store is None:
                raise WorkspaceError(
                    f"The lists of the workspace {self.directory} are kept by its server. Use the "
                    "`safelight` commands, which ask it, or the server's API."
                )
            self._kept_by_server = self._server_store(self.directory, self.key_file)
        return self._kept_by_server

    @classmethod
    def create(
        cls,
        path: Path | None = None,
        *,
        key_file: Path | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> Workspace:
        """Make an empty workspace and its root key, and open it.

        The directory must be absent or hold no workspace. Raises :class:`~safelight.errors.WorkspaceError`
        and :class:`~safelight.errors.KeyUnsafe`.
        """
        directory = default_directory() if path is None else path
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(f"The workspace {directory} cannot be made: {error.strerror}.") from None
        with workspace_lock(directory, _LOCK_SECONDS):
            if (directory / FILE_NAME).exists():
                raise WorkspaceError(f"There is a workspace at {directory} already; it was not touched.")
            id_ = uuid7()
            keyring = Keyring.generate(id_, now)
            source = KeyFile(locate(id_, key_file), id_, directory)
            _make_database(directory, keyring)
            source.create(keyring)
            check = key_check(keyring, keyring.primary_id)
            # This file is what makes the directory a workspace: whatever it needs is there by now.
            write_description(directory, Description(id_, now(), keyring.primary_id, check))
            _put_database_in_place(directory)
        return cls.open(directory, key_file=key_file)

    @classmethod
    def open_or_create(
        cls,
        path: Path | None = None,
        *,
        key_file: Path | None = None,
        server_store: ServerStore | None = None,
    ) -> tuple[Workspace, bool]:
        """The workspace, and whether it was made just now."""
        try:
            return cls.open(path, key_file=key_file, server_store=server_store), False
        except WorkspaceMissing:
            pass
        try:
            return cls.create(path, key_file=key_file), True
        except WorkspaceError as error:
            try:
                return cls.open(path, key_file=key_file), False  # another process was quicker
            except WorkspaceMissing:
                raise error from None

    @property
    def id(self) -> str:
        """The workspace's UUIDv7."""
        return self.key_file.workspace

    @property
    def keyring(self) -> Keyring:
        """The root keys as the key file holds them now."""
        return self.key_file.load()

    @property
    def index_directory(self) -> Path:
        """Where indexes are kept; made when first asked for. Derived, so it is left out of backups."""
        directory = self.directory / "index"
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def index_key(self) -> bytes:
        """32 bytes for the layout of indexes of the store's present epoch; another epoch may have another."""
        return self.store.subkey(Purpose.INDEX_LAYOUT)

    def close(self) -> None:
        """Release the database."""
        for store in (self._local, self._kept_by_server):
            if store is not None:
                store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make_database(directory: Path, keyring: Keyring) -> None:
    """Make the database under its draft name, where a creation that was killed may have left one."""
    if (directory / LISTS_FILE).exists():
        raise WorkspaceError(
            f"{directory} holds {LISTS_FILE} but no {FILE_NAME}. Restore {FILE_NAME} from a backup, or move "
            f"{LISTS_FILE} away to begin anew. Nothing was changed."
        )
    for leftover in directory.glob(f"{LISTS_FILE}.new*"):
        leftover.unlink()
    create_database(directory / f"{LISTS_FILE}.new", keyring)


def _put_database_in_place(directory: Path) -> None:
    """Finish a creation: the description is only written once the draft is whole."""
    draft, place = directory / f"{LISTS_FILE}.new", directory / LISTS_FILE
    if draft.exists() and not place.exists():
        draft.rename(place)
        sync_directory(directory)
