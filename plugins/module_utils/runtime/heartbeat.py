"""Whether whoever requested a long run is still there: the end of a playbook leaves its module running on the host."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

HEARTBEAT_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heartbeat(progress: str | None, seconds: float = HEARTBEAT_SECONDS) -> Callable[[], bool]:
    """Return what tells whether whoever follows the file ``progress`` is still there.

    They are while the file beside it is touched every ``seconds``, and no signal to end has come; without one only signals
    count.
    """
    signals: list[int] = []
    began = time.time()
    for each in SIGNALS:
        signal.signal(each, lambda number, _: signals.append(number))

    def alive() -> bool:
        if signals or progress is None:
            return not signals
        try:
            last = Path(f"{progress}.heartbeat").stat().st_mtime
        except FileNotFoundError:
            last = began
        return time.time() - max(last, began) < seconds

    return alive
