"""Bindings of native/pdq; the headers there say what each function promises."""
