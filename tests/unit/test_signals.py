"""An action that is interrupted while it displays a line ends after that line."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.signals import defer_termination


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_handled_after_the_block(number: signal.Signals) -> None:
    events: list[str] = []
    former = signal.signal(number, lambda *_: events.append("signal"))
    try:
        with defer_termination():
            os.kill(os.getpid(), number)
            events.append("block")
        assert events == ["block", "signal"]
        os.kill(os.getpid(), number)
        assert events == ["block", "signal", "signal"]
    finally:
        signal.signal(number, former)
