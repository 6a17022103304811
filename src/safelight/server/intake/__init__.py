"""Intake: how files, texts and addresses reach us, and what was observed."""
