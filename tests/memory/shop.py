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
from memory.driver import MemoryDriver, Points
from memory.world import World

MIB = 1 << 20
HTTP_PORT = (Port(8080, "http"),)
PLATFORM = ("envoy", "sandbox", "supervisor")
SECRET = SecretMount("password", "/run/secrets/password")


def component(name: str, *calls: str, replicas: int = 1, **more: object) -> Component:
    """Return a stateless component with one HTTP port."""
    dependencies = tuple(Dependency(each, "service_healthy") for each in calls)
    known = {"memory": 100 * MIB, "ports": HTTP_PORT, "dependencies": dependencies, "environment": (("VERSION", "1"),), **more}
    return replace(Component(name, Kind.STATELESS, image=f"{name}:1", replicas=replicas), **known)  # type: ignore[arg-type]


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
# The store keeps the spans too.
TRACED = replace(APPLICATION, components=(DB, component("zipkin", "db"), *APPLICATION.components[1:]), tracing="zipkin")
GATE = Gate(hold=1.0, wait=60.0)


def specification(application: Application = APPLICATION) -> Specification:
    """Return ``application`` as it is asked to run."""
    references = {each.name: each.image for each in application.components if not each.gateway}
    platform = {f"platform/{each}": f"{each}:1" for each in PLATFORM}
    return Specification(application, {**references, **platform}, "compose.yaml", "/")


def with_component(asked: Specification, name: str, **changes: object) -> Specification:
    """Return ``asked`` with changes to a component; its image is a reference too."""
    application = asked.application
    changed = replace(application.component(name), **changes)  # type: ignore[arg-type]
    components = tuple(changed if each.name == name else each for each in application.components)
    references = {**asked.references, **({name: changed.image} if "image" in changes else {})}
    return replace(asked, application=replace(application, components=components), references=references)


def with_platform(asked: Specification, tag: str) -> Specification:
    """Return ``asked`` on other images of the platform."""
    platform = {f"platform/{each}": f"{each}:{tag}" for each in PLATFORM}
    return replace(asked, references={**asked.references, **platform})


def edited_everywhere(asked: Specification) -> Specification:
    """Return ``asked`` with edits of all kinds: `api`, `web` and their policies, one more component, another proxy."""
    asked = with_component(asked, "web", image="web:2", policy=Policy(timeout=7.0))
    asked = with_component(asked, "api", replicas=2, image="api:3", memory=120 * MIB, policy=Policy(timeout=9.0))
    application = replace(asked.application, components=(*asked.application.components, component("more", "side")))
    return replace(asked, application=application, references={**asked.references, "more": "side:1", "platform/envoy": "envoy:2"})


def rollout(image: str = "api:2", component: str = "api", weights: tuple[float, ...] = (10.0, 50.0, 100.0)) -> Rollout:
    """Return a release of one component."""
    version = ComponentVersion(component, image, (("VERSION", "2"),))
    return Rollout(component, (version,), weights, gate=GATE)


@dataclass
class Shop:
    """A world with the application, and processes on it. ``asked`` is what its file says now."""

    asked: Specification = field(default_factory=specification)
    world: World = field(default_factory=World)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        tags = ("1", "2", "3", "bad", "slow", "never", "dies")
        names = [*(each.name for each in self.asked.application.components), *PLATFORM]
        self.world.images |= {f"{name}:{tag}" for name in names for tag in tags}

    def copy(self) -> Shop:
        """Return a shop of its own that is as this one is."""
        return Shop(self.asked, self.world.copy(), list(self.said))

    def context(
        self, points: Points | None = None, by: str = "me", alive: Callable[[], bool] = lambda: True, through_wire: bool = False
    ) -> Context:
        """Return another process that runs a workflow."""
        driver = MemoryDriver(self.world, points, through_wire)
        clock = self.world.clock
        return Context(driver, self.asked, by, self.said.append, alive, clock.now, clock.sleep)


def made_once(make: Callable[[], Shop]) -> Callable[[], Shop]:
    """Return what gives a copy of the shop that ``make`` makes."""
    made: list[Shop] = []

    def again() -> Shop:
        if not made:
            made.append(make())
        return made[0].copy()

    return again
