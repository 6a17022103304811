"""JSON Schemas of what Safelight writes for other programs."""
