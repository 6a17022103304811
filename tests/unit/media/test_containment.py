"""The decoders of containers and models stand behind the same walls as those of pictures."""

from __future__ import annotations

import pytest

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import ARCHIVE, DOCUMENT, MODEL


@pytest.mark.parametrize("family", [ARCHIVE, DOCUMENT, MODEL], ids=lambda family: family.name)
def test_nothing_that_a_decoder_tries_comes_through(family) -> None:
    with Sandbox([family], accept_partial=True) as sandbox:
        protections = sandbox.protections(family.name)
    assert [attempt.name for attempt in protections.attempts if not attempt.refused] == []
    assert "--threads" not in family.command
