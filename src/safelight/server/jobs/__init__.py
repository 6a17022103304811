"""Leased outbox rows: work committed with what it serves."""
