"""The application model, which every part of the collection reads. Sizes are in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .policy import Override, Policy
from .release import Rollout
from .scaling import Scaling

HTTP = ("http", "grpc")
PROTOCOLS = (*HTTP, "mysql", "mongo", "amqp", "tcp")
PROXY_MEMORY = 128 << 20
# Proxies listen on these in the network namespace of their instance, so applications cannot.
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
TRACES_PORT = 15411
RESERVED_PORTS = (OUTBOUND_PORT, INBOUND_PORT, TRACES_PORT)


class Kind(StrEnum):
    """Whether the instances of a component are interchangeable, or each has its own data."""

    STATELESS = "stateless"
    STATEFUL = "stateful"


class ImageSource(StrEnum):
    """Where images come from: built from the application's own sources, or published upstream."""

    BUILT = "built"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class Port:
    """A port that the component's application listens on, reachable in the mesh only."""

    number: int
    protocol: str


@dataclass(frozen=True)
class OuterPort:
    """A port published on the host; an empty ``host_ip`` stands for all addresses."""

    published: int
    target: int
    host_ip: str = ""


@dataclass(frozen=True)
class Dependency:
    """A component that this one may call; ``condition`` is what its own start waits for."""

    name: str
    condition: str = "service_started"
    override: Override | None = None


@dataclass(frozen=True)
class Healthcheck:
    """A command that checks whether the application works; ``test`` begins with CMD or CMD-SHELL.

    A ``test`` of NONE alone disables the image's own check.
    """

    test: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True)
class Mount:
    """A mount at ``target``: ``kind`` is volume, bind or tmpfs; ``source`` is empty for tmpfs."""

    kind: str
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class SecretMount:
    """A secret mounted as a file at ``target``, owned by ``uid`` and ``gid``."""

    source: str
    target: str
    uid: int = 0
    gid: int = 0
    mode: int = 0o400


@dataclass(frozen=True)
class Secret:
    """A secret of the application: read from ``file``, or generated once if ``generate`` is set."""

    name: str
    file: str
    generate: bool = False


@dataclass(frozen=True)
class Volume:
    """A named volume; ``size`` in bytes is requested where storage has sizes, None for the default."""

    name: str
    size: int | None = None


@dataclass(frozen=True)
class Build:
    """How to build an image; ``context`` is relative to the application file."""

    context: str
    dockerfile: str = "Dockerfile"
    args: tuple[tuple[str, str], ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Component:
    """One service of the Compose file, with its mesh settings.

    A ``gateway`` has a proxy and no application; it reports its health on its ``status_port``, 0 for none.
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
        """Return the declared dependency on ``name``. Raises ``StopIteration`` if there is none."""
        return next(dependency for dependency in self.dependencies if dependency.name == name)


@dataclass(frozen=True)
class Application:
    """A whole application. ``components`` are in dependency order: each comes after those that it calls.

    ``images`` are further image sources for builds, by name; ``subnet`` is a /16 to use in place of the one derived from
    the name; ``tracing`` is the component that receives Zipkin spans; ``load`` is the load generator; ``release`` is the
    default release.
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
        """Return the component called ``name``. Raises ``KeyError`` if there is none."""
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
