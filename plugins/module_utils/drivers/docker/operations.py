"""The operations on an application on a Docker engine. An operation has all the data that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...model.application import Component
from ...model.instance import Instance
from ...plan.graph import Operation
from .containers import Container
from .topology import DockerTopology


@dataclass(frozen=True, kw_only=True)
class CreateNetwork(Operation):
    """Create the network ``subject``."""

    verb: ClassVar[str] = "create network"
    subnet: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RemoveNetwork(Operation):
    """Remove the network ``subject``."""

    verb: ClassVar[str] = "remove network"


@dataclass(frozen=True, kw_only=True)
class CreateVolume(Operation):
    """Create the volume ``subject``."""

    verb: ClassVar[str] = "create volume"
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RemoveVolume(Operation):
    """Remove the volume ``subject`` and its data."""

    verb: ClassVar[str] = "remove volume"


@dataclass(frozen=True, kw_only=True)
class GenerateSecret(Operation):
    """Generate the secret ``subject``."""

    verb: ClassVar[str] = "create secret"


@dataclass(frozen=True, kw_only=True)
class WriteFile(Operation):
    """Replace the mesh's file ``subject``."""

    verb: ClassVar[str] = "write"
    content: str


@dataclass(frozen=True, kw_only=True)
class DeleteFile(Operation):
    """Delete the mesh's file ``subject``."""

    verb: ClassVar[str] = "delete"


@dataclass(frozen=True, kw_only=True)
class DeleteFolder(Operation):
    """Delete the folder ``subject`` of the application with its content."""

    verb: ClassVar[str] = "delete data"


@dataclass(frozen=True, kw_only=True)
class ContainerOperation(Operation):
    """An operation on ``container``."""

    container: Container


@dataclass(frozen=True, kw_only=True)
class CreateContainer(ContainerOperation):
    """Create and start ``container``."""

    verb: ClassVar[str] = "create"


@dataclass(frozen=True, kw_only=True)
class RecreateContainer(ContainerOperation):
    """Replace a container by ``container``."""

    verb: ClassVar[str] = "recreate"


@dataclass(frozen=True, kw_only=True)
class HandOverProxy(ContainerOperation):
    """Start ``container`` beside the proxy that it replaces, which then accepts no new connections, and is removed."""

    verb: ClassVar[str] = "hand over"


@dataclass(frozen=True, kw_only=True)
class StartContainer(ContainerOperation):
    """Start ``container``, which exists."""

    verb: ClassVar[str] = "start"


@dataclass(frozen=True, kw_only=True)
class UpdateContainer(ContainerOperation):
    """Change the limits of ``container`` while it runs."""

    verb: ClassVar[str] = "update"


@dataclass(frozen=True, kw_only=True)
class DetachContainer(ContainerOperation):
    """Disconnect ``container`` from all networks except ``network``."""

    verb: ClassVar[str] = "detach"
    network: str


@dataclass(frozen=True, kw_only=True)
class RemoveContainer(Operation):
    """Stop and remove the container ``subject``, and the admin folder of the instance ``folder`` if set."""

    verb: ClassVar[str] = "remove"
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class _EndpointOperation(Operation):
    """An operation on the endpoints of the instance ``subject``; ``model`` is its component."""

    instance: Instance
    model: Component
    topology: DockerTopology


@dataclass(frozen=True, kw_only=True)
class Admit(_EndpointOperation):
    """Add an instance to the endpoints that callers know."""

    verb: ClassVar[str] = "admit"


@dataclass(frozen=True, kw_only=True)
class Withdraw(_EndpointOperation):
    """Remove an instance from the endpoints that callers know."""

    verb: ClassVar[str] = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Drain(Operation):
    """Wait until no caller knows an instance any more and its in-flight requests are finished."""

    verb: ClassVar[str] = "drain"
    idle: ClassVar[bool] = True
    instance: Instance


@dataclass(frozen=True, kw_only=True)
class AwaitInstance(Operation):
    """Wait until an instance is healthy."""

    verb: ClassVar[str] = "await"
    idle: ClassVar[bool] = True
    containers: tuple[Container, ...]
    model: Component
