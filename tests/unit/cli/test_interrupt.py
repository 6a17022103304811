"""The first signal asks, the second stops, and afterwards the signals are as they were."""

from __future__ import annotations

import signal

import pytest

from safelight.cli.interrupt import Interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_asks_and_the_second_stops_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    reached = []
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        assert interrupt.event.is_set()
        reached.append("after the first")
        signal.raise_signal(number)
        reached.append("after the second")
    assert reached == ["after the first"]
    assert interrupt.signal == number
    assert signal.getsignal(number) is before


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="told"), Interrupt():
        raise ValueError("told")
