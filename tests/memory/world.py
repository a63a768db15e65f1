"""A target in memory: everything that outlives the processes working on it, and the users' traffic meanwhile."""

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
from memory.instances import Running

# How long proxies take to load a file; the length of a slice of traffic.
LOAD_SECONDS = 0.3
_SLICE_SECONDS = 0.1
REQUESTS_PER_SECOND = 400.0
QUICK_MS, SLOW_MS = 10, 2500
Shares = Mapping[str, float]


@dataclass
class HeldLease:
    """A held lease: its holder and its token."""

    holder: Holder
    token: int


@dataclass
class Counter:
    """The counters of a cluster in a caller's proxy."""

    requests: float = 0.0
    errors: float = 0.0
    slow: float = 0.0

    def totals(self) -> Totals:
        """Return them in whole requests."""
        requests, slow = int(self.requests), int(self.slow)
        within = tuple(
            requests if bound >= SLOW_MS else requests - slow if bound >= QUICK_MS else 0 for bound in LATENCY_BOUNDS
        )
        return Totals(requests, int(self.errors), 0, requests, within)


@dataclass
class World:
    """A target with one application.

    With ``users``, each caller sends requests; ``lost`` lists the moments at which requests could not be answered, and
    ``share_history`` the shares of users of each component's versions, in order. Proxies reject files that contain
    ``rejected``.
    """

    instances: dict[Instance, Running] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    volumes: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, int] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    unavailable_images: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    state: ApplicationState | None = None
    leases: dict[str, HeldLease] = field(default_factory=dict)
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
    share_history: dict[str, list[Shares]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(self._advance)
        self._loaded: dict[str, str] = dict(self.files)
        self._pending: list[tuple[float, str, str | None]] = []
        self._counters: dict[tuple[str, str], Counter] = {}

    def copy(self) -> World:
        """Return an independent copy; no process may be working on either."""
        copied = World(rate=self.rate, users=self.users, answers=self.answers, state=self.state, numbers=self.numbers)
        for name in ("networks", "volumes", "secrets", "images", "unavailable_images", "files", "tokens", "demands"):
            setattr(copied, name, copy(getattr(self, name)))
        copied.memory_use = dict(self.memory_use)
        copied.instances = {instance: copy(running) for instance, running in self.instances.items()}
        copied.tables = {name: set(tables) for name, tables in self.tables.items()}
        copied.share_history = {name: list(shares) for name, shares in self.share_history.items()}
        copied.lost, copied.journal = list(self.lost), list(self.journal)
        copied.clock.time = self.clock.time
        copied._loaded, copied._pending = dict(self._loaded), list(self._pending)
        copied._counters = {key: copy(counter) for key, counter in self._counters.items()}
        return copied

    @property
    def now(self) -> float:
        """The time in seconds."""
        return self.clock.time

    def number(self) -> int:
        """Return a new unique number."""
        self.numbers += 1
        return self.numbers

    def record(self, change: str) -> None:
        """Record a change."""
        self.journal.append(change)
        self._sample()

    def publish(self, path: str, content: str) -> None:
        """Replace a file of the mesh; proxies load it a moment later."""
        self.files[path] = content
        self._pending.append((self.now + LOAD_SECONDS, path, content))
        self.record(f"write {path}")

    def delete(self, path: str) -> None:
        """Delete a file of the mesh."""
        self.files.pop(path, None)
        self._pending.append((self.now + LOAD_SECONDS, path, None))
        self.record(f"delete {path}")

    def loaded_file(self, path: str) -> str | None:
        """Return the content of a file that proxies have loaded, None if they have none."""
        return self._loaded.get(path)

    def start_instance(self, instance: Instance, running: Running) -> None:
        """Start ``instance``; its proxy's counters start at zero."""
        self.instances[instance] = running
        self._counters = {key: counter for key, counter in self._counters.items() if key[0] != instance.name}
        self.record(f"begin {instance}")

    def stop_instance(self, instance: Instance) -> None:
        """Stop ``instance``."""
        if self.instances.pop(instance, None):
            self.record(f"end {instance}")

    def has_cluster(self, instance: Instance, cluster: str) -> bool:
        """Whether the proxy of ``instance`` has ``cluster``."""
        return f'"name": "{cluster}"' in (self.loaded_file(f"{component_directory(instance.component)}/clusters.json") or "")

    def totals(self, instance: Instance, cluster: str) -> Totals:
        """Return the counters of ``cluster`` in the proxy of ``instance``."""
        return self._counters.get((instance.name, cluster), Counter()).totals()

    def serving(self, target: str) -> list[Instance]:
        """Return the instances in a version's endpoints."""
        addresses = served_addresses(self.files).get(target, frozenset())
        return sorted(instance for instance, running in self.instances.items() if running.address in addresses)

    def user_shares(self, component: str) -> Shares:
        """Return the shares of ``component``'s users by version label."""
        shares: dict[str, float] = {}
        for share, endpoints in self._destinations(component):
            for _unused, running in endpoints:
                label = running.shape.label if running else "nothing"
                shares[label] = shares.get(label, 0.0) + share / len(endpoints)
        return {label: round(share, 4) for label, share in shares.items()}

    def _destinations(self, component: str) -> list[tuple[float, list[tuple[str, Running | None]]]]:
        """Return the shares of users by the addresses their requests go to, and the instances there."""
        shares = _routes(self.loaded_file(ROUTES_FILE) or "").get(component, {})
        running_by_address = {running.address: running for running in self.instances.values()}
        destinations = []
        for cluster, share in shares.items():
            if share > 0:
                target, _unused, port = cluster.rpartition(":")
                content = self.loaded_file(endpoints_file(target, int(port)))
                destinations.append(
                    (share, [(address, running_by_address.get(address)) for address in _addresses(content or "")])
                )
        return destinations

    def callers_by_component(self) -> dict[str, list[Instance]]:
        """Return the stateless components called over HTTP, and the calling instances."""
        shapes = {instance.component: running.shape for instance, running in self.instances.items()}
        callers: dict[str, list[Instance]] = {}
        for instance, running in self.instances.items():
            for name in running.shape.calls if running.healthy(self.now) else ():
                callee = shapes.get(name)
                if callee and callee.kind == Kind.STATELESS and any(port.protocol in HTTP for port in callee.ports):
                    callers.setdefault(name, []).append(instance)
        return callers

    def _advance(self, seconds: float) -> None:
        while seconds > 1e-9:
            step = min(seconds, _SLICE_SECONDS if self._pending else max(_SLICE_SECONDS, seconds))
            self._serve_requests(step)
            self.clock.time += step
            seconds -= step
            self._load_due_files()
            self._sample()

    def _load_due_files(self) -> None:
        due = [change for change in self._pending if change[0] <= self.now + 1e-9]
        self._pending = [change for change in self._pending if change[0] > self.now + 1e-9]
        for _unused, path, content in due:
            if content is None:
                self._loaded.pop(path, None)
            else:
                self._loaded[path] = content

    def _serve_requests(self, seconds: float) -> None:
        """Serve the users' requests of ``seconds``."""
        if not self.users:
            return
        rate = self.rate + sum(self.generators.values())
        for component, callers in self.callers_by_component().items():
            shares = _routes(self.loaded_file(ROUTES_FILE) or "").get(component, {})
            for (cluster, share), (_unused, endpoints) in zip(
                [entry for entry in shares.items() if entry[1] > 0], self._destinations(component), strict=True
            ):
                for caller in callers:
                    counter = self._counters.setdefault((caller.name, cluster), Counter())
                    requests = rate * seconds * share / len(callers)
                    behaviours = [running.shape.behaviour for _unused, running in endpoints if running and running.runs(self.now)]
                    counter.requests += requests
                    counter.errors += (
                        requests
                        * sum(
                            (running.shape.behaviour.errors if running and running.runs(self.now) else 1.0)
                            for _unused, running in endpoints
                        )
                        / max(1, len(endpoints))
                    )
                    counter.slow += requests * sum(behaviour.slow for behaviour in behaviours) / max(1, len(behaviours))

    def _sample(self) -> None:
        """Record the users' shares and lost requests."""
        if not self.users:
            return
        for component in self.callers_by_component():
            user_shares = self.user_shares(component)
            share_history = self.share_history.setdefault(component, [])
            if not share_history or share_history[-1] != user_shares:
                share_history.append(user_shares)
            for share, endpoints in self._destinations(component):
                down = [address for address, running in endpoints if not _is_available(running, self.now)]
                if down or not endpoints:
                    after = self.journal[-1] if self.journal else ""
                    self.lost.append(f"{self.now:.1f} s: {component}: {share:.0%} of requests go to {down} after {after}")


def _is_available(running: Running | None, now: float) -> bool:
    """Whether an instance answers, or its image is one that dies on purpose."""
    return running is not None and (running.healthy(now) or running.shape.behaviour.lives < 1e9)


@lru_cache(1024)
def _addresses(content: str) -> tuple[str, ...]:
    if not content:
        return ()
    addresses = served_addresses({endpoints_file("any", 1): content})["any"]
    return tuple(sorted(addresses))


@lru_cache(1024)
def _routes(content: str) -> dict[str, dict[str, float]]:
    """Return, by component, the shares of users by cluster of callers that state no version."""
    if not content:
        return {}
    (routes,) = json.loads(content)["resources"]
    shares = {}
    for host in routes["virtual_hosts"]:
        if host["routes"]:
            shares[host["name"]] = _shares(host["routes"][-1]["route"])
    return shares


def _shares(route: Mapping[str, Any]) -> dict[str, float]:
    if "cluster" in route:
        return {route["cluster"]: 1.0}
    weights = {cluster["name"]: float(cluster["weight"]) for cluster in route["weighted_clusters"]["clusters"]}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
