"""Bindings of native/image; the headers there say what each function promises."""
