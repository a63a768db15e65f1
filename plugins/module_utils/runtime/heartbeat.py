"""Whether whoever asked for a long run is still there: the end of a playbook leaves its module running on the host."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

UNATTENDED_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def attended(progress: str | None) -> Callable[[], bool]:
    """Return what tells whether whoever follows the file ``progress`` is still there.

    They are while the file beside it is touched now and then, and no signal to end has come; without one only signals count.
    """
    came: list[int] = []
    began = time.time()
    for each in SIGNALS:
        signal.signal(each, lambda number, _: came.append(number))

    def still() -> bool:
        if came or progress is None:
            return not came
        try:
            last = Path(f"{progress}.attended").stat().st_mtime
        except FileNotFoundError:
            last = began
        return time.time() - max(last, began) < UNATTENDED_SECONDS

    return still
