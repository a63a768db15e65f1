"""What is on the engine now of one application."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import names
from .client import Engine, EngineError


@dataclass(frozen=True)
class Found:
    """A container as it is. ``health`` is starting, healthy, unhealthy, or empty where nothing checks it."""

    name: str
    component: str
    instance: str
    role: str
    digest: str
    image: str
    running: bool
    state: str
    health: str
    memory: int
    cpus: float
    restarts: bool
    networks: tuple[str, ...]
    joined: str
    kind: str
    key: str


@dataclass(frozen=True)
class Observed:
    """All of an application that the engine has: the subnet of each of its networks, its volumes, its containers by name."""

    networks: Mapping[str, str] = field(default_factory=dict)
    volumes: frozenset[str] = frozenset()
    containers: Mapping[str, Found] = field(default_factory=dict)

    def kinds(self) -> dict[str, str]:
        """Return the kinds of the components that are deployed, by name."""
        return {each.component: each.kind for each in self.containers.values() if each.kind}



def observe(engine: Engine, application: str, volumes: tuple[str, ...]) -> Observed:
    """Return what ``engine`` has of ``application``, and which of ``volumes`` exist, labelled or not.

    Raises ``EngineError``.
    """
    mine = {"label": [f"{names.APPLICATION}={application}"]}
    with ThreadPoolExecutor(8) as pool:
        networks = pool.submit(engine.get, "/networks", filters=mine)
        kept = pool.submit(engine.get, "/volumes", filters={"name": list(volumes)} if volumes else mine)
        listed = engine.get("/containers/json", all=1, filters=mine)
        found = [each for each in pool.map(lambda item: _inspected(engine, item["Id"]), listed) if each]
        return Observed(
            networks={each["Name"]: subnet(each) for each in networks.result()},
            volumes=frozenset(each["Name"] for each in kept.result()["Volumes"] or () if each["Name"] in volumes),
            containers={each.name: each for each in found},
        )


def subnet(network: dict[str, Any]) -> str:
    """Return a network's range, in CIDR notation, from what the engine tells of it."""
    config = (network.get("IPAM") or {}).get("Config") or [{}]
    return str(config[0].get("Subnet", ""))


def _inspected(engine: Engine, key: str) -> Found | None:
    """Return a container; None where it went meanwhile."""
    try:
        body = engine.get(f"/containers/{key}/json")
    except EngineError as error:
        if error.status == 404:
            return None
        raise
    labels, state, host = body["Config"]["Labels"], body["State"], body["HostConfig"]
    return Found(
        name=body["Name"].lstrip("/"),
        component=labels.get(names.COMPONENT, ""),
        instance=labels.get(names.INSTANCE, ""),
        role=labels.get(names.ROLE, ""),
        digest=labels.get(names.DIGEST, ""),
        image=body["Config"]["Image"],
        running=bool(state["Running"]) and not state["Paused"] and not state["Restarting"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        memory=host["Memory"],
        cpus=host["NanoCpus"] / 1e9,
        restarts=host["RestartPolicy"]["Name"] == "always",
        networks=tuple(sorted(body["NetworkSettings"]["Networks"])),
        joined=host["NetworkMode"].partition("container:")[2],
        kind=labels.get(names.KIND, ""),
        key=body["Id"],
    )
