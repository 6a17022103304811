"""Families whose decoders are functions of this directory, run as the product's own are."""

from __future__ import annotations

import sys
from pathlib import Path

from safelight.media.sandbox.families import Family
from safelight.media.sandbox.messages import IMAGE_MESSAGES, MessageSet

# The product's parent takes no path to search, so that nobody can point it at one; tests bring their own.
_START = """
import sys
sys.path.append(sys.argv.pop(1))
from safelight.media.sandbox.python_parent import main
sys.exit(main(sys.argv[1:]))
"""


def family(handler: str, *options: str, name: str = "test", messages: MessageSet = IMAGE_MESSAGES) -> Family:
    """``module:function`` of ``tests/support`` as a family; ``options`` as for the warm parent."""
    here = str(Path(__file__).parent)
    command = (sys.executable, "-I", "-c", _START, here, "--handler", handler, *options)
    return Family(name, command, messages)
