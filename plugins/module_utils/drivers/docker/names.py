"""Names and labels of the driver's resources, which both Ansible and Pulumi use."""

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
    """The role of a container: three make up an instance, and one supervisor restarts those of all instances."""

    SANDBOX = "sandbox"
    PROXY = "proxy"
    WORKLOAD = "workload"
    SUPERVISOR = "supervisor"


def network_name(application: str) -> str:
    """Return the name of the application's network."""
    return f"{application}-mesh"


def volume_name(application: str, volume: str) -> str:
    """Return the name of a volume, the same as Docker Compose's, so that its data can be adopted."""
    return f"{application}_{volume}"


def container_name(application: str, instance: str, role: Role) -> str:
    """Return the name of a container; the workload has the name of the instance."""
    name = f"{application}-{instance}"
    return name if role == Role.WORKLOAD else f"{name}-{role}"


def next_name(container: str) -> str:
    """Return the name of a container's successor while both exist."""
    return f"{container}-next"


def former_name(container: str) -> str:
    """Return the name of the container that ``container``, a successor, replaces."""
    return container.removesuffix("-next")


def supervisor_name(application: str) -> str:
    """Return the name of the supervisor's container."""
    return f"{application}-{Role.SUPERVISOR}"


def validation_prefix(application: str) -> str:
    """Return the prefix of the names of containers and folders in which Envoy validates files before they are written."""
    return f"{application}-validation-"
