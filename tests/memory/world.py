"""A target in memory: all that outlives the processes which work on it, and the users' traffic in the meantime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Holder
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.clusters import endpoints_file
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.listeners import component_directory
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.routes import ROUTES_FILE
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import HTTP, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import LATENCY_BOUNDS
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState
from memory.clock import Clock
from memory.parts import Running

# How long proxies take to take a file in, and requests to come in.
TAKE_IN_SECONDS = 0.3
_SLICE_SECONDS = 0.1
REQUESTS_PER_SECOND = 400.0
QUICK_MS, SLOW_MS = 10, 2500
Shares = Mapping[str, float]


@dataclass
class Held:
    """A lease that is held: by whom, and the number of the holding."""

    holder: Holder
    token: int


@dataclass
class Counter:
    """What a caller's proxy has counted of a cluster."""

    requests: float = 0.0
    errors: float = 0.0
    slow: float = 0.0

    def totals(self) -> Totals:
        """Return it in whole requests."""
        requests, slow = int(self.requests), int(self.slow)
        within = tuple(
            requests if bound >= SLOW_MS else requests - slow if bound >= QUICK_MS else 0 for bound in LATENCY_BOUNDS
        )
        return Totals(requests, int(self.errors), 0, requests, within)


@dataclass
class World:
    """A target with one application.

    While ``users`` are there each caller sends requests; ``lost`` tells of every moment at which some could not be answered,
    and ``moves`` which versions the users of a component had, change after change. Its proxies reject files that have
    ``rejected`` in them.
    """

    instances: dict[Instance, Running] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    volumes: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, int] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    unavailable_images: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    state: ApplicationState | None = None
    leases: dict[str, Held] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    demands: dict[str, str] = field(default_factory=dict)
    generators: dict[int, float] = field(default_factory=dict)
    tables: dict[str, set[str]] = field(default_factory=dict)
    memory_use: dict[str, int] = field(default_factory=dict)
    rate: float = REQUESTS_PER_SECOND
    users: bool = False
    answers: bool = True
    rejected: str = ""
    lost: list[str] = field(default_factory=list)
    moves: dict[str, list[Shares]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(self._passing)
        self._taken: dict[str, str] = dict(self.files)
        self._coming: list[tuple[float, str, str | None]] = []
        self._counters: dict[tuple[str, str], Counter] = {}

    def copy(self) -> World:
        """Return a world of its own that is as this one is; no process is at work on either."""
        other = World(rate=self.rate, users=self.users, answers=self.answers, state=self.state, numbers=self.numbers)
        for name in ("networks", "volumes", "secrets", "images", "unavailable_images", "files", "tokens", "demands"):
            setattr(other, name, copy(getattr(self, name)))
        other.memory_use = dict(self.memory_use)
        other.instances = {instance: copy(running) for instance, running in self.instances.items()}
        other.tables = {name: set(tables) for name, tables in self.tables.items()}
        other.moves = {name: list(shares) for name, shares in self.moves.items()}
        other.lost, other.journal = list(self.lost), list(self.journal)
        other.clock.time = self.clock.time
        other._taken, other._coming = dict(self._taken), list(self._coming)
        other._counters = {key: copy(counter) for key, counter in self._counters.items()}
        return other

    @property
    def now(self) -> float:
        """The time in seconds."""
        return self.clock.time

    def number(self) -> int:
        """Return a number that was never given before."""
        self.numbers += 1
        return self.numbers

    def noted(self, what: str) -> None:
        """Take note of a change that has been made."""
        self.journal.append(what)
        self._look()

    def publish(self, path: str, content: str) -> None:
        """Replace a file of the mesh; proxies take it in a moment later."""
        self.files[path] = content
        self._coming.append((self.now + TAKE_IN_SECONDS, path, content))
        self.noted(f"write {path}")

    def delete(self, path: str) -> None:
        """Delete a file of the mesh."""
        self.files.pop(path, None)
        self._coming.append((self.now + TAKE_IN_SECONDS, path, None))
        self.noted(f"delete {path}")

    def taken(self, path: str) -> str | None:
        """Return what proxies have taken in of a file, None where they have nothing of it."""
        return self._taken.get(path)

    def born(self, instance: Instance, running: Running) -> None:
        """Have ``instance`` run; its proxy counts anew."""
        self.instances[instance] = running
        self._counters = {key: counter for key, counter in self._counters.items() if key[0] != instance.name}
        self.noted(f"begin {instance}")

    def gone(self, instance: Instance) -> None:
        """Have ``instance`` run no more."""
        if self.instances.pop(instance, None):
            self.noted(f"end {instance}")

    def knows(self, instance: Instance, cluster: str) -> bool:
        """Whether the proxy of ``instance`` has ``cluster``."""
        return f'"name": "{cluster}"' in (self.taken(f"{component_directory(instance.component)}/clusters.json") or "")

    def counted(self, instance: Instance, cluster: str) -> Totals:
        """Return what the proxy of ``instance`` has counted of ``cluster``."""
        return self._counters.get((instance.name, cluster), Counter()).totals()

    def serving(self, target: str) -> list[Instance]:
        """Return the instances that a version's endpoints lead to now."""
        addresses = served_addresses(self.files).get(target, frozenset())
        return sorted(instance for instance, running in self.instances.items() if running.address in addresses)

    def having(self, component: str) -> Shares:
        """Return the share of the users of ``component`` that each of its versions has, by what tells it from others."""
        found: dict[str, float] = {}
        for share, ends in self._targets(component):
            for _unused, running in ends:
                own = running.shape.own if running else "nothing"
                found[own] = found.get(own, 0.0) + share / len(ends)
        return {own: round(share, 4) for own, share in found.items()}

    def _targets(self, component: str) -> list[tuple[float, list[tuple[str, Running | None]]]]:
        """Return the shares of users by where their requests end up: addresses, and what is there."""
        shares = _routes(self.taken(ROUTES_FILE) or "").get(component, {})
        there = {running.address: running for running in self.instances.values()}
        found = []
        for cluster, share in shares.items():
            if share > 0:
                target, _unused, port = cluster.rpartition(":")
                content = self.taken(endpoints_file(target, int(port)))
                found.append((share, [(address, there.get(address)) for address in _addresses(content or "")]))
        return found

    def called(self) -> dict[str, list[Instance]]:
        """Return the stateless components that are called by HTTP, and the instances that call them."""
        shapes = {instance.component: running.shape for instance, running in self.instances.items()}
        callers: dict[str, list[Instance]] = {}
        for instance, running in self.instances.items():
            for name in running.shape.calls if running.healthy(self.now) else ():
                called = shapes.get(name)
                if called and called.kind == Kind.STATELESS and any(port.protocol in HTTP for port in called.ports):
                    callers.setdefault(name, []).append(instance)
        return callers

    def _passing(self, seconds: float) -> None:
        while seconds > 1e-9:
            step = min(seconds, _SLICE_SECONDS if self._coming else max(_SLICE_SECONDS, seconds))
            self._answer(step)
            self.clock.time += step
            seconds -= step
            self._take_in()
            self._look()

    def _take_in(self) -> None:
        due = [change for change in self._coming if change[0] <= self.now + 1e-9]
        self._coming = [change for change in self._coming if change[0] > self.now + 1e-9]
        for _unused, path, content in due:
            if content is None:
                self._taken.pop(path, None)
            else:
                self._taken[path] = content

    def _answer(self, seconds: float) -> None:
        """Have the users' requests of so many seconds answered."""
        if not self.users:
            return
        rate = self.rate + sum(self.generators.values())
        for component, callers in self.called().items():
            shares = _routes(self.taken(ROUTES_FILE) or "").get(component, {})
            for (cluster, share), (_unused, ends) in zip(
                [entry for entry in shares.items() if entry[1] > 0], self._targets(component), strict=True
            ):
                for caller in callers:
                    counter = self._counters.setdefault((caller.name, cluster), Counter())
                    requests = rate * seconds * share / len(callers)
                    behaviours = [running.shape.behaviour for _unused, running in ends if running and running.runs(self.now)]
                    counter.requests += requests
                    counter.errors += (
                        requests
                        * sum(
                            (running.shape.behaviour.errors if running and running.runs(self.now) else 1.0)
                            for _unused, running in ends
                        )
                        / max(1, len(ends))
                    )
                    counter.slow += requests * sum(behaviour.slow for behaviour in behaviours) / max(1, len(behaviours))

    def _look(self) -> None:
        """Take down what users have, and what is lost."""
        if not self.users:
            return
        for component in self.called():
            having = self.having(component)
            moves = self.moves.setdefault(component, [])
            if not moves or moves[-1] != having:
                moves.append(having)
            for share, ends in self._targets(component):
                down = [address for address, running in ends if not _well(running, self.now)]
                if down or not ends:
                    after = self.journal[-1] if self.journal else ""
                    self.lost.append(f"{self.now:.1f} s: {component}: {share:.0%} of requests go to {down} after {after}")


def _well(running: Running | None, now: float) -> bool:
    """Whether an instance answers, or is meant to die in a test."""
    return running is not None and (running.healthy(now) or running.shape.behaviour.lives < 1e9)


@lru_cache(1024)
def _addresses(content: str) -> tuple[str, ...]:
    if not content:
        return ()
    found = served_addresses({endpoints_file("any", 1): content})["any"]
    return tuple(sorted(found))


@lru_cache(1024)
def _routes(content: str) -> dict[str, dict[str, float]]:
    """Return the shares of users by cluster that the file of routes gives each component's callers who say nothing."""
    if not content:
        return {}
    (routes,) = json.loads(content)["resources"]
    found = {}
    for host in routes["virtual_hosts"]:
        if host["routes"]:
            found[host["name"]] = _shares(host["routes"][-1]["route"])
    return found


def _shares(route: Mapping[str, Any]) -> dict[str, float]:
    if "cluster" in route:
        return {route["cluster"]: 1.0}
    weights = {cluster["name"]: float(cluster["weight"]) for cluster in route["weighted_clusters"]["clusters"]}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
