"""Bindings of native/confine; the headers there say what each function promises."""
