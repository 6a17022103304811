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
    ├── IndexFileError          an index file is damaged or not ours
    │   ├── IndexDamaged        a checksum, length or header is wrong
    │   ├── IndexTooNew
    │   ├── IndexKeyMismatch
    │   ├── IndexBehind         it does not hold the store's present state
    │   └── IndexNotWritten     disk full, read-only; what was acknowledged is safe
    ├── SandboxError            the decoders' sandbox cannot be used
    ├── VaultError              evidence cannot be sealed, read or destroyed as asked
    │   ├── ObjectExists        an object of that id is there already; objects are written once
    │   ├── ObjectMissing       no object of that id
    │   ├── ObjectDamaged       bytes were altered, cut, moved or swapped; nothing of them was used
    │   ├── ObjectTooNew        sealed by a newer Safelight
    │   ├── KeyRecordMissing    the object's key was destroyed, or never recorded
    │   ├── KeyRecordDamaged    a wrapped key does not open, or opens another object
    │   ├── WrappingKeyMissing  the private key that a key record needs is not held
    │   ├── StoreUnsafe         the evidence store can be read by others
    │   ├── StoreUnavailable    the evidence store did not answer, or refused
    │   │   └── StoreFull
    │   ├── SpoolTooLarge       an upload is larger than the operator allows
    │   ├── DestructionRefused  evidence must be kept, and the message says why
    │   └── DestructionLogDamaged
    ├── BundleError             an evidence bundle cannot be made or read as asked
    │   ├── BundleDamaged       bytes were altered, cut or added; nothing of them was used
    │   └── BundleLocked        it is sealed to another key
    ├── LedgerError             the ledger cannot be written or proven as asked
    │   └── LedgerMalformed     a ledger row, head or bundle is not in its one canonical form
    └── HotlineError            a report cannot be made or sent as asked
        ├── ReportInvalid       the hotline would refuse it; the message names the field to mend
        ├── NeverAsked          the hotline certainly did not have the request
        └── NoAnswer            no whole answer came back: nobody knows whether it acted

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


class IndexBehind(IndexFileError):
    """The index lacks the store's present state and nobody brings it up to date; it was not searched."""


class IndexNotWritten(IndexFileError):
    """An index file could not be written; what was acknowledged is safe and searches go on."""


class SandboxError(SafelightError):
    """The decoders' sandbox cannot be started or does not protect as required."""


class VaultError(SafelightError):
    """Evidence cannot be sealed, read or destroyed as asked."""


class ObjectExists(VaultError):
    """An object of that id is there already; objects are written once and never overwritten."""


class ObjectMissing(VaultError):
    """No object of that id is in the evidence store."""


class ObjectDamaged(VaultError):
    """A sealed object was altered, cut, extended, moved or swapped; nothing of it was used."""


class ObjectTooNew(VaultError):
    """The object was sealed by a newer Safelight."""


class KeyRecordMissing(VaultError):
    """The object's wrapped key was destroyed, or never recorded: the object cannot be read."""


class KeyRecordDamaged(VaultError):
    """A wrapped key does not open, or belongs to another object."""


class WrappingKeyMissing(VaultError):
    """The private key that a key record was wrapped to is not held by this process."""


class StoreUnsafe(VaultError):
    """The evidence store can be read by others, or does not keep its promise never to overwrite."""


class StoreUnavailable(VaultError):
    """The evidence store did not answer, or refused; nothing is known to be stored."""


class StoreFull(StoreUnavailable):
    """The evidence store has no room left; nothing was stored under the object's name."""


class SpoolTooLarge(VaultError):
    """An upload is larger than the operator allows; what was spooled is gone."""


class DestructionRefused(VaultError):
    """The evidence must be kept for now; the message gives every reason."""


class DestructionLogDamaged(VaultError):
    """A line of the destruction log was altered, removed or moved."""


class BundleError(SafelightError):
    """An evidence bundle cannot be made or read as asked."""


class BundleDamaged(BundleError):
    """A bundle was altered, cut or extended; nothing of it was used."""


class BundleLocked(BundleError):
    """The bundle is sealed to another key than the one given."""


class LedgerError(SafelightError):
    """The ledger cannot be written or proven as asked."""


class LedgerMalformed(LedgerError):
    """A ledger row, signed head or bundle is not in its one canonical form."""


class HotlineError(SafelightError):
    """A report cannot be made or sent as asked."""


class ReportInvalid(HotlineError):
    """The hotline would refuse the report; the message names the field to mend."""


class NeverAsked(HotlineError):
    """The hotline certainly never had the request; it can be sent again."""


class NoAnswer(HotlineError):
    """No whole answer came back: the hotline may have acted, and there is no call to ask it."""
