"""A small application for tests in memory: an edge, a web front, an API of three instances, a store with data and a secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import (
    Application,
    Component,
    Dependency,
    Kind,
    Mount,
    OuterPort,
    Port,
    Secret,
    SecretMount,
    Volume,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.policy import Policy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import ComponentVersion, Gate, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.scaling import Scaling
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from memory.driver import Calls, MemoryDriver
from memory.world import World

MIB = 1 << 20
HTTP_PORT = (Port(8080, "http"),)
PLATFORM = ("envoy", "sandbox", "supervisor")
SECRET = SecretMount("password", "/run/secrets/password")


def component(name: str, *calls: str, replicas: int = 1, **more: object) -> Component:
    """Return a stateless component with one HTTP port."""
    dependencies = tuple(Dependency(call, "service_healthy") for call in calls)
    defaults = {"memory": 100 * MIB, "ports": HTTP_PORT, "dependencies": dependencies, "environment": (("VERSION", "1"),), **more}
    return replace(Component(name, Kind.STATELESS, image=f"{name}:1", replicas=replicas), **defaults)  # type: ignore[arg-type]


EDGE = component("edge", "web", gateway=True, ports=(), outer_ports=(OuterPort(8000, 80),), image="")
WEB = component("web", "api")
API = component("api", "db", replicas=3, scaling=Scaling(least=1, most=4, slow=0.5, fast=0.0))
SIDE = component("side")
DB = replace(
    component("db", mounts=(Mount("volume", "data", "/data"),), secrets=(SECRET,), ports=(Port(3306, "mysql"),)),
    kind=Kind.STATEFUL,
)
USERS = component("users", "edge", replicas=0, ports=())
APPLICATION = Application(
    "shop",
    (DB, SIDE, API, WEB, EDGE, USERS),
    volumes=(Volume("data"),),
    secrets=(Secret("password", "password.txt"),),
    load="users",
)
# The same database stores the spans.
TRACED = replace(APPLICATION, components=(DB, component("zipkin", "db"), *APPLICATION.components[1:]), tracing="zipkin")
GATE = Gate(hold=1.0, wait=60.0)


def specification(application: Application = APPLICATION) -> Specification:
    """Return the specification of ``application``."""
    references = {component.name: component.image for component in application.components if not component.gateway}
    platform = {f"platform/{name}": f"{name}:1" for name in PLATFORM}
    return Specification(application, {**references, **platform}, "compose.yaml", "/")


def with_component(spec: Specification, name: str, **changes: object) -> Specification:
    """Return ``spec`` with changes to a component and to its image reference."""
    application = spec.application
    changed = replace(application.component(name), **changes)  # type: ignore[arg-type]
    components = tuple(changed if component.name == name else component for component in application.components)
    references = {**spec.references, **({name: changed.image} if "image" in changes else {})}
    return replace(spec, application=replace(application, components=components), references=references)


def with_platform(spec: Specification, tag: str) -> Specification:
    """Return ``spec`` with other platform images."""
    platform = {f"platform/{name}": f"{name}:{tag}" for name in PLATFORM}
    return replace(spec, references={**spec.references, **platform})


def edited_everywhere(spec: Specification) -> Specification:
    """Return ``spec`` with edits to `api`, `web` and their policies, a new component, and another proxy."""
    spec = with_component(spec, "web", image="web:2", policy=Policy(timeout=7.0))
    spec = with_component(spec, "api", replicas=2, image="api:3", memory=120 * MIB, policy=Policy(timeout=9.0))
    application = replace(spec.application, components=(*spec.application.components, component("more", "side")))
    return replace(spec, application=application, references={**spec.references, "more": "side:1", "platform/envoy": "envoy:2"})


def rollout(image: str = "api:2", component: str = "api", weights: tuple[float, ...] = (10.0, 50.0, 100.0)) -> Rollout:
    """Return a release of one component."""
    version = ComponentVersion(component, image, (("VERSION", "2"),))
    return Rollout(component, (version,), weights, gate=GATE)


@dataclass
class Shop:
    """A world with the application, and processes on it. ``spec`` is the current content of its file."""

    spec: Specification = field(default_factory=specification)
    world: World = field(default_factory=World)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        tags = ("1", "2", "3", "bad", "slow", "never", "dies")
        names = [*(component.name for component in self.spec.application.components), *PLATFORM]
        self.world.images |= {f"{name}:{tag}" for name in names for tag in tags}

    def copy(self) -> Shop:
        """Return an independent copy."""
        return Shop(self.spec, self.world.copy(), list(self.messages))

    def context(
        self, calls: Calls | None = None, by: str = "me", alive: Callable[[], bool] = lambda: True, through_wire: bool = False
    ) -> Context:
        """Return another process that runs a workflow."""
        driver = MemoryDriver(self.world, calls, through_wire)
        clock = self.world.clock
        return Context(driver, self.spec, by, self.messages.append, alive, clock.now, clock.sleep)


def copied(make: Callable[[], Shop]) -> Callable[[], Shop]:
    """Return a function that returns copies of one shop made by ``make``."""
    cache: list[Shop] = []

    def copy() -> Shop:
        if not cache:
            cache.append(make())
        return cache[0].copy()

    return copy
