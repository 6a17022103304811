"""One sandbox and one authority for all tests of this room, and a short way to ask for evidence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from signing import Authority, Signer

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.provenance import Anchors, examine
from safelight.types import Provenance


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(accept_partial=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def signer(authority: Authority) -> Signer:
    return authority.signer()


@pytest.fixture
def evidence(sandbox: Sandbox, authority: Authority) -> Callable[..., dict[str, Provenance]]:
    """The evidence in a file by its kind; the test authority is trusted unless the test says otherwise."""

    def ask(content: bytes, mime: str, **options: Any) -> dict[str, Provenance]:
        options.setdefault("anchors", Anchors(official=authority.pem))
        fd = sealed_memfd(content)
        try:
            found, problems = examine(fd, mime, sandbox, **options)
        finally:
            os.close(fd)
        assert problems == ()
        assert len({item.kind for item in found}) == len(found)
        return {item.kind: item for item in found}

    return ask
