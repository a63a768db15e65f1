"""What a version of a component has been asked and has answered, as counters."""

from __future__ import annotations

from dataclasses import dataclass

from .release import LATENCY_BOUNDS

NO_BUCKETS = (0,) * len(LATENCY_BOUNDS)


@dataclass(frozen=True)
class Totals:
    """Requests that ended, those of them with a 5xx, and those under way.

    ``timed`` is how many have a latency, ``within`` how many of these took no longer than each of ``LATENCY_BOUNDS``.
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
