"""Which characters XML 1.0 cannot carry, escaped or not (section 2.2, production Char)."""

from __future__ import annotations

import re
from typing import Final

_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def unfit_for_xml(text: str) -> bool:
    """Whether a text has such a character: most control characters, halves of surrogate pairs."""
    return _UNFIT.search(text) is not None
