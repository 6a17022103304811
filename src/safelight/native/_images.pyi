"""Bindings of native/image; the headers there say what each function promises."""

def hash_unprotected(fd: int, max_pixels: int) -> list[str]:
    """The reply messages for the file in ``fd``, decoded *in this process*.

    For tests, fuzzing and benchmarks. Never use it on a file that someone else made: a fault in a decoder
    would be a fault in the caller. :class:`safelight.media.sandbox.Sandbox` is for those.
    """
