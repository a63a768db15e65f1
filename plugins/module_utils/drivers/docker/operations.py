"""What can be done to an application on a Docker engine. An operation carries all that it needs."""

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
    """Make the network ``subject``."""

    verb: ClassVar[str] = "create network"
    subnet: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RemoveNetwork(Operation):
    """Remove the network ``subject``."""

    verb: ClassVar[str] = "remove network"


@dataclass(frozen=True, kw_only=True)
class CreateVolume(Operation):
    """Make the volume ``subject``."""

    verb: ClassVar[str] = "create volume"
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RemoveVolume(Operation):
    """Remove the volume ``subject`` and its data."""

    verb: ClassVar[str] = "remove volume"


@dataclass(frozen=True, kw_only=True)
class GenerateSecret(Operation):
    """Make up the secret ``subject``."""

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
    """Delete the folder ``subject`` of the application with all that is in it."""

    verb: ClassVar[str] = "delete data"


@dataclass(frozen=True, kw_only=True)
class ContainerOperation(Operation):
    """Something that is done to ``container``."""

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
    """Start ``container`` beside the proxy that it replaces, which takes no new connection from then on and leaves."""

    verb: ClassVar[str] = "hand over"


@dataclass(frozen=True, kw_only=True)
class StartContainer(ContainerOperation):
    """Start ``container``, which is there."""

    verb: ClassVar[str] = "start"


@dataclass(frozen=True, kw_only=True)
class UpdateContainer(ContainerOperation):
    """Give ``container`` other limits while it runs."""

    verb: ClassVar[str] = "update"


@dataclass(frozen=True, kw_only=True)
class DetachContainer(ContainerOperation):
    """Take ``container`` off all networks but ``network``."""

    verb: ClassVar[str] = "detach"
    network: str


@dataclass(frozen=True, kw_only=True)
class RemoveContainer(Operation):
    """Stop and remove the container ``subject``. ``folder`` is the instance whose proxy's folder goes with it."""

    verb: ClassVar[str] = "remove"
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class _Endpoint(Operation):
    """Something about the endpoints of the instance ``subject``: ``model`` is its component."""

    instance: Instance
    model: Component
    topology: DockerTopology


@dataclass(frozen=True, kw_only=True)
class Admit(_Endpoint):
    """Let callers send to an instance."""

    verb: ClassVar[str] = "admit"


@dataclass(frozen=True, kw_only=True)
class Withdraw(_Endpoint):
    """Let callers send nothing more to an instance."""

    verb: ClassVar[str] = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Drain(Operation):
    """Wait until callers know an instance no more and it has finished its requests."""

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
