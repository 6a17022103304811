"""The index writer: follows the lists, so that a change is found by every web process within a second."""

from __future__ import annotations

import functools
import os

import django

from safelight.matching.writer import IndexWriter
from safelight.server.processes.beats import Beat
from safelight.server.processes.beginning import begin, stopping
from safelight.server.processes.list_store import index_directory, layout_key, open_list_store
from safelight.server.secrets import process_keys

_WAIT_FOR_ANOTHER: float = 60.0
"""Seconds: a command line that found the indexes behind may be writing them just now."""


def main() -> None:
    """Write indexes until told to stop."""
    config = begin("indexes")
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    django.setup()
    stop = stopping()
    # A large snapshot may take long to write: that is work, and how far it is /readyz tells.
    Beat().from_a_thread()
    with (
        open_list_store(config, process_keys()) as store,
        IndexWriter(
            store, index_directory(config), functools.partial(layout_key, store), wait=_WAIT_FOR_ANOTHER
        ) as writer,
    ):
        writer.follow(stop)


if __name__ == "__main__":
    main()
