"""One module a signal type: how a part is turned into a hash, and how two of them compare."""
