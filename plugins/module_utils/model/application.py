"""The application model: what every part of the collection reads. Sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .policy import Override, Policy
from .release import Rollout
from .scaling import Scaling

HTTP = ("http", "grpc")
PROTOCOLS = (*HTTP, "mysql", "mongo", "amqp", "tcp")
PROXY_MEMORY = 128 << 20
# What a proxy listens on in its instance's own network namespace: no application can.
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
TRACES_PORT = 15411
RESERVED_PORTS = (OUTBOUND_PORT, INBOUND_PORT, TRACES_PORT)


class Kind(StrEnum):
    """Whether the instances of a component are alike, or each has data of its own."""

    STATELESS = "stateless"
    STATEFUL = "stateful"


class ImageSource(StrEnum):
    """Where images come from: built from the application's own sources, or as they are published."""

    BUILT = "built"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class Port:
    """A port that the component's application listens on, reachable in the mesh only."""

    number: int
    protocol: str


@dataclass(frozen=True)
class OuterPort:
    """A port published on the host: ``host_ip`` empty for every address."""

    published: int
    target: int
    host_ip: str = ""


@dataclass(frozen=True)
class Dependency:
    """A component that this one may call; ``condition`` is what its start waits for."""

    name: str
    condition: str = "service_started"
    override: Override | None = None


@dataclass(frozen=True)
class Healthcheck:
    """A command that tells whether the application works; ``test`` begins with CMD or CMD-SHELL.

    A ``test`` of NONE alone does away with the check that the image may have.
    """

    test: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True)
class Mount:
    """Something mounted at ``target``: ``kind`` is volume, bind or tmpfs; ``source`` empty for tmpfs."""

    kind: str
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class SecretMount:
    """A secret as a file at ``target``, owned by ``uid`` and ``gid``."""

    source: str
    target: str
    uid: int = 0
    gid: int = 0
    mode: int = 0o400


@dataclass(frozen=True)
class Secret:
    """A secret of the application: read from ``file``, or generated once where ``generate``."""

    name: str
    file: str
    generate: bool = False


@dataclass(frozen=True)
class Volume:
    """A named volume; ``size`` is what its storage should hold where storage has sizes, in bytes, None for the usual."""

    name: str
    size: int | None = None


@dataclass(frozen=True)
class Build:
    """Where the image's source is, relative to the application file."""

    context: str
    dockerfile: str = "Dockerfile"
    args: tuple[tuple[str, str], ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Component:
    """One service of the Compose file, with what the mesh has to know of it.

    A ``gateway`` has a proxy and no application; on its ``status_port``, 0 for none, it tells how it is.
    """

    name: str
    kind: Kind
    image: str = ""
    build: Build | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    working_dir: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    memory: int | None = None
    cpus: float | None = None
    replicas: int = 1
    ports: tuple[Port, ...] = ()
    outer_ports: tuple[OuterPort, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    healthcheck: Healthcheck | None = None
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[SecretMount, ...] = ()
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    stop_signal: str = ""
    stop_grace_period: float = 10.0
    gateway: bool = False
    status_port: int = 0
    proxy_memory: int = PROXY_MEMORY
    policy: Policy = field(default_factory=Policy)
    scaling: Scaling = field(default_factory=Scaling)

    def dependency(self, name: str) -> Dependency:
        """Return what is declared of the dependency on ``name``; raise ``StopIteration`` where there is none."""
        return next(each for each in self.dependencies if each.name == name)


@dataclass(frozen=True)
class Application:
    """A whole application. ``components`` come in dependency order: each after all that it calls.

    ``images`` are further image sources that builds start from, by name; ``subnet`` a /16 in place of the one that the
    name gives; ``tracing`` the component that takes Zipkin spans; ``load`` the one that makes load when asked for;
    ``release`` the release that is made where nothing else is said.
    """

    name: str
    components: tuple[Component, ...]
    volumes: tuple[Volume, ...] = ()
    secrets: tuple[Secret, ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    subnet: str = ""
    tracing: str = ""
    load: str = ""
    release: Rollout | None = None

    def component(self, name: str) -> Component:
        """Return the component called ``name``; raise ``KeyError`` where there is none."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(name)

    def dependents(self, name: str) -> tuple[str, ...]:
        """Return the names of the components that declare a dependency on ``name``."""
        return tuple(
            component.name
            for component in self.components
            if any(dependency.name == name for dependency in component.dependencies)
        )
