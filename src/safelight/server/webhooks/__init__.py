"""Signed, content-free messages to the operator's own systems."""
