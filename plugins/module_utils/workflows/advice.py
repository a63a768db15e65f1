"""What should be given to a component: more memory where 80 % of it is used, instances as latency leaves its band."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model.application import Component, Kind

MEMORY_SHARE = 0.8
MEMORY_STEP = 16 << 20
_MEMORY_FACTOR, _MAX_MEMORY_FACTOR = 1.5, 4
ENOUGH_REQUESTS = 50


@dataclass(frozen=True)
class Usage:
    """What a component did lately: the most bytes of memory that an instance used, requests, and their p95 in seconds."""

    memory: int = 0
    requests: int = 0
    p95: float = 0.0


@dataclass(frozen=True)
class Advice:
    """What a component should have, and why; as it is where ``reasons`` has nothing. ``limits`` tell what bounds forbid."""

    component: str
    replicas: int
    memory: int | None
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the advice as text."""
        should = f"{self.replicas} replicas of {shown(self.memory) if self.memory else 'unlimited memory'}"
        return [
            *([f"{self.component}: {should}: {'; '.join(self.reasons)}"] if self.reasons else []),
            *(f"{self.component}: {limit}" for limit in self.limits),
        ]


def advise(component: Component, usage: Usage) -> Advice:
    """Return what ``component`` should have after ``usage``."""
    advice = Advice(component.name, component.replicas, component.memory)
    return _instances(component, usage, _memory(component, usage, advice))


def most_memory(component: Component) -> int | None:
    """Return the most memory that an instance may be given, in bytes; None without a limit."""
    return component.scaling.memory or (component.memory * _MAX_MEMORY_FACTOR if component.memory else None)


def _memory(component: Component, usage: Usage, advice: Advice) -> Advice:
    if not component.memory or usage.memory <= MEMORY_SHARE * component.memory:
        return advice
    most = most_memory(component) or component.memory
    wanted = min(most, -(-int(component.memory * _MEMORY_FACTOR) // MEMORY_STEP) * MEMORY_STEP)
    reason = f"it uses {shown(usage.memory)} of {shown(component.memory)}, more than {MEMORY_SHARE:.0%}"
    if wanted <= component.memory:
        return replace(advice, limits=(*advice.limits, f"{reason}; its bound is {shown(most)}"))
    return replace(advice, memory=wanted, reasons=(*advice.reasons, reason))


def _instances(component: Component, usage: Usage, advice: Advice) -> Advice:
    band, now = component.scaling, component.replicas
    if component.kind == Kind.STATEFUL or component.outer_ports or component.gateway or usage.requests < ENOUGH_REQUESTS:
        return advice
    if usage.p95 > band.slow:
        reason = f"95 % of its requests take up to {usage.p95 * 1000:.0f} ms, the band ends at {band.slow * 1000:.0f} ms"
        if now >= band.most:
            return replace(advice, limits=(*advice.limits, f"{reason}; its bound is {band.most} replicas"))
        return replace(advice, replicas=now + 1, reasons=(*advice.reasons, reason))
    if usage.p95 < band.fast and now > band.least:
        reason = f"95 % of its requests take only {usage.p95 * 1000:.0f} ms, the band begins at {band.fast * 1000:.0f} ms"
        return replace(advice, replicas=now - 1, reasons=(*advice.reasons, reason))
    return advice


def shown(size: int) -> str:
    """Return bytes as the Compose file writes them."""
    return f"{size >> 20}M"
