"""The changes that bring a container, or the containers of an instance, to their desired state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .containers import Container
from .names import Role
from .observe import ObservedContainer
from .operations import (
    ContainerOperation,
    CreateContainer,
    DetachContainer,
    HandOverProxy,
    RecreateContainer,
    StartContainer,
    UpdateContainer,
)

OperationType = type[ContainerOperation]


@dataclass(frozen=True)
class Change:
    """A change of ``container`` by an operation of the type ``operation``, and its cause."""

    operation: OperationType
    container: Container
    cause: str

    @property
    def key(self) -> str:
        """The key of the operation."""
        return self.operation.key_of(self.container.name)

    @property
    def recreates(self) -> bool:
        """Whether the running container is replaced."""
        return self.operation is RecreateContainer


def instance_changes(
    containers: Sequence[Container], observed: Mapping[str, ObservedContainer], network: str, in_place: bool
) -> list[Change]:
    """Return the changes of an instance's containers, the sandbox first.

    ``in_place`` is for an instance that no other can stand in for. Its sandbox stays if only the image has changed: a sandbox
    does nothing but hold namespaces, and recreating it would recreate the instance. Its proxy is replaced by a handover.
    """
    sandbox, *joined = containers
    changes = [change] if (change := container_change(sandbox, observed.get(sandbox.name), network, in_place)) else []
    recreated = any(change.recreates or change.operation is CreateContainer for change in changes)
    for container in joined:
        change = container_change(container, observed.get(container.name), network)
        orphaned = container.name in observed and (
            recreated or observed[container.name].sandbox_id != observed[sandbox.name].id
        )
        if orphaned:
            change = Change(RecreateContainer, container, "its sandbox has changed")
        elif change and change.recreates and in_place and container.role == Role.PROXY and observed[container.name].running:
            change = Change(HandOverProxy, container, change.cause)
        if change:
            changes.append(change)
    return changes


def container_change(
    container: Container, observed: ObservedContainer | None, network: str, keep_image: bool = False
) -> Change | None:
    """Return the change of one container, None if it is as desired."""
    operation, cause = _difference(container, observed, network, keep_image)
    return Change(operation, container, cause) if operation else None


def _difference(
    container: Container, observed: ObservedContainer | None, network: str, keep_image: bool
) -> tuple[OperationType | None, str]:
    if observed is None:
        return CreateContainer, "missing"
    if observed.image != container.image and not keep_image:
        return RecreateContainer, f"its image is {observed.image}, wanted {container.image}"
    if not container.same_settings(observed):
        return RecreateContainer, "its settings have changed"
    if container.role == Role.SANDBOX and network not in observed.networks:
        return RecreateContainer, f"it is not on the network {network}"
    return _running_difference(container, observed, network)


def _running_difference(container: Container, observed: ObservedContainer, network: str) -> tuple[OperationType | None, str]:
    """Return what can be changed while a container runs. An engine cannot remove a limit in place."""
    causes = []
    if observed.memory != container.memory:
        causes.append(f"memory {_megabytes(observed.memory)} → {_megabytes(container.memory)}")
    if observed.cpus != container.cpus:
        causes.append(f"cpus {_processors(observed.cpus)} → {_processors(container.cpus)}")
    if not observed.restarts:
        causes.append("it would not restart")
    if causes:
        unlimited = (observed.memory and not container.memory) or (observed.cpus and not container.cpus)
        return (RecreateContainer if unlimited else UpdateContainer), ", ".join(causes)
    if not observed.running:
        return StartContainer, f"it is {observed.state}"
    extra_networks = sorted(set(observed.networks) - {network}) if container.role == Role.SANDBOX else []
    if extra_networks:
        return DetachContainer, f"it is on the network {', '.join(extra_networks)} too"
    return None, ""


def _megabytes(size: int) -> str:
    return f"{size >> 20}M" if size else "unlimited"


def _processors(billionths: int) -> str:
    return f"{billionths / 1e9:g}" if billionths else "unlimited"
