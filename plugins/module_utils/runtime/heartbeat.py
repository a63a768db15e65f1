"""Whether the requester of a long run is still there: a module keeps running on the host after its playbook has ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

HEARTBEAT_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heartbeat(progress: str | None, seconds: float = HEARTBEAT_SECONDS) -> Callable[[], bool]:
    """Return a function that tells whether the reader of the file ``progress`` is still there.

    It is while ``<progress>.heartbeat`` is touched at least every ``seconds`` and no signal to end has arrived; without a
    file only signals count.
    """
    signals: list[int] = []
    began = time.time()
    for number in SIGNALS:
        signal.signal(number, lambda received, _: signals.append(received))

    def alive() -> bool:
        if signals or progress is None:
            return not signals
        try:
            last_beat = Path(f"{progress}.heartbeat").stat().st_mtime
        except FileNotFoundError:
            last_beat = began
        return time.time() - max(last_beat, began) < seconds

    return alive
