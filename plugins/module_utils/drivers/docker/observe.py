"""What a Docker engine and its host have of one application."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import names
from .client import Engine, EngineError

RUNNING = "running"


@dataclass(frozen=True)
class Found:
    """A container as it is. ``health`` is starting, healthy, unhealthy, or empty where nothing checks it.

    ``memory`` is in bytes and ``cpus`` in billionths of a processor, both 0 for no limit; ``address`` is its own on the
    application's network.
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
    joined: str
    kind: str
    key: str

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.state == RUNNING


@dataclass(frozen=True)
class Inventory:
    """What the engine has of an application: the range of each of its networks, and its containers by name.

    ``other_ranges`` are those of networks that are not the application's; ``volumes`` the names of all volumes, ``own_volumes``
    those that are labelled as the application's.
    """

    networks: Mapping[str, str] = field(default_factory=dict)
    other_ranges: tuple[str, ...] = ()
    volumes: frozenset[str] = frozenset()
    own_volumes: frozenset[str] = frozenset()
    containers: Mapping[str, Found] = field(default_factory=dict)


def observe(engine: Engine, application: str) -> Inventory:
    """Return what ``engine`` has of ``application``; volumes by name, labelled or not. Raises ``EngineError``."""
    mine = {"label": [f"{names.APPLICATION}={application}"]}
    with ThreadPoolExecutor(8) as pool:
        networks = pool.submit(engine.get, "/networks")
        volumes = pool.submit(engine.get, "/volumes")
        listed = engine.get("/containers/json", all=1, filters=mine)
        found = [each for each in pool.map(lambda item: _inspected(engine, item["Id"], application), listed) if each]
        labelled = [(each, (each["Labels"] or {}).get(names.APPLICATION) == application) for each in networks.result()]
        return Inventory(
            networks={each["Name"]: subnet(each) for each, own in labelled if own},
            other_ranges=tuple(subnet(each) for each, own in labelled if not own),
            volumes=frozenset(each["Name"] for each in volumes.result()["Volumes"] or ()),
            own_volumes=frozenset(
                each["Name"]
                for each in volumes.result()["Volumes"] or ()
                if (each["Labels"] or {}).get(names.APPLICATION) == application
            ),
            containers={each.name: each for each in found},
        )


def subnet(network: dict[str, Any]) -> str:
    """Return a network's range, in CIDR notation, from what the engine tells of it."""
    config = (network.get("IPAM") or {}).get("Config") or [{}]
    return str(config[0].get("Subnet", ""))


def _inspected(engine: Engine, key: str, application: str) -> Found | None:
    """Return a container; None where it went meanwhile."""
    try:
        body = engine.get(f"/containers/{key}/json")
    except EngineError as error:
        if error.status == 404:
            return None
        raise
    labels, state, host = body["Config"]["Labels"], body["State"], body["HostConfig"]
    networks = body["NetworkSettings"]["Networks"]
    own = networks.get(names.network_name(application)) or {}
    return Found(
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
        joined=host["NetworkMode"].partition("container:")[2],
        kind=labels.get(names.KIND, ""),
        key=body["Id"],
    )
