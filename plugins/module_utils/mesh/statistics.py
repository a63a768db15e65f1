"""Requests to each version as counted by callers' proxies, parsed from Envoy's statistics.

Source: Envoy's cluster statistics (``upstream_rq_completed``, ``upstream_rq_5xx``, ``upstream_rq_active``, ``upstream_rq_time``
in milliseconds), as its admin interface returns them with ``format=json&histogram_buckets=cumulative``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..model.release import LATENCY_BOUNDS
from ..model.traffic import NO_BUCKETS, Totals
from .clusters import statistics_name

_SERIES = ("upstream_rq_completed", "upstream_rq_5xx", "upstream_rq_active", "upstream_rq_time")


def statistics_path(clusters: Iterable[str]) -> str:
    """Return the path at the admin interface that returns the statistics of ``clusters``, given by name."""
    names = "|".join(re.escape(statistics_name(cluster)) for cluster in clusters)
    pattern = rf"^cluster\.({names})\.({'|'.join(_SERIES)})$"
    return f"/stats?format=json&histogram_buckets=cumulative&filter={_quote(pattern)}"


def parse_statistics(answer: Mapping[str, Any], clusters: Iterable[str]) -> dict[str, Totals]:
    """Return the totals of those of ``clusters`` that the proxy knows."""
    counters: dict[str, int] = {}
    histograms: dict[str, list[Mapping[str, Any]]] = {}
    for statistic in answer["stats"]:
        if "value" in statistic:
            counters[statistic["name"]] = int(statistic["value"])
        for histogram in statistic.get("histograms", ()):
            histograms[histogram["name"]] = histogram["buckets"]
    totals = {}
    for cluster in clusters:
        prefix = f"cluster.{statistics_name(cluster)}."
        if prefix + "upstream_rq_active" in counters:
            timed, within = _cumulative_counts(histograms.get(prefix + "upstream_rq_time", []))
            totals[cluster] = Totals(
                counters.get(prefix + "upstream_rq_completed", 0),
                counters.get(prefix + "upstream_rq_5xx", 0),
                counters[prefix + "upstream_rq_active"],
                timed,
                within,
            )
    return totals


def _cumulative_counts(buckets: list[Mapping[str, Any]]) -> tuple[int, tuple[int, ...]]:
    """Return how many requests a histogram has, and how many were within each of ``LATENCY_BOUNDS``."""
    if not buckets:
        return 0, NO_BUCKETS
    counts = {float(bucket["upper_bound"]): int(bucket["cumulative"]) for bucket in buckets}
    return max(counts.values()), tuple(_within(counts, bound) for bound in LATENCY_BOUNDS)


def _within(counts: Mapping[float, int], bound: float) -> int:
    """Return how many took no longer than ``bound``; without such a bucket, the count of the next smaller one."""
    return max((count for upper, count in counts.items() if upper <= bound), default=0)


def _quote(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" if not (letter.isalnum() or letter in "-_.") else letter for letter in text)
