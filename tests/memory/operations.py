"""The operations on an application in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation
from memory.addresses import Addresses
from memory.instances import Shape


@dataclass(frozen=True, kw_only=True)
class MakeNetwork(Operation):
    """Create the network."""

    verb: ClassVar[str] = "make network"


@dataclass(frozen=True, kw_only=True)
class DropNetwork(Operation):
    """Remove the network."""

    verb: ClassVar[str] = "drop network"


@dataclass(frozen=True, kw_only=True)
class MakeVolume(Operation):
    """Create the volume ``subject``."""

    verb: ClassVar[str] = "make volume"


@dataclass(frozen=True, kw_only=True)
class DropData(Operation):
    """Remove all volumes, secrets and the state."""

    verb: ClassVar[str] = "drop data"


@dataclass(frozen=True, kw_only=True)
class MakeSecret(Operation):
    """Generate the secret ``subject``."""

    verb: ClassVar[str] = "make secret"


@dataclass(frozen=True, kw_only=True)
class Write(Operation):
    """Replace the mesh's file ``subject``."""

    verb: ClassVar[str] = "write"
    content: str


@dataclass(frozen=True, kw_only=True)
class Delete(Operation):
    """Delete the mesh's file ``subject``."""

    verb: ClassVar[str] = "delete"


@dataclass(frozen=True, kw_only=True)
class _InstanceOperation(Operation):
    """An operation on the instance ``subject`` of ``shape`` at ``address`` with ``memory`` in bytes."""

    instance: Instance
    shape: Shape
    address: str
    memory: int


@dataclass(frozen=True, kw_only=True)
class Create(_InstanceOperation):
    """Create an instance."""

    verb: ClassVar[str] = "create"


@dataclass(frozen=True, kw_only=True)
class Replace(_InstanceOperation):
    """Replace a running instance."""

    verb: ClassVar[str] = "replace"


@dataclass(frozen=True, kw_only=True)
class Start(_InstanceOperation):
    """Start a stopped instance."""

    verb: ClassVar[str] = "start"


@dataclass(frozen=True, kw_only=True)
class Resize(_InstanceOperation):
    """Change the memory limit of a running instance."""

    verb: ClassVar[str] = "resize"


@dataclass(frozen=True, kw_only=True)
class Remove(Operation):
    """Remove an instance."""

    verb: ClassVar[str] = "remove"
    instance: Instance


@dataclass(frozen=True, kw_only=True)
class Await(Operation):
    """Wait until an instance is healthy."""

    verb: ClassVar[str] = "await"
    idle: ClassVar[bool] = True
    instance: Instance


@dataclass(frozen=True, kw_only=True)
class _Endpoint(Operation):
    instance: Instance
    model: Component
    places: Addresses


@dataclass(frozen=True, kw_only=True)
class Admit(_Endpoint):
    """Put an instance into the endpoints."""

    verb: ClassVar[str] = "admit"


@dataclass(frozen=True, kw_only=True)
class Withdraw(_Endpoint):
    """Take an instance out of the endpoints."""

    verb: ClassVar[str] = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Drain(Operation):
    """Wait until no caller knows an instance."""

    verb: ClassVar[str] = "drain"
    idle: ClassVar[bool] = True
    instance: Instance
