"""The observed state of one application on a Docker engine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import names
from .client import Engine, EngineError

RUNNING = "running"


@dataclass(frozen=True)
class ObservedContainer:
    """A container as the engine has it. ``health`` is starting, healthy, unhealthy, or empty without a health check.

    ``memory`` is in bytes and ``cpus`` in billionths of a processor, both 0 for no limit; ``restarts`` says whether its restart
    policy is ``always``; ``address`` is on the application's network; ``sandbox_id`` is the container whose network it joins.
    """

    name: str
    component: str
    instance: str
    role: str
    digest: str
    image: str
    state: str
    health: str
    memory: int
    cpus: int
    restarts: bool
    networks: tuple[str, ...]
    address: str
    sandbox_id: str
    kind: str
    id: str

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        return self.state == RUNNING


@dataclass(frozen=True)
class Inventory:
    """The engine's resources: the subnet of each network of the application, and the application's containers by name.

    ``other_ranges`` are the subnets of networks that are not the application's; ``volumes`` the names of all volumes,
    ``own_volumes`` those that are labelled as the application's.
    """

    networks: Mapping[str, str] = field(default_factory=dict)
    other_ranges: tuple[str, ...] = ()
    volumes: frozenset[str] = frozenset()
    own_volumes: frozenset[str] = frozenset()
    containers: Mapping[str, ObservedContainer] = field(default_factory=dict)


def observe(engine: Engine, application: str) -> Inventory:
    """Return the resources that ``engine`` has for ``application``. Raises ``EngineError``."""
    filters = {"label": [f"{names.APPLICATION}={application}"]}
    with ThreadPoolExecutor(8) as pool:
        network_list = pool.submit(engine.get, "/networks")
        volume_list = pool.submit(engine.get, "/volumes")
        summaries = engine.get("/containers/json", all=1, filters=filters)
        containers = pool.map(lambda summary: _inspect(engine, summary["Id"], application), summaries)
        networks = [(network, _is_own(network, application)) for network in network_list.result()]
        volumes = volume_list.result()["Volumes"] or ()
        return Inventory(
            networks={network["Name"]: subnet(network) for network, own in networks if own},
            other_ranges=tuple(subnet(network) for network, own in networks if not own),
            volumes=frozenset(volume["Name"] for volume in volumes),
            own_volumes=frozenset(volume["Name"] for volume in volumes if _is_own(volume, application)),
            containers={container.name: container for container in containers if container},
        )


def _is_own(resource: dict[str, Any], application: str) -> bool:
    return (resource["Labels"] or {}).get(names.APPLICATION) == application


def subnet(network: dict[str, Any]) -> str:
    """Return the range of an inspected network, in CIDR notation."""
    config = (network.get("IPAM") or {}).get("Config") or [{}]
    return str(config[0].get("Subnet", ""))


def _inspect(engine: Engine, container: str, application: str) -> ObservedContainer | None:
    """Return a container, None if it has been removed meanwhile."""
    try:
        body = engine.get(f"/containers/{container}/json")
    except EngineError as error:
        if error.status == 404:
            return None
        raise
    labels, state, host = body["Config"]["Labels"], body["State"], body["HostConfig"]
    networks = body["NetworkSettings"]["Networks"]
    own = networks.get(names.network_name(application)) or {}
    return ObservedContainer(
        name=body["Name"].lstrip("/"),
        component=labels.get(names.COMPONENT, ""),
        instance=labels.get(names.INSTANCE, ""),
        role=labels.get(names.ROLE, ""),
        digest=labels.get(names.DIGEST, ""),
        image=body["Config"]["Image"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        memory=host["Memory"],
        cpus=host["NanoCpus"],
        restarts=host["RestartPolicy"]["Name"] == "always",
        networks=tuple(sorted(networks)),
        address=(own.get("IPAMConfig") or {}).get("IPv4Address", ""),
        sandbox_id=host["NetworkMode"].partition("container:")[2],
        kind=labels.get(names.KIND, ""),
        id=body["Id"],
    )
