"""Plans between random models, carried out in any order that they allow and cut off anywhere: what serves goes on serving."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.operations import RecreateContainer, RemoveContainer
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.placement import fixed
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.plan import INSTANCE_ROLES
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.clusters import cluster_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.listeners import component_directory
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.routes import ROUTES_FILE
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Candidate, Split
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation, Plan, sorter
from world import World, application

ROUNDS = 6
Called = tuple[str, Version]


def model(chance: random.Random) -> EffectiveApplication:
    """Return an application of which anything may differ from another's: what runs, how many of it, and what it calls."""

    def service(name: str, *called: str, replicas: int = 3) -> dict[str, Any]:
        limits = {"memory": chance.choice(["64M", "96M"])} if chance.random() < 0.7 else {}
        return {
            "image": f"{name}:{chance.randrange(2)}",
            "environment": {"A": str(chance.randrange(2))},
            "expose": [chance.choice(["8080", "8080", "8080", "9090"])],
            "depends_on": [callee for callee in called if chance.random() < 0.7],
            "deploy": {"replicas": chance.randint(chance.random() < 0.9, replicas), "resources": {"limits": limits}},
        }

    services: dict[str, dict[str, Any] | None] = {
        "web": service("web", "api", "db"),
        "api": service("api", "db", "mail") if chance.random() < 0.9 else None,
        "mail": {**service("mail"), "expose": ["25"]} if chance.random() < 0.7 else None,
        "shop": {**service("shop", "web", replicas=1), "ports": ["81:81"]} if chance.random() < 0.7 else None,
        "db": {"image": f"db:{chance.randrange(2)}", "deploy": {"replicas": chance.randint(1, 2)}},
    }
    for name, definition in services.items():
        if definition and "depends_on" in definition:
            definition["depends_on"] = [other for other in definition["depends_on"] if services.get(other)]
            if name == "web" and "db" in definition["depends_on"] and chance.random() < 0.5:
                others = {other: {"condition": "service_started"} for other in definition["depends_on"]}
                definition["depends_on"] = {**others, "db": {"condition": "service_healthy"}}
    images = {name: f"{name}:{chance.randrange(2)}" for name in ("envoy", "sandbox", "supervisor") if chance.random() < 0.3}
    return released(application(images, **services), chance)


def released(plain: EffectiveApplication, chance: random.Random) -> EffectiveApplication:
    """Return ``plain``, perhaps with a release at any point of its course."""
    names: list[str] = [name for name in ("web", "api") if name in {component.name for component in plain.components}]
    chosen: list[str] = [name for name in names if chance.random() < 0.3]
    candidates = {name: Candidate(name, chance.randint(1, 2), f"{name}:{chance.randrange(3)}") for name in chosen}
    splits = []
    for name in chosen:
        weight = chance.choice([0.0, 10.0, 100.0])
        closed = {0.0: Version.CANDIDATE, 100.0: Version.STABLE}.get(weight) if chance.random() < 0.5 else None
        splits.append(Split(name, weight, closed=closed))
    return replace(plain, candidates=candidates, splits=tuple(splits))


def orders(plan: Plan, chance: random.Random) -> Iterator[Operation]:
    """Yield the operations in any order that the graph allows."""
    ready = sorter(plan.operations)
    waiting: list[str] = []
    while ready.is_active():
        waiting += ready.get_ready()
        key = waiting.pop(chance.randrange(len(waiting)))
        yield plan.operations[key]
        ready.done(key)


