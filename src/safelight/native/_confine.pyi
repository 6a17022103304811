"""Bindings of native/confine; the headers there say what each function promises."""

from collections.abc import Callable, Sequence
from typing import Final

MAGIC: Final[int]
PROTOCOL: Final[int]
MAX_MESSAGE: Final[int]
SELF_TEST: Final[int]
FILE_FD: Final[int]
REPLY_FD: Final[int]

class Request:
    @property
    def wall_ms(self) -> int: ...
    @property
    def cpu_s(self) -> int: ...
    @property
    def memory(self) -> int: ...
    @property
    def max_pixels(self) -> int: ...
    @property
    def max_parts(self) -> int: ...

def run_warm_parent(
    handler: Callable[[Request, bytes], None], arguments: Sequence[str], *, threads: bool = False
) -> int: ...
def send_message(message: bytes) -> bool: ...
def landlock_abi() -> int: ...
def seccomp_available() -> bool: ...
