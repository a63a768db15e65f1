"""What is asked of scaling: to give what is said, or to look, round after round, and to tell of or follow the advice."""

from __future__ import annotations

from dataclasses import dataclass

from ..drivers.docker.client import Engine
from ..drivers.docker.setting import Task, lines
from ..model.errors import Refused
from .advice import Advice, shown
from .scale import Wish, advice, scale


@dataclass(frozen=True)
class Watch:
    """How to look: for ``seconds``, so many ``rounds``; whether to ``follow`` what comes of it."""

    seconds: float
    rounds: int
    follow: bool


@dataclass(frozen=True)
class Done:
    """The operations that were done, or would be, what was advised, and what failed."""

    plan: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    failure: str = ""


def fulfil(engine: Engine, given: Task, wish: Wish, watch: Watch, seconds: float, dry: bool) -> Done:
    """Give what ``wish`` says, or look at its component, or at all. Raises ``Refused``, ``Busy``, ``EngineError``."""
    if wish.replicas is not None or wish.memory is not None:
        result = scale(engine, given, (wish,), seconds, dry)
        return Done(tuple(lines(result.plan)), (), result.failure)
    known = [each.name for each in given.application.components]
    if wish.component and wish.component not in known:
        raise Refused(f"component: found {wish.component!r}; allowed: {', '.join(sorted(known))}")
    if watch.rounds < 1 or watch.seconds < 1:
        raise Refused(f"rounds, seconds: found {watch.rounds}, {watch.seconds:g}; allowed: 1 or more")
    plan: list[str] = []
    told: list[str] = []
    for _ in range(watch.rounds):
        found = advice(engine, given, watch.seconds, (wish.component,) if wish.component else ())
        fresh = [line for each in found for line in _lines(each)]
        for line in fresh or ["nothing needs more or less than it has"]:
            given.say(line)
        told += fresh
        wishes = tuple(Wish(each.component, each.replicas, each.memory) for each in found if each.reasons)
        if watch.follow and wishes:
            result = scale(engine, given, wishes, seconds, dry)
            plan += lines(result.plan)
            if result.failure:
                return Done(tuple(plan), tuple(told), result.failure)
    return Done(tuple(plan), tuple(told))


def _lines(each: Advice) -> list[str]:
    should = f"{each.replicas} replicas of {shown(each.memory) if each.memory else 'unlimited memory'}"
    return [
        *([f"{each.component}: {should}: {'; '.join(each.reasons)}"] if each.reasons else []),
        *(f"{each.component}: {limit}" for limit in each.limits),
    ]
