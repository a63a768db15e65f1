"""Scaling advice: more memory when 80 % of it is used, more or fewer replicas when latency leaves its band."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model.application import Component, Kind

MEMORY_SHARE = 0.8
MEMORY_STEP = 16 << 20
_MEMORY_FACTOR, _MAX_MEMORY_FACTOR = 1.5, 4
MIN_REQUESTS = 50


@dataclass(frozen=True)
class Usage:
    """The recent usage of a component: peak memory of an instance in bytes, requests, and their p95 in seconds."""

    memory: int = 0
    requests: int = 0
    p95: float = 0.0


@dataclass(frozen=True)
class Advice:
    """Replicas and memory for a component, unchanged without ``reasons``; ``limits`` says what its bounds do not allow."""

    component: str
    replicas: int
    memory: int | None
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the advice as text."""
        size = f"{self.replicas} replicas of {format_memory(self.memory) if self.memory else 'unlimited memory'}"
        return [
            *([f"{self.component}: {size}: {'; '.join(self.reasons)}"] if self.reasons else []),
            *(f"{self.component}: {limit}" for limit in self.limits),
        ]


def advise(component: Component, usage: Usage) -> Advice:
    """Return the advice for ``component`` after ``usage``."""
    advice = Advice(component.name, component.replicas, component.memory)
    return _advise_replicas(component, usage, _advise_memory(component, usage, advice))


def max_memory(component: Component) -> int | None:
    """Return the maximum memory of an instance in bytes, None if unlimited."""
    return component.scaling.memory or (component.memory * _MAX_MEMORY_FACTOR if component.memory else None)


def _advise_memory(component: Component, usage: Usage, advice: Advice) -> Advice:
    if not component.memory or usage.memory <= MEMORY_SHARE * component.memory:
        return advice
    maximum = max_memory(component) or component.memory
    memory = min(maximum, -(-int(component.memory * _MEMORY_FACTOR) // MEMORY_STEP) * MEMORY_STEP)
    reason = f"it uses {format_memory(usage.memory)} of {format_memory(component.memory)}, more than {MEMORY_SHARE:.0%}"
    if memory <= component.memory:
        return replace(advice, limits=(*advice.limits, f"{reason}; its bound is {format_memory(maximum)}"))
    return replace(advice, memory=memory, reasons=(*advice.reasons, reason))


def _advise_replicas(component: Component, usage: Usage, advice: Advice) -> Advice:
    band, replicas = component.scaling, component.replicas
    if component.kind == Kind.STATEFUL or component.outer_ports or component.gateway or usage.requests < MIN_REQUESTS:
        return advice
    if usage.p95 > band.slow:
        reason = f"95 % of its requests take up to {usage.p95 * 1000:.0f} ms, the band ends at {band.slow * 1000:.0f} ms"
        if replicas >= band.most:
            return replace(advice, limits=(*advice.limits, f"{reason}; its bound is {band.most} replicas"))
        return replace(advice, replicas=replicas + 1, reasons=(*advice.reasons, reason))
    if usage.p95 < band.fast and replicas > band.least:
        reason = f"95 % of its requests take only {usage.p95 * 1000:.0f} ms, the band begins at {band.fast * 1000:.0f} ms"
        return replace(advice, replicas=replicas - 1, reasons=(*advice.reasons, reason))
    return advice


def format_memory(size: int) -> str:
    """Return bytes in the notation of a Compose file."""
    return f"{size >> 20}M"
