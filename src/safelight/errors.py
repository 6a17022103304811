"""Every exception Safelight raises on purpose, and what the operator can do about it.

::

    SafelightError
    ├── UsageError              the call or the setting cannot work as given
    │   ├── PolicyError         the policy file is not valid
    │   └── ListFormatError     a hash-list file cannot be read as told
    ├── RootKeyError               the root key is missing, wrong, or readable by others
    │   ├── KeyMissing
    │   ├── KeyUnsafe
    │   └── KeyMismatch
    ├── WorkspaceError          the workspace cannot be opened
    │   ├── WorkspaceMissing
    │   ├── WorkspaceTooNew     written by a newer Safelight
    │   ├── WorkspaceBusy       another process holds what this one needs
    │   └── WorkspaceFull       no space left on its disk
    ├── ListError
    │   ├── NoSuchList
    │   └── ListExists
    ├── IndexFileError             an index file is damaged or not ours
    │   ├── IndexDamaged        a checksum, length or header is wrong
    │   ├── IndexTooNew
    │   └── IndexKeyMismatch
    └── SandboxError            the decoders' sandbox cannot be used

What a *file* does wrong is never an exception: a crash, a bomb or a truncated picture ends as an
:class:`~safelight.types.Problem` in its observation.
"""

from __future__ import annotations


class SafelightError(Exception):
    """The base of all errors raised on purpose; its message says what to do next."""


class UsageError(SafelightError):
    """The call or the setting cannot work as given."""


class PolicyError(UsageError):
    """The policy file is not valid; the message names the rule and the field."""


class ListFormatError(UsageError):
    """A hash-list file cannot be read the way it was asked to be read."""


class RootKeyError(SafelightError):
    """The root key is missing, wrong, or readable by others."""


class KeyMissing(RootKeyError):
    """No root key where one is expected; the message says where it was looked for."""


class KeyUnsafe(RootKeyError):
    """The root key's file can be read or replaced by other users, or lies inside the workspace."""


class KeyMismatch(RootKeyError):
    """The root key is not the one this workspace was sealed with, or a sealed value was altered."""


class WorkspaceError(SafelightError):
    """The workspace cannot be opened."""


class WorkspaceMissing(WorkspaceError):
    """There is no workspace at the given place."""


class WorkspaceTooNew(WorkspaceError):
    """The workspace was written by a newer Safelight; upgrade rather than risk its data."""


class WorkspaceBusy(WorkspaceError):
    """Another process holds the lock that this one needs."""


class WorkspaceFull(WorkspaceError):
    """No space is left on the workspace's disk; what was acknowledged before is kept."""


class ListError(SafelightError):
    """A hash list cannot be used as asked."""


class NoSuchList(ListError):
    """No list has that name; the message lists the names there are."""


class ListExists(ListError):
    """A list of that name exists already."""


class IndexFileError(SafelightError):
    """An index file cannot be used; indexes are derived and can be rebuilt."""


class IndexDamaged(IndexFileError):
    """A checksum, a length or a header of an index file is wrong; it was not searched."""


class IndexTooNew(IndexFileError):
    """The index file was written by a newer Safelight."""


class IndexKeyMismatch(IndexFileError):
    """The index file was written under another workspace key."""


class SandboxError(SafelightError):
    """The decoders' sandbox cannot be started or does not protect as required."""
