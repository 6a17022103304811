"""The exception tree is the one drawn in the module's docstring."""

from __future__ import annotations

import inspect

from safelight import errors


def _classes() -> list[type[Exception]]:
    return [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]


def test_every_exception_is_drawn_in_the_docstring() -> None:
    drawn = errors.__doc__ or ""
    assert [c.__name__ for c in _classes() if c.__name__ not in drawn] == []


def test_every_exception_can_be_caught_as_a_safelight_error() -> None:
    assert all(issubclass(c, errors.SafelightError) for c in _classes())
