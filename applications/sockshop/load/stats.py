"""Reports totals of a run every few seconds as one JSON object, on standard output and, if set, in the folder REPORT."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gevent

EVERY_SECONDS = 5.0
FORGET_SECONDS = 600.0
SHOWN_ERRORS = 5


class Reporter:
    """Reports on one Locust environment."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._most_users = 0
        folder = os.environ.get("REPORT", "")
        self._file = Path(folder, "stats.json") if folder else None

    def run(self) -> None:
        """Report while it runs."""
        passed = 0.0
        while True:
            gevent.sleep(EVERY_SECONDS)
            passed += EVERY_SECONDS
            self.tell()
            # Locust keeps figures of every second since its start: a run without an end would fill the memory.
            if "SECONDS" not in os.environ and passed >= FORGET_SECONDS:
                passed = 0.0
                self._environment.stats.clear_all()

    def tell(self, whole: bool = False) -> None:
        """Report the current state, or the ``whole`` run."""
        stats, users = self._environment.stats, self._environment.runner.user_count
        total = stats.total
        self._most_users = max(users, self._most_users)
        errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)
        content = {
            "users": self._most_users if whole else users,
            "requests": total.num_requests,
            "failures": total.num_failures,
            "requests_per_second": round(total.total_rps if whole else total.current_rps, 1),
            **{f"p{each}": round(total.get_response_time_percentile(each / 100) or 0) for each in (50, 95, 99)},
            "errors": [f"{each.occurrences} × {each.method} {each.name}: {each.error}" for each in errors[:SHOWN_ERRORS]],
        }
        line = json.dumps(content, ensure_ascii=False)
        print(line, flush=True)
        if self._file:
            unfinished = self._file.with_suffix(".part")
            unfinished.write_text(line, encoding="utf-8")
            unfinished.rename(self._file)


def begin(environment: Any, **_: Any) -> None:
    """Start to report, and report the whole run at its end."""
    reporter = Reporter(environment)
    gevent.spawn(reporter.run)
    environment.events.quitting.add_listener(lambda **_: reporter.tell(whole=True))
