"""From a weight's rename to its effect in every caller's proxy, by the reload time that each proxy reports.

Run it from the repository's root: `.venv/bin/python bench/weights.py [CHANGES]`. It deploys the echo application of the tests.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from contextlib import nullcontext
from dataclasses import replace

import echo_release
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Purpose
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.proxies import ask_proxy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release_target import DriverTarget

CHANGES = 60
CALLERS = ("edge-1", "web-1", "web-2", "other-1")
SETTLED_SECONDS = 0.3


def reload_time(layout: Layout, caller: str) -> float:
    """Return when ``caller``'s proxy last loaded routes, in milliseconds since the epoch."""
    answer = ask_proxy(layout.admin_socket(caller), "/stats?format=json&filter=config_reload_time_ms")
    statistics = json.loads(answer or b'{"stats": []}')["stats"]
    return float(max(statistic["value"] for statistic in statistics if ".rds.mesh." in statistic["name"]))


def main() -> None:
    """Measure and print."""
    changes = int(sys.argv[1]) if sys.argv[1:] else CHANGES
    echo_release.deploy()
    try:
        echo_release.release({"VERSION": "2"}, (0.0,))
        context = echo_release.context()
        layout = Layout(context.specification.application.name)
        release = context.driver.state.read().release(echo_release.NAME)
        assert release
        delays: list[float] = []
        spreads: list[float] = []
        writes: list[float] = []
        with context.driver.state.lease(context.holder(Purpose.RELEASE, echo_release.NAME)) as lease:
            target = DriverTarget(context, lease, 10, lambda application, begun: nullcontext())
            for change in range(changes):
                before = time.time() * 1000
                target.shift(replace(release, weight=1.0 + change))
                writes.append(time.time() * 1000 - before)
                time.sleep(SETTLED_SECONDS)
                times = [reload_time(layout, caller) for caller in CALLERS]
                assert min(times) >= int(before), "a caller did not load the change"
                delays.append(max(times) - before)
                spreads.append(max(times) - min(times))
        print(f"{changes} changes, {len(CALLERS)} callers; until the last one has the change, in ms:")
        print(f"  median {statistics.median(delays):.0f}, max {max(delays):.0f}; to write it: {statistics.median(writes):.1f}")
        print(f"between the first caller and the last: median {statistics.median(spreads):.0f}, max {max(spreads):.0f}")
        echo_release.abort()
    finally:
        echo_release.tear_down()


if __name__ == "__main__":
    main()
