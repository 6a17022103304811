"""Safelight finds known abuse material by hash, with evidence, least exposure and honest counts."""
