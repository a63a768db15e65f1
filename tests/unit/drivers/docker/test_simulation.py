"""Plans between random models, in random valid orders and killed at any operation: a serving version keeps serving."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.operations import RecreateContainer, RemoveContainer
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.placement import replaced_in_place
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
VersionKey = tuple[str, Version]


def model(chance: random.Random) -> EffectiveApplication:
    """Return an application with random components, replicas and dependencies."""

    def service(name: str, *callees: str, replicas: int = 3) -> dict[str, Any]:
        limits = {"memory": chance.choice(["64M", "96M"])} if chance.random() < 0.7 else {}
        return {
            "image": f"{name}:{chance.randrange(2)}",
            "environment": {"A": str(chance.randrange(2))},
            "expose": [chance.choice(["8080", "8080", "8080", "9090"])],
            "depends_on": [callee for callee in callees if chance.random() < 0.7],
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
            definition["depends_on"] = [dependency for dependency in definition["depends_on"] if services.get(dependency)]
            if name == "web" and "db" in definition["depends_on"] and chance.random() < 0.5:
                others = {dependency: {"condition": "service_started"} for dependency in definition["depends_on"]}
                definition["depends_on"] = {**others, "db": {"condition": "service_healthy"}}
    images = {name: f"{name}:{chance.randrange(2)}" for name in ("envoy", "sandbox", "supervisor") if chance.random() < 0.3}
    return with_random_release(application(images, **services), chance)


def with_random_release(plain: EffectiveApplication, chance: random.Random) -> EffectiveApplication:
    """Return ``plain``, perhaps with a release in a random phase."""
    names: list[str] = [name for name in ("web", "api") if name in {component.name for component in plain.components}]
    chosen: list[str] = [name for name in names if chance.random() < 0.3]
    candidates = {name: Candidate(name, chance.randint(1, 2), f"{name}:{chance.randrange(3)}") for name in chosen}
    splits = []
    for name in chosen:
        weight = chance.choice([0.0, 10.0, 100.0])
        closed = {0.0: Version.CANDIDATE, 100.0: Version.STABLE}.get(weight) if chance.random() < 0.5 else None
        splits.append(Split(name, weight, closed=closed))
    return replace(plain, candidates=candidates, splits=tuple(splits))


def random_order(plan: Plan, chance: random.Random) -> Iterator[Operation]:
    """Yield the operations in a random order that the graph allows."""
    ready = sorter(plan.operations)
    waiting: list[str] = []
    while ready.is_active():
        waiting += ready.get_ready()
        key = waiting.pop(chance.randrange(len(waiting)))
        yield plan.operations[key]
        ready.done(key)


@dataclass
class Observer:
    """Checks a deployment from the model ``before`` to ``after``."""

    world: World
    before: EffectiveApplication
    after: EffectiveApplication
    available: set[VersionKey] = field(default_factory=set)
    unknown: set[VersionKey] = field(default_factory=set)

    def __post_init__(self) -> None:
        components = [*self.before.components, *self.after.components]
        every = {(component.name, version) for component in components for version in Version}
        # A version without endpoints has no callers: it gets all its endpoints at once.
        self.unknown = {called for called in every if not self._has_endpoints(called)}
        self.available = {called for called in self._reliable() if self._healthy(called)}

    def before_operation(self, operation: Operation) -> None:
        """Fail if ``operation`` stops a serving instance that need not be replaced in place."""
        if not isinstance(operation, (RecreateContainer, RemoveContainer)):
            return
        container = self.world.containers[operation.subject]
        if container.role not in INSTANCE_ROLES:
            return
        instance = Instance.parse(container.instance)
        called = instance.component, instance.version
        if not self._is_kept(called):
            assert not self._is_routed(called), f"{operation} while callers' proxies lead there"
        elif not self._replaced_in_place(called) and called not in self.unknown:
            assert instance not in self.world.serving(instance.component), f"{operation} while callers send to it"

    def after_operation(self, operation: Operation) -> None:
        """Fail if a version that served does not serve any more."""
        for called in self.available:
            assert self._healthy(called), f"after {operation} nothing of {called} serves"

    def _reliable(self) -> Iterator[VersionKey]:
        """Yield the versions that callers may rely on: called before and after, on the same ports."""
        for component in self.before.components:
            for version in self.before.versions(component.name):
                called = component.name, version
                if not self._is_kept(called) or self._replaced_in_place(called) or not self.after.replicas(*called):
                    continue
                after = self.after.component(component.name)
                if component.ports == after.ports and self.after.dependents(component.name):
                    yield called

    def _is_kept(self, called: VersionKey) -> bool:
        names = {component.name for component in self.after.components}
        return called[0] in names and called[1] in self.after.versions(called[0])

    def _replaced_in_place(self, called: VersionKey) -> bool:
        """Whether instances may be replaced in place: they have no other place, or get no requests."""
        name, version = called
        models = [model for model in (self.before, self.after) if name in {component.name for component in model.components}]
        split = self.after.split(name)
        return any(replaced_in_place(model.component(name)) for model in models) or bool(split and split.closed == version)

    def _healthy(self, called: VersionKey) -> set[Instance]:
        name, version = called
        return {
            instance for instance in self.world.serving(name) if instance.version == version and instance in self.world.healthy
        }

    def _has_endpoints(self, called: VersionKey) -> bool:
        return any(path.startswith(f"shared/endpoints/{version_name(*called)}.") for path in self.world.files)

    def _is_routed(self, called: VersionKey) -> bool:
        """Whether the proxy of a remaining caller has a version: in the shared routes, or in its own clusters."""
        own = [f"{component_directory(component.name)}/clusters.json" for component in self.after.components]
        names = [json.dumps(cluster_name(version_name(*called), port)) for port in (25, 81, 8080, 9090)]
        return any(name in self.world.files.get(path, "") for name in names for path in (ROUTES_FILE, *own))


def deploy(world: World, before: EffectiveApplication, after: EffectiveApplication, chance: random.Random, kill: float) -> bool:
    """Deploy from one model to another; return whether the run completed and was not killed."""
    plan = world.plan(after)
    observer = Observer(world, before, after)
    for operation in random_order(plan, chance):
        if chance.random() < kill:
            return False
        observer.before_operation(operation)
        world.apply(operation)
        observer.after_operation(operation)
    return True


@pytest.mark.parametrize("seed", range(12))
def test_a_serving_version_keeps_serving_through_any_change(seed: int) -> None:
    chance = random.Random(seed)
    world, before = World(), model(chance)
    assert deploy(world, before, before, chance, 0.0)
    for _unused in range(ROUNDS):
        after = model(chance)
        assert deploy(world, before, after, chance, 0.0)
        assert world.plan(after).lines() == [], "a second plan has nothing to do"
        before = after


@pytest.mark.parametrize("seed", range(12))
def test_a_run_killed_at_any_operation_is_resumed(seed: int) -> None:
    """Several runs die, some of them to another model, before one completes."""
    chance = random.Random(1000 + seed)
    world, before = World(), model(chance)
    assert deploy(world, before, before, chance, 0.0)
    for _unused in range(ROUNDS):
        after = model(chance)
        while not deploy(world, before, after, chance, 0.05):
            if chance.random() < 0.3:
                before, after = after, model(chance)
        assert world.plan(after).lines() == []
        before = after