@dataclass
class Observer:
    """Watches the way from the model ``before`` to ``after``."""

    world: World
    before: EffectiveApplication
    after: EffectiveApplication
    available: set[Called] = field(default_factory=set)
    unknown: set[Called] = field(default_factory=set)

    def __post_init__(self) -> None:
        components = [*self.before.components, *self.after.components]
        every = {(component.name, version) for component in components for version in Version}
        # What has no endpoints yet is called by nobody: it gets all of them at once.
        self.unknown = {called for called in every if not self._has_endpoints(called)}
        self.available = {called for called in self._lasting() if self._good(called)}

    def about_to(self, operation: Operation) -> None:
        """Fail where ``operation`` stops an instance that callers send to, and that need not be replaced in its place."""
        if not isinstance(operation, (RecreateContainer, RemoveContainer)):
            return
        container = self.world.containers[operation.subject]
        if container.role not in INSTANCE_ROLES:
            return
        instance = Instance.parse(container.instance)
        called = instance.component, instance.version
        if not self._stays(called):
            assert not self._routed(called), f"{operation} while callers' proxies lead there"
        elif not self._in_place(called) and called not in self.unknown:
            assert instance not in self.world.serving(instance.component), f"{operation} while callers send to it"

    def has_done(self, operation: Operation) -> None:
        """Fail where nothing serves any more of what did."""
        for called in self.available:
            assert self._good(called), f"after {operation} nothing of {called} serves"

    def _lasting(self) -> Iterator[Called]:
        """Yield the versions that callers may rely on: called before and after, by the same ports."""
        for component in self.before.components:
            for version in self.before.versions(component.name):
                called = component.name, version
                if not self._stays(called) or self._in_place(called) or not self.after.replicas(*called):
                    continue
                other = self.after.component(component.name)
                if component.ports == other.ports and self.after.dependents(component.name):
                    yield called

    def _stays(self, called: Called) -> bool:
        names = {component.name for component in self.after.components}
        return called[0] in names and called[1] in self.after.versions(called[0])

    def _in_place(self, called: Called) -> bool:
        """Whether instances may be replaced where they are: they cannot be elsewhere, or nobody is led to them."""
        name, version = called
        models = [model for model in (self.before, self.after) if name in {component.name for component in model.components}]
        split = self.after.split(name)
        return any(fixed(model.component(name)) for model in models) or bool(split and split.closed == version)

    def _good(self, called: Called) -> set[Instance]:
        name, version = called
        return {instance for instance in self.world.serving(name) if instance.version == version and instance in self.world.well}

    def _has_endpoints(self, called: Called) -> bool:
        return any(path.startswith(f"shared/endpoints/{version_name(*called)}.") for path in self.world.files)

    def _routed(self, called: Called) -> bool:
        """Whether the proxy of a caller that stays is told of a version: by the routes of all, or by its own clusters."""
        own = [f"{component_directory(component.name)}/clusters.json" for component in self.after.components]
        names = [json.dumps(cluster_name(version_name(*called), port)) for port in (25, 81, 8080, 9090)]
        return any(name in self.world.files.get(path, "") for name in names for path in (ROUTES_FILE, *own))


def travel(world: World, before: EffectiveApplication, after: EffectiveApplication, chance: random.Random, kill: float) -> bool:
    """Go from one model to another; return whether it came to its end, and was not killed on the way."""
    plan = world.plan(after)
    observer = Observer(world, before, after)
    for operation in orders(plan, chance):
        if chance.random() < kill:
            return False
        observer.about_to(operation)
        world.do(operation)
        observer.has_done(operation)
    return True


@pytest.mark.parametrize("seed", range(12))
def test_a_serving_version_keeps_serving_through_any_change(seed: int) -> None:
    chance = random.Random(seed)
    world, before = World(), model(chance)
    assert travel(world, before, before, chance, 0.0)
    for _unused in range(ROUNDS):
        after = model(chance)
        assert travel(world, before, after, chance, 0.0)
        assert world.plan(after).lines() == [], "a moment later there is nothing to do"
        before = after


@pytest.mark.parametrize("seed", range(12))
def test_a_run_killed_at_any_operation_is_resumed(seed: int) -> None:
    """Run after run dies on the way, some to the same model and some to another, and at last one comes to its end."""
    chance = random.Random(1000 + seed)
    world, before = World(), model(chance)
    assert travel(world, before, before, chance, 0.0)
    for _unused in range(ROUNDS):
        after = model(chance)
        while not travel(world, before, after, chance, 0.1):
            if chance.random() < 0.3:
                before, after = after, model(chance)
        assert world.plan(after).lines() == []
        before = after
