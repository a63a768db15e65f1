"""What callers' proxies have counted of each version: parsed from Envoy's statistics, and what came in between two looks.

Source: Envoy's cluster statistics (``upstream_rq_completed``, ``upstream_rq_5xx``, ``upstream_rq_active``, ``upstream_rq_time``
in milliseconds) as its admin interface gives them with ``format=json&histogram_buckets=cumulative``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..application.rollout import LATENCY_BOUNDS
from ..mesh.clusters import in_statistics

_SERIES = ("upstream_rq_completed", "upstream_rq_5xx", "upstream_rq_active", "upstream_rq_time")
_NO_BUCKETS = (0,) * len(LATENCY_BOUNDS)


@dataclass(frozen=True)
class Totals:
    """Requests that ended, those of them with a 5xx, and those under way.

    ``timed`` is how many have a latency, ``within`` how many of these took no longer than each of ``LATENCY_BOUNDS``.
    """

    requests: int = 0
    errors: int = 0
    active: int = 0
    timed: int = 0
    within: tuple[int, ...] = _NO_BUCKETS

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.requests + other.requests,
            self.errors + other.errors,
            self.active + other.active,
            self.timed + other.timed,
            tuple(one + two for one, two in zip(self.within, other.within, strict=True)),
        )

    def since(self, before: Totals) -> Totals:
        """Return what came in after ``before``; all of it where the proxy has begun to count anew."""
        if self.requests < before.requests or self.errors < before.errors or self.timed < before.timed:
            return self
        return Totals(
            self.requests - before.requests,
            self.errors - before.errors,
            self.active,
            self.timed - before.timed,
            tuple(max(0, one - two) for one, two in zip(self.within, before.within, strict=True)),
        )

    def slower_than(self, bound: int) -> int:
        """Return how many took longer than ``bound``, one of ``LATENCY_BOUNDS``."""
        return self.timed - self.within[LATENCY_BOUNDS.index(bound)]

    def bound_of(self, quantile: float) -> int:
        """Return the smallest of ``LATENCY_BOUNDS`` that holds for ``quantile`` of the requests, the largest where none does."""
        for bound, count in zip(LATENCY_BOUNDS, self.within, strict=True):
            if self.timed and count >= quantile * self.timed:
                return bound
        return LATENCY_BOUNDS[-1]

    def quantile(self, share: float) -> float:
        """Return the latency in milliseconds that ``share`` of the requests kept to, linear within a bucket; 0 without any."""
        wanted, low, below = share * self.timed, 0.0, 0
        for bound, count in zip(LATENCY_BOUNDS, self.within, strict=True):
            if self.timed and count >= wanted and count > below:
                return low + (bound - low) * (wanted - below) / (count - below)
            low, below = float(bound), count
        return low if self.timed else 0.0


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
        return 0, _NO_BUCKETS
    known = {float(each["upper_bound"]): int(each["cumulative"]) for each in buckets}
    return max(known.values()), tuple(known.get(float(bound), 0) for bound in LATENCY_BOUNDS)


def _quoted(text: str) -> str:
    return "".join(f"%{ord(each):02X}" if not (each.isalnum() or each in "-_.") else each for each in text)
