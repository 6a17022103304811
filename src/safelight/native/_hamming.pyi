"""Bindings of native/hamming; the headers there say what each function promises."""
