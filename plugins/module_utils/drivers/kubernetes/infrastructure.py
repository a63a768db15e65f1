"""The resources on a cluster that outlive a deployment: namespace, storage, identities, limits, and allowed calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.application import Application, Component, Kind
from ...model.storage import volume_owners
from . import names

SANDBOX_MEMORY = 32 << 20
DEFAULT_MEMORY = 512 << 20
DEFAULT_STORAGE = 1 << 30
CONTAINERS_PER_INSTANCE = 3


@dataclass(frozen=True)
class Claim:
    """A volume claim of a stateful component; ``size`` is in bytes."""

    name: str
    component: str
    size: int
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Flow:
    """Allowed calls from ``caller``, empty for every component, to ``ports`` of ``callee``."""

    caller: str
    callee: str
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Quota:
    """Limits of the namespace: bytes of memory and storage, pods, claims; and memory limits of a container, in bytes."""

    memory: int
    storage: int
    pods: int
    claims: int
    container_default: int
    container_max: int


@dataclass(frozen=True)
class Infrastructure:
    """The resources of an application; ``accounts`` and ``published_ports`` are by component."""

    namespace: str
    labels: Mapping[str, str]
    claims: tuple[Claim, ...]
    accounts: Mapping[str, str]
    quota: Quota
    flows: tuple[Flow, ...]
    published_ports: Mapping[str, tuple[int, ...]]


def infrastructure(application: Application, default_storage: int = DEFAULT_STORAGE, headroom: int = 100) -> Infrastructure:
    """Return the infrastructure of ``application``.

    ``default_storage`` is the size, in bytes, of volumes without a size; ``headroom`` the percentage of memory and pods that the
    namespace may use beyond the model's: a release runs candidates beside the stable versions.
    """
    claims = _claims(application, default_storage)
    return Infrastructure(
        namespace=application.name,
        labels={**names.labels(application.name), **_pod_security()},
        claims=claims,
        accounts={component.name: component.name for component in application.components},
        quota=_quota(application, claims, headroom),
        flows=_flows(application),
        published_ports={
            component.name: tuple(sorted({port.target for port in component.outer_ports}))
            for component in application.components
            if component.outer_ports
        },
    )


def _pod_security() -> dict[str, str]:
    """Return the labels of Pod Security Admission.

    The sandbox of an instance sets packet rules, for which it needs NET_ADMIN: only the level "privileged" allows that.
    Violations of "restricted" are reported, so that any others can be seen.
    """
    level = "pod-security.kubernetes.io"
    return {f"{level}/enforce": "privileged", f"{level}/audit": "restricted", f"{level}/warn": "restricted"}


def _claims(application: Application, default: int) -> tuple[Claim, ...]:
    sizes = {volume.name: volume.size or default for volume in application.volumes}
    return tuple(
        Claim(volume, owner.name, sizes[volume], names.labels(application.name, owner.name))
        for volume, owner in volume_owners(application).items()
        if owner.kind == Kind.STATEFUL
    )


def instance_memory(component: Component) -> int:
    """Return the memory limit, in bytes, of all containers of one instance."""
    workload = 0 if component.gateway else component.memory or DEFAULT_MEMORY
    return workload + component.proxy_memory + SANDBOX_MEMORY


def _quota(application: Application, claims: tuple[Claim, ...], headroom: int) -> Quota:
    def with_headroom(amount: int) -> int:
        return -(-amount * (100 + headroom) // 100)

    components = application.components
    limits = [limit for component in components for limit in (component.memory or DEFAULT_MEMORY, component.proxy_memory)]
    return Quota(
        memory=with_headroom(sum(instance_memory(component) * component.replicas for component in components)),
        storage=sum(claim.size for claim in claims),
        pods=with_headroom(sum(component.replicas for component in components)),
        claims=len(claims),
        container_default=DEFAULT_MEMORY,
        container_max=max(limits, default=DEFAULT_MEMORY),
    )


def _flows(application: Application) -> tuple[Flow, ...]:
    flows = [
        Flow(component.name, dependency.name, _numbers(application.component(dependency.name)))
        for component in application.components
        for dependency in component.dependencies
    ]
    if application.tracing:
        flows.append(Flow("", application.tracing, _numbers(application.component(application.tracing))))
    return tuple(flows)


def _numbers(component: Component) -> tuple[int, ...]:
    return tuple(port.number for port in component.ports)
