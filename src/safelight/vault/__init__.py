"""Sealed evidence: how it is sealed, stored, kept, proven whole and destroyed."""
