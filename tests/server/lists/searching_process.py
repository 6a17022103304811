"""Searches as a web process does, for whoever asks: a hash a line in, the keys that it matches a line out."""

from __future__ import annotations

import os
import sys

import django


def main() -> None:
    """Answer until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safelight.server.settings")
    django.setup()
    from django.conf import settings

    from safelight.matching.matcher import Matcher
    from safelight.matching.opening import StoredIndexes
    from safelight.server.processes.list_store import index_directory, layout_key, open_list_store
    from safelight.server.secrets import process_keys
    from safelight.types import Signal

    config = settings.CONFIG
    with open_list_store(config, process_keys()) as store:
        # It may not write: what it finds, the index writer brought. Patient, for a machine that is busy.
        indexes = StoredIndexes(
            store, index_directory(config), lambda: layout_key(store), write=False, patience=60.0
        )
        matcher = Matcher(store, indexes)
        for line in sys.stdin:
            found = matcher.match([Signal("pdq", line.strip())])
            assert found.failed is None, found.failed
            print("\t".join(sorted(match.entry_key for match in found.matches)), flush=True)


if __name__ == "__main__":
    main()
