"""Bindings of native/image; the headers there say what each function promises."""

def hash_unprotected(fd: int, max_pixels: int) -> list[str]:
    """The reply messages for the file in ``fd``, decoded *in this process*.

    For tests, fuzzing and benchmarks. Never use it on a file that someone else made: a fault in a decoder
    would be a fault in the caller. :class:`safelight.media.sandbox.Sandbox` is for those.
    """

def own_jpeg_decoder() -> bool:
    """Whether this processor has what our own JPEG decoder needs; libjpeg-turbo serves others."""

def jpeg_pixels(fd: int, max_pixels: int, by_library: bool) -> tuple[bytes, int, str, bool] | None:
    """The pixels of a JPEG as stored, by our own decoder where it can or by libjpeg-turbo alone.

    With how decoding ended (``Ending::Kind`` and a detail), and whether our decoder kept the rows and gave
    them once more, equal. ``None`` of what is no JPEG decoded natively, or has more pixels. For tests.
    """
