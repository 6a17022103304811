"""What every reason means to an operator, in plain words that say what to do."""

from __future__ import annotations

from typing import Final

from safelight.types import Outcome, UnhashableReason, UnscannedReason

_R = UnscannedReason

OUTCOMES: Final = {
    Outcome.MATCH: ("match", "bold red"),
    Outcome.HOLD: ("hold", "yellow"),
    Outcome.UNSCANNED: ("unscanned", "magenta"),
    Outcome.CLEAR: ("clear", "green"),
}
"""In the order in which they are shown, each with its style."""

REASONS: Final = {
    _R.NO_LIST: "no hash list with entries was searched; import one with `safelight lists import`",
    _R.EMPTY: "the file has no bytes",
    _R.UNSUPPORTED: "a format that is not decoded here; its digests were compared",
    _R.NOT_INSTALLED: "the library that decodes it is not installed; run `safelight doctor`",
    _R.DAMAGED: "the decoder refused the content; its digests were compared",
    _R.TRUNCATED: "the file is cut short; what is there was compared",
    _R.ENCRYPTED: "a password is needed to look inside",
    _R.TOO_LARGE: "larger than the limit on bytes",
    _R.TOO_MANY_PIXELS: "more pixels than the limit; see --max-pixels",
    _R.TOO_MANY_PARTS: "more frames, pages or members than the limit; the first were compared",
    _R.TIMEOUT: "decoding took too long and was stopped; see --timeout",
    _R.OUT_OF_MEMORY: "decoding wanted too much memory and was stopped",
    _R.CRASHED: "the decoder died; the other files are not affected",
    _R.BAD_REPLY: "the decoder answered nonsense and was not believed; treat the file as hostile",
    _R.SANDBOX_UNAVAILABLE: "the decoders' sandbox could not be used; run `safelight doctor`",
    _R.NOT_A_FILE: "a FIFO, socket or device; in an archive also a link",
    _R.UNREADABLE: "could not be opened or read; check its permissions",
    _R.CHANGED: "changed while it was read; scan it again",
    _R.NOT_PERMITTED: "not permitted to be scanned",
    _R.NOT_YET: "accepted, and waits for its turn to be scanned",
    _R.DEPENDENCY_DOWN: "a list store or index did not answer; run `safelight doctor`",
}

LIMITED: Final = {
    UnhashableReason.TOO_PLAIN: "too plain to be compared by likeness; its digests were compared",
    UnhashableReason.TOO_SMALL: "too small to be compared by likeness; its digests were compared",
    UnhashableReason.SILENT: "nothing to hear in it; its digests were compared",
    UnhashableReason.TOO_STEADY: "a hum or a steady noise, as others are; its digests were compared",
    UnhashableReason.TOO_SHORT: "too short a sound to be compared by likeness; its digests were compared",
    UnhashableReason.UNSUPPORTED: "holds a format that is not decoded here; its digests were compared",
}
