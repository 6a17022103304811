"""One root key a workspace, kept outside it, and the subkeys derived from it.

An intruder who copies the workspace, or one of its backups, must not get the hash lists with it. So the root
key lives in a file of its own, which is refused when it lies inside the workspace or when others can read or
replace it. Everything sealed names the root key that opens it, so that keys can be rotated while in use.
"""

from __future__ import annotations

from safelight.keys.keyfile import KeyFile
from safelight.keys.keyring import Keyring, KeySource, Ring, RootKey, utc_now
from safelight.keys.location import KeyLocation, locate
from safelight.keys.purposes import Purpose
from safelight.keys.sealer import Sealer, Tagger, sealed_with

__all__ = [
    "KeyFile",
    "KeyLocation",
    "KeySource",
    "Keyring",
    "Purpose",
    "Ring",
    "RootKey",
    "Sealer",
    "Tagger",
    "locate",
    "sealed_with",
    "utc_now",
]
