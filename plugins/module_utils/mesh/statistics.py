"""What callers' proxies have counted of each version: parsed from Envoy's statistics, and what came in between two looks.

Source: Envoy's cluster statistics (``upstream_rq_completed``, ``upstream_rq_5xx``, ``upstream_rq_active``, ``upstream_rq_time``
in milliseconds) as its admin interface gives them with ``format=json&histogram_buckets=cumulative``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..model.release import LATENCY_BOUNDS
from ..model.traffic import NO_BUCKETS, Totals
from .clusters import in_statistics

_SERIES = ("upstream_rq_completed", "upstream_rq_5xx", "upstream_rq_active", "upstream_rq_time")


def statistics_path(clusters: Iterable[str]) -> str:
    """Return the path at the admin interface that gives what is needed of ``clusters``, by their names."""
    names = "|".join(re.escape(in_statistics(each)) for each in clusters)
    pattern = rf"^cluster\.({names})\.({'|'.join(_SERIES)})$"
    return f"/stats?format=json&histogram_buckets=cumulative&filter={_quoted(pattern)}"


def parse_statistics(answer: Mapping[str, Any], clusters: Iterable[str]) -> dict[str, Totals]:
    """Return the totals of each of ``clusters`` that the proxy knows."""
    counters: dict[str, int] = {}
    times: dict[str, list[Mapping[str, Any]]] = {}
    for each in answer["stats"]:
        if "value" in each:
            counters[each["name"]] = int(each["value"])
        for histogram in each.get("histograms", ()):
            times[histogram["name"]] = histogram["buckets"]
    found = {}
    for cluster in clusters:
        prefix = f"cluster.{in_statistics(cluster)}."
        if prefix + "upstream_rq_active" in counters:
            timed, within = _buckets(times.get(prefix + "upstream_rq_time", []))
            found[cluster] = Totals(
                counters.get(prefix + "upstream_rq_completed", 0),
                counters.get(prefix + "upstream_rq_5xx", 0),
                counters[prefix + "upstream_rq_active"],
                timed,
                within,
            )
    return found


def _buckets(buckets: list[Mapping[str, Any]]) -> tuple[int, tuple[int, ...]]:
    if not buckets:
        return 0, NO_BUCKETS
    known = {float(each["upper_bound"]): int(each["cumulative"]) for each in buckets}
    return max(known.values()), tuple(_within(known, bound) for bound in LATENCY_BOUNDS)


def _within(known: Mapping[float, int], bound: float) -> int:
    """Return how many took no longer than ``bound``: where a proxy has no such bucket, what the next smaller one has."""
    return max((count for upper, count in known.items() if upper <= bound), default=0)


def _quoted(text: str) -> str:
    return "".join(f"%{ord(each):02X}" if not (each.isalnum() or each in "-_.") else each for each in text)
