"""What outlives a deployment on a cluster: namespace, storage, identities, limits, and who may call whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.application import Application, Component, Kind
from ...model.storage import volume_owners
from . import names

SANDBOX_MEMORY = 32 << 20
DEFAULT_MEMORY = 512 << 20
DEFAULT_STORAGE = 1 << 30
CONTAINERS_OF_AN_INSTANCE = 3


@dataclass(frozen=True)
class Claim:
    """Storage of a stateful component; ``size`` in bytes."""

    name: str
    component: str
    size: int
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Flow:
    """Calls that are let through, to ``ports`` of ``called``; ``caller`` is empty for every component."""

    caller: str
    called: str
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Quota:
    """Limits of the namespace: bytes of memory and storage, pods, claims; and of a container, in bytes."""

    memory: int
    storage: int
    pods: int
    claims: int
    container_default: int
    container_most: int


@dataclass(frozen=True)
class Infrastructure:
    """All of it. ``entrances`` are the ports of components that are reached from outside, ``accounts`` by component."""

    namespace: str
    labels: Mapping[str, str]
    claims: tuple[Claim, ...]
    accounts: Mapping[str, str]
    quota: Quota
    flows: tuple[Flow, ...]
    entrances: Mapping[str, tuple[int, ...]]


def infrastructure(application: Application, usual_storage: int = DEFAULT_STORAGE, headroom: int = 100) -> Infrastructure:
    """Return the infrastructure of ``application``.

    ``usual_storage`` is the size, in bytes, of volumes that state none; ``headroom`` how much more than the model's
    memory the namespace may use, in percent: a release runs a candidate beside what it replaces.
    """
    claims = _claims(application, usual_storage)
    return Infrastructure(
        namespace=application.name,
        labels={**names.labels(application.name), **_pod_security()},
        claims=claims,
        accounts={component.name: component.name for component in application.components},
        quota=_quota(application, claims, headroom),
        flows=_flows(application),
        entrances={
            component.name: tuple(sorted({port.target for port in component.outer_ports}))
            for component in application.components
            if component.outer_ports
        },
    )


def _pod_security() -> dict[str, str]:
    """Return the labels of Pod Security Admission.

    The sandbox of an instance sets packet rules, for which it needs NET_ADMIN: only the level "privileged" allows it.
    What falls short of "restricted" is reported, so that anything else that does can be seen.
    """
    level = "pod-security.kubernetes.io"
    return {f"{level}/enforce": "privileged", f"{level}/audit": "restricted", f"{level}/warn": "restricted"}


def _claims(application: Application, usual: int) -> tuple[Claim, ...]:
    sizes = {volume.name: volume.size or usual for volume in application.volumes}
    return tuple(
        Claim(volume, owner.name, sizes[volume], names.labels(application.name, owner.name))
        for volume, owner in volume_owners(application).items()
        if owner.kind == Kind.STATEFUL
    )


def instance_memory(component: Component) -> int:
    """Return the bytes that the containers of one instance may use together."""
    workload = 0 if component.gateway else component.memory or DEFAULT_MEMORY
    return workload + component.proxy_memory + SANDBOX_MEMORY


def _quota(application: Application, claims: tuple[Claim, ...], headroom: int) -> Quota:
    def roomy(amount: int) -> int:
        return -(-amount * (100 + headroom) // 100)

    running = application.components
    largest = max((max(each.memory or DEFAULT_MEMORY, each.proxy_memory) for each in running), default=DEFAULT_MEMORY)
    return Quota(
        memory=roomy(sum(instance_memory(each) * each.replicas for each in running)),
        storage=sum(claim.size for claim in claims),
        pods=roomy(sum(each.replicas for each in running)),
        claims=len(claims),
        container_default=DEFAULT_MEMORY,
        container_most=largest,
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
