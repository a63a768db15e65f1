"""Names and labels of what the driver makes: the one place that both Ansible and Pulumi take them from."""

from __future__ import annotations

from ...model.application import CANDIDATE_SUFFIX, FIRST_CANDIDATE

LABEL = "io.evenkeel"
APPLICATION = f"{LABEL}.application"
COMPONENT = f"{LABEL}.component"
INSTANCE = f"{LABEL}.instance"
ROLE = f"{LABEL}.role"
KIND = f"{LABEL}.kind"
DIGEST = f"{LABEL}.digest"
VALIDATION = f"{LABEL}.validation"

SANDBOX, PROXY, WORKLOAD, SUPERVISOR = "sandbox", "proxy", "workload", "supervisor"


def network_name(application: str) -> str:
    """Return the name of the application's network."""
    return f"{application}-mesh"


def volume_name(application: str, volume: str) -> str:
    """Return the name of a volume, as Docker Compose names it, so that its data can be taken over."""
    return f"{application}_{volume}"


def instance_name(component: str, number: int) -> str:
    """Return the name of an instance by its number in the component: those of a candidate are counted from 1 too."""
    if number < FIRST_CANDIDATE:
        return f"{component}-{number}"
    return f"{component}{CANDIDATE_SUFFIX}-{number - FIRST_CANDIDATE + 1}"


def component_name(instance: str) -> str:
    """Return the name of the component that an instance is of."""
    return instance.rpartition("-")[0].removesuffix(CANDIDATE_SUFFIX)


def container_name(application: str, instance: str, role: str) -> str:
    """Return the name of a container: the application's own is called after the instance."""
    name = f"{application}-{instance}"
    return name if role == WORKLOAD else f"{name}-{role}"


def validation_prefix(application: str) -> str:
    """Return how the names begin of the containers, and of the folders, in which Envoy looks at what is to be written."""
    return f"{application}-validation-"
