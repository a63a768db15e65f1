"""Names and labels of what the driver makes: the one place that both Ansible and Pulumi take them from."""

from __future__ import annotations

from enum import StrEnum

LABEL = "io.evenkeel"
APPLICATION = f"{LABEL}.application"
COMPONENT = f"{LABEL}.component"
INSTANCE = f"{LABEL}.instance"
ROLE = f"{LABEL}.role"
KIND = f"{LABEL}.kind"
DIGEST = f"{LABEL}.digest"
VALIDATION = f"{LABEL}.validation"


class Role(StrEnum):
    """What a container is for: three make an instance, and one supervisor looks after all instances."""

    SANDBOX = "sandbox"
    PROXY = "proxy"
    WORKLOAD = "workload"
    SUPERVISOR = "supervisor"


def network_name(application: str) -> str:
    """Return the name of the application's network."""
    return f"{application}-mesh"


def volume_name(application: str, volume: str) -> str:
    """Return the name of a volume, as Docker Compose names it, so that its data can be taken over."""
    return f"{application}_{volume}"


def container_name(application: str, instance: str, role: Role) -> str:
    """Return the name of a container: the application's own is called after the instance."""
    name = f"{application}-{instance}"
    return name if role == Role.WORKLOAD else f"{name}-{role}"


def next_name(container: str) -> str:
    """Return the name of a container that is to replace another, for as long as both are there."""
    return f"{container}-next"


def former_name(container: str) -> str:
    """Return the name of the container that the one called ``container`` is to replace."""
    return container.removesuffix("-next")


def supervisor_name(application: str) -> str:
    """Return the name of the supervisor's container."""
    return f"{application}-{Role.SUPERVISOR}"


def validation_prefix(application: str) -> str:
    """Return how the names begin of the containers, and of the folders, in which Envoy looks at what is to be written."""
    return f"{application}-validation-"
