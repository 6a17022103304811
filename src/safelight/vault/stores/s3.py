"""Sealed objects in an S3 bucket, written once by conditional PUT, whatever their size.

A small object is one PUT with ``If-None-Match: *``. A large one needs a multipart upload, which the client
library cannot make conditional; so its name is first claimed by a conditional PUT of nothing, and the upload
replaces the claim in one step when it completes. A claim whose writer was killed stays: it reads as missing,
and its id is used up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import chain
from typing import Final
from uuid import UUID

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store as ObstoreS3

from safelight.errors import ObjectDamaged, ObjectExists, ObjectMissing, StoreUnavailable, StoreUnsafe
from safelight.ids import uuid7
from safelight.vault.stores.s3_exposure import refuse_public
from safelight.vault.stores.s3_settings import S3Settings

SINGLE_PUT: Final = 16 << 20
"""Bytes up to which an object is held in memory and sent as one conditional PUT."""

_PART: Final = 8 << 20
_PROBE: Final = "safelight-probe-"


class S3Store:
    """An :class:`~safelight.vault.stores.protocol.ObjectStore` in a bucket that nobody else can read."""

    def __init__(self, settings: S3Settings, *, single_put: int = SINGLE_PUT) -> None:
        """Connect, and try the bucket.

        Raises :class:`~safelight.errors.StoreUnsafe` for a bucket that anyone can read or that overwrites in
        spite of ``If-None-Match``, and :class:`~safelight.errors.StoreUnavailable` where either could not be
        found out.
        """
        self._settings = settings
        self._single_put = single_put
        self._client = _connect(settings)
        self._try_bucket()

    def put(self, object_id: UUID, pieces: Iterable[bytes]) -> int:
        """See the protocol."""
        name = self._name(object_id)
        rest = iter(pieces)
        held: list[bytes] = []
        size = 0
        while size <= self._single_put and (piece := next(rest, None)) is not None:
            held.append(piece)
            size += len(piece)
        if size <= self._single_put:
            self._create(object_id, name, b"".join(held))
            return size
        self._create(object_id, name, b"")
        return self._upload(name, chain(_drained(held), rest))

    def get(self, object_id: UUID, start: int, length: int) -> bytes:
        """See the protocol."""
        found = b""
        with self._explained(object_id):
            try:
                if length:
                    name = self._name(object_id)
                    found = bytes(obstore.get_range(self._client, name, start=start, length=length))
            except GenericError:
                # A range that begins behind the end is refused by the service with an error like any other.
                if start < self.size(object_id):
                    raise
        if len(found) != length:
            raise ObjectDamaged(f"Object {object_id} ends before byte {start + length}.")
        return found

    def size(self, object_id: UUID) -> int:
        """See the protocol."""
        with self._explained(object_id):
            size = obstore.head(self._client, self._name(object_id))["size"]
        if size == 0:
            raise _missing(object_id)
        return size

    def delete(self, object_id: UUID) -> None:
        """See the protocol. A versioned bucket keeps old versions, which are noise without their record."""
        with self._explained(object_id), suppress(FileNotFoundError):
            obstore.delete(self._client, self._name(object_id))

    def ids(self, prefix: str = "") -> Iterator[UUID]:
        """See the protocol."""
        with self._explained():
            for page in obstore.list(self._client, prefix=self._settings.prefix or None):
                for found in page:
                    name = found["path"].removeprefix(self._settings.prefix)
                    if found["size"] and name.startswith(prefix) and _is_id(name):
                        yield UUID(name)

    def _create(self, object_id: UUID, name: str, body: bytes) -> None:
        try:
            with self._explained():
                obstore.put(self._client, name, body, mode="create", use_multipart=False)
        except ObjectExists:
            raise ObjectExists(f"Object {object_id} is there already; seal again under a new id.") from None

    def _upload(self, name: str, pieces: Iterator[bytes]) -> int:
        source = _Source(pieces)
        try:
            with self._explained():
                obstore.put(
                    self._client, name, source, use_multipart=True, chunk_size=_PART, max_concurrency=2
                )
        except BaseException:
            self._release(name)
            if source.error is not None:
                raise source.error from None
            raise
        return source.size

    def _release(self, name: str) -> None:
        """Take back the claim of a failed upload, unless it did complete and only its answer was lost."""
        with suppress(BaseError, OSError):
            if obstore.head(self._client, name)["size"] == 0:
                obstore.delete(self._client, name)

    def _try_bucket(self) -> None:
        name = f"{self._settings.prefix}{_PROBE}{uuid7()}"
        with self._explained():
            obstore.put(self._client, name, b"probe", mode="create", use_multipart=False)
        try:
            try:
                with self._explained():
                    obstore.put(self._client, name, b"again", mode="create", use_multipart=False)
            except ObjectExists:
                pass
            else:
                raise StoreUnsafe(
                    f"The S3 service overwrites objects of bucket {self._settings.bucket} in spite of "
                    "If-None-Match, so evidence could be replaced. Use one that supports conditional writes."
                )
            refuse_public(self._settings, name)
        finally:
            with suppress(BaseError, OSError):
                obstore.delete(self._client, name)

    def _name(self, object_id: UUID) -> str:
        return f"{self._settings.prefix}{object_id}"

    @contextmanager
    def _explained(self, object_id: UUID | None = None) -> Iterator[None]:
        """Say what the operator can do about what the service answered."""
        where = f"bucket {self._settings.bucket} at {self._settings.endpoint}"
        try:
            yield
        except AlreadyExistsError:
            raise ObjectExists("An object of that name is there already.") from None
        except FileNotFoundError as error:
            if object_id is not None:
                raise _missing(object_id) from None
            raise StoreUnavailable(
                f"There is no {where}. Create it, private. ({_first_line(error)})"
            ) from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise StoreUnavailable(
                f"S3 refused the credentials for {where}. Check the access key, its secret and its "
                f"permissions to get, put, list and delete. ({_first_line(error)})"
            ) from error
        except BaseError as error:
            raise StoreUnavailable(
                f"S3 did not answer as expected for {where}. Check the address, the region, the network and "
                f"the credentials. ({_first_line(error)})"
            ) from error


class _Source:
    """The pieces on their way out: counted, and what they raise kept apart from the client's own errors."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.size = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.size += len(piece)
                yield piece
        except Exception as error:
            self.error = error
            raise


def _connect(settings: S3Settings) -> ObstoreS3:
    return ObstoreS3(
        settings.bucket,
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        virtual_hosted_style_request=False,
        client_options={"allow_http": settings.plain_http, "connect_timeout": "5s", "timeout": "120s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    )


def _missing(object_id: UUID) -> ObjectMissing:
    return ObjectMissing(f"No object {object_id} is in the evidence store.")


def _drained(held: list[bytes]) -> Iterator[bytes]:
    """Give each piece away, so that what was held for a single PUT does not stay in memory."""
    held.reverse()
    while held:
        yield held.pop()


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300]
