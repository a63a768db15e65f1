"""What of an application's infrastructure is on an engine before the stack has made anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import Infrastructure
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import subnet


class PresentError(ValueError):
    """What is there cannot become the stack's; the message says what was found, and the way out."""


@dataclass(frozen=True)
class Present:
    """The network's id, None where there is none, and the names of the volumes that are there."""

    network: str | None = None
    volumes: frozenset[str] = frozenset()


def present(host: str, wanted: Infrastructure) -> Present:
    """Return what the engine at ``host`` has of ``wanted``, by its names. Raises ``PresentError``."""
    engine = Engine(Endpoint(host))
    if not engine.answers():
        told = "allowed: an engine that runs, ansible-playbook playbooks/platform.yml brings one up"
        raise PresentError(f"evenkeel:dockerHost: found nothing that answers at {host}; {told}")
    network = next((each for each in engine.get("/networks") if each["Name"] == wanted.network), None)
    if network:
        _check(network, wanted)
    volumes = {each["Name"] for each in engine.get("/volumes")["Volumes"] or ()}
    return Present(network and network["Id"], frozenset(volumes & set(wanted.volumes)))


def _check(network: dict[str, Any], wanted: Infrastructure) -> None:
    """Raise ``PresentError`` where ``network`` is not as the stack makes it: nothing of it can be changed later."""

    def told(driver: str, address_range: str, labels: Mapping[str, str]) -> str:
        return f"{driver} {address_range}, labels {dict(labels)}"

    found = told(network["Driver"], subnet(network), network["Labels"] or {})
    allowed = told("bridge", wanted.subnet, wanted.labels)
    if found != allowed:
        way = "remove it, once nothing uses it: docker network rm"
        raise PresentError(f"the network {wanted.network}: found {found}; allowed: {allowed}; {way}")
