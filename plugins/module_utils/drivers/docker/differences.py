"""What has to be done to a container, or to the containers of an instance, for them to be as they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .containers import Container
from .names import Role
from .observe import Found
from .operations import (
    ContainerOperation,
    CreateContainer,
    DetachContainer,
    HandOverProxy,
    RecreateContainer,
    StartContainer,
    UpdateContainer,
)

Verb = type[ContainerOperation]


@dataclass(frozen=True)
class Change:
    """What is to be done to ``container``, and why."""

    verb: Verb
    container: Container
    cause: str

    @property
    def key(self) -> str:
        """The key of its operation."""
        return self.verb.key_of(self.container.name)

    @property
    def renews(self) -> bool:
        """Whether it ends what runs there now."""
        return self.verb is RecreateContainer


def instance_changes(
    containers: Sequence[Container], found: Mapping[str, Found], network: str, in_place: bool
) -> list[Change]:
    """Return the changes of an instance's containers, the sandbox first.

    ``in_place`` is an instance that nothing can serve in place of: its sandbox is left where its image alone is another, as it
    does nothing but hold namespaces and would take the instance along, and its proxy hands over to the next one.
    """
    sandbox, *joining = containers
    changes = [change] if (change := container_change(sandbox, found.get(sandbox.name), network, in_place)) else []
    renewed = any(change.renews or change.verb is CreateContainer for change in changes)
    for container in joining:
        change = container_change(container, found.get(container.name), network)
        lost = container.name in found and (renewed or found[container.name].joined != found[sandbox.name].key)
        if lost:
            change = Change(RecreateContainer, container, "its sandbox is another one")
        elif change and change.renews and in_place and container.role == Role.PROXY and found[container.name].running:
            change = Change(HandOverProxy, container, change.cause)
        if change:
            changes.append(change)
    return changes


def container_change(container: Container, found: Found | None, network: str, keep_image: bool = False) -> Change | None:
    """Return the change of one container, None where it is as it should be."""
    verb, cause = _difference(container, found, network, keep_image)
    return Change(verb, container, cause) if verb else None


def _difference(container: Container, found: Found | None, network: str, keep_image: bool) -> tuple[Verb | None, str]:
    if found is None:
        return CreateContainer, "missing"
    if found.image != container.image and not keep_image:
        return RecreateContainer, f"its image is {found.image}, wanted {container.image}"
    if not container.same_settings(found):
        return RecreateContainer, "its settings have changed"
    if container.role == Role.SANDBOX and network not in found.networks:
        return RecreateContainer, f"it is not on the network {network}"
    return _running_difference(container, found, network)


def _running_difference(container: Container, found: Found, network: str) -> tuple[Verb | None, str]:
    """Return what can be put right while a container runs. An engine cannot lift a limit in place."""
    causes = []
    if found.memory != container.memory:
        causes.append(f"memory {_megabytes(found.memory)} → {_megabytes(container.memory)}")
    if found.cpus != container.cpus:
        causes.append(f"cpus {_processors(found.cpus)} → {_processors(container.cpus)}")
    if not found.restarts:
        causes.append("it would not restart")
    if causes:
        lifted = (found.memory and not container.memory) or (found.cpus and not container.cpus)
        return (RecreateContainer if lifted else UpdateContainer), ", ".join(causes)
    if not found.running:
        return StartContainer, f"it is {found.state}"
    strays = sorted(set(found.networks) - {network}) if container.role == Role.SANDBOX else []
    if strays:
        return DetachContainer, f"it is on the network {', '.join(strays)} too"
    return None, ""


def _megabytes(size: int) -> str:
    return f"{size >> 20}M" if size else "unlimited"


def _processors(billionths: int) -> str:
    return f"{billionths / 1e9:g}" if billionths else "unlimited"
