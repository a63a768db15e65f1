"""Counters of the requests to a version of a component."""

from __future__ import annotations

from dataclasses import dataclass

from .release import LATENCY_BOUNDS

NO_BUCKETS = (0,) * len(LATENCY_BOUNDS)


@dataclass(frozen=True)
class Totals:
    """Completed requests, those of them with a 5xx, and requests in flight.

    ``timed`` is how many have a latency, ``within`` how many of these were within each of ``LATENCY_BOUNDS``.
    """

    requests: int = 0
    errors: int = 0
    active: int = 0
    timed: int = 0
    within: tuple[int, ...] = NO_BUCKETS

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.requests + other.requests,
            self.errors + other.errors,
            self.active + other.active,
            self.timed + other.timed,
            tuple(own + added for own, added in zip(self.within, other.within, strict=True)),
        )

    def since(self, before: Totals) -> Totals:
        """Return the requests since ``before``; all of them if the proxy has reset its counters."""
        if self.requests < before.requests or self.errors < before.errors or self.timed < before.timed:
            return self
        return Totals(
            self.requests - before.requests,
            self.errors - before.errors,
            self.active,
            self.timed - before.timed,
            tuple(max(0, current - previous) for current, previous in zip(self.within, before.within, strict=True)),
        )

    def slower_than(self, bound: int) -> int:
        """Return how many requests took longer than ``bound``, one of ``LATENCY_BOUNDS``."""
        return self.timed - self.within[LATENCY_BOUNDS.index(bound)]

    def quantile_bound(self, quantile: float) -> int:
        """Return the smallest of ``LATENCY_BOUNDS`` that ``quantile`` of the requests were within, else the largest."""
        for bound, count in zip(LATENCY_BOUNDS, self.within, strict=True):
            if self.timed and count >= quantile * self.timed:
                return bound
        return LATENCY_BOUNDS[-1]

    def quantile(self, share: float) -> float:
        """Return the ``share`` quantile of the latency in milliseconds, linear within a bucket; 0 without requests."""
        rank, low, below = share * self.timed, 0.0, 0
        for bound, count in zip(LATENCY_BOUNDS, self.within, strict=True):
            if self.timed and count >= rank and count > below:
                return low + (bound - low) * (rank - below) / (count - below)
            low, below = float(bound), count
        return low if self.timed else 0.0
