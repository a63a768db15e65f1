"""The instances of a target in memory, their settings, and the behaviour of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Healthcheck, OuterPort, Port
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version


@dataclass(frozen=True)
class Behaviour:
    """How an application behaves: healthy after ``ready`` seconds, dead after ``lives``; shares of errors and slow responses."""

    ready: float = 1.0
    lives: float = inf
    errors: float = 0.0
    slow: float = 0.0


# By the tag of the image, or by the variable BEHAVIOUR.
BEHAVIOURS = {
    "bad": Behaviour(errors=0.3),
    "slow": Behaviour(slow=0.6),
    "never": Behaviour(ready=inf),
    "dies": Behaviour(lives=8.0),
}


@dataclass(frozen=True)
class Shape:
    """The settings of an instance: a change of them replaces it."""

    component: str
    kind: str
    image: str
    platform: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    command: tuple[str, ...] | None
    user: str
    ports: tuple[Port, ...]
    outer_ports: tuple[OuterPort, ...]
    calls: tuple[str, ...]
    healthcheck: Healthcheck | None
    mounts: tuple[str, ...]
    secrets: tuple[str, ...]
    gateway: bool

    @cached_property
    def behaviour(self) -> Behaviour:
        """How its application behaves."""
        name = dict(self.environment).get("BEHAVIOUR", self.image.rpartition(":")[2])
        return BEHAVIOURS.get(name, Behaviour(ready=0.3) if self.gateway else Behaviour())

    @cached_property
    def label(self) -> str:
        """The image and version, which identify the version of a component."""
        return f"{self.image} {dict(self.environment).get('VERSION', '')}".strip()


@dataclass
class Running:
    """An existing instance: its settings, memory limit, address, start time ``began`` and start number."""

    shape: Shape
    memory: int
    address: str
    began: float
    start: int
    stopped: bool = False

    def runs(self, now: float) -> bool:
        """Whether its application runs at ``now``."""
        return not self.stopped and now - self.began < self.shape.behaviour.lives

    def healthy(self, now: float) -> bool:
        """Whether it answers requests."""
        return self.runs(now) and now - self.began >= self.shape.behaviour.ready

    def health(self, now: float) -> str:
        """Return its health as an engine reports it."""
        if self.healthy(now):
            return "healthy"
        return "starting" if self.runs(now) else ""


def shape(application: EffectiveApplication, component: Component, version: Version) -> Shape:
    """Return the settings of a version's instances."""
    model = application.as_version(component, version)
    references = application.references
    return Shape(
        component=component.name,
        kind=component.kind,
        image="" if component.gateway else application.reference(component.name, version),
        platform=tuple(references.get(f"platform/{name}", "") for name in ("envoy", "sandbox")),
        environment=model.environment,
        command=model.command,
        user=model.user,
        ports=model.ports,
        outer_ports=model.outer_ports,
        calls=tuple(dependency.name for dependency in model.dependencies),
        healthcheck=model.healthcheck,
        mounts=tuple(mount.source for mount in model.mounts),
        secrets=tuple(secret.source for secret in model.secrets),
        gateway=component.gateway,
    )
