"""What a target in memory has: instances, what they are made of, and how an image behaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Healthcheck, OuterPort, Port
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version


@dataclass(frozen=True)
class Behaviour:
    """How an application behaves: healthy after ``ready`` seconds, dead after ``lives``; shares of errors and of slow answers."""

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
    """What an instance is made of: another shape is another instance."""

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
        stated = dict(self.environment).get("BEHAVIOUR", self.image.rpartition(":")[2])
        return BEHAVIOURS.get(stated, Behaviour(ready=0.3) if self.gateway else Behaviour())

    @cached_property
    def own(self) -> str:
        """What tells this version of the component from others, in short."""
        return f"{self.image} {dict(self.environment).get('VERSION', '')}".strip()


@dataclass
class Running:
    """An instance that is there: its ``shape``, its limit of memory, its address, when it ``began``, the number of its start."""

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
        """Whether it answers."""
        return self.runs(now) and now - self.began >= self.shape.behaviour.ready

    def health(self, now: float) -> str:
        """Return how it is, as an engine tells it."""
        if self.healthy(now):
            return "healthy"
        return "starting" if self.runs(now) else ""


def shape(application: EffectiveApplication, component: Component, version: Version) -> Shape:
    """Return what the instances of a version are to be made of."""
    wanted = application.as_version(component, version)
    references = application.references
    return Shape(
        component=component.name,
        kind=component.kind,
        image="" if component.gateway else application.reference(component.name, version),
        platform=tuple(references.get(f"platform/{name}", "") for name in ("envoy", "sandbox")),
        environment=wanted.environment,
        command=wanted.command,
        user=wanted.user,
        ports=wanted.ports,
        outer_ports=wanted.outer_ports,
        calls=tuple(dependency.name for dependency in wanted.dependencies),
        healthcheck=wanted.healthcheck,
        mounts=tuple(mount.source for mount in wanted.mounts),
        secrets=tuple(secret.source for secret in wanted.secrets),
        gateway=component.gateway,
    )
