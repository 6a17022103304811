"""Files of a form go where a kill leaves nothing: Django's own handler would write them to named files."""

from __future__ import annotations

import os
import weakref
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from safelight.errors import SpoolTooLarge
from safelight.vault.spool import Spool

if TYPE_CHECKING:
    _BytesFile = UploadedFile[bytes]
else:
    _BytesFile = UploadedFile  # generic in its stubs alone


class SpooledUpload(_BytesFile):
    """A file of a form in a :class:`~safelight.vault.Spool`, which ends when this is closed."""

    def __init__(self, spool: Spool, name: str | None, content_type: str | None) -> None:
        """Take the finished spool over."""
        self.spool = spool
        file: IO[bytes] = os.fdopen(os.dup(spool.fd), "rb")
        super().__init__(file, name, content_type, spool.size)
        # Of a form that nobody closes, too, no byte is kept longer than it.
        weakref.finalize(self, _end, file, spool)

    def close(self) -> None:
        """End the bytes."""
        super().close()
        self.spool.close()


class SpoolUploadHandler(FileUploadHandler):
    """Takes files of a form in, one at a time, within the limits on bodies."""

    _spool: Spool | None = None
    _given_up: weakref.finalize[[], SpoolUploadHandler]

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own signature
        """Begin one."""
        super().new_file(*args, **kwargs)
        limits = settings.CONFIG.limits
        self._spool = Spool(settings.CONFIG.workspace, limit=limits.body_mib << 20)
        # A form that cannot be read to its end is given up without a word to whoever takes its files in.
        self._given_up = weakref.finalize(self, self._spool.close)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002 - Django's own
        """Take a piece; nobody else gets it."""
        assert self._spool is not None
        try:
            self._spool.write(raw_data)
        except SpoolTooLarge as error:
            self.upload_interrupted()
            raise StopUpload(connection_reset=True) from error
        return None

    def file_complete(self, file_size: int) -> SpooledUpload | None:  # noqa: ARG002 - Django's own signature
        """Hand it over."""
        assert self._spool is not None
        spool, self._spool = self._spool, None
        self._given_up.detach()
        spool.finish()
        return SpooledUpload(spool, self.file_name, self.content_type)

    def upload_interrupted(self) -> None:
        """Forget what came."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _end(file: IO[bytes], spool: Spool) -> None:
    file.close()
    spool.close()
