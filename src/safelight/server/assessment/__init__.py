"""Assessments by people: given, compared, spread over equal files; and what follows from being wrong."""
