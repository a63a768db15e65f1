"""The parts of an application's infrastructure that already exist on an engine, for the stack to adopt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import Infrastructure
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import subnet


class AdoptionError(ValueError):
    """An existing resource cannot be adopted; the message has its actual state, and what is allowed."""


@dataclass(frozen=True)
class Existing:
    """The ID of the existing network, None if there is none, and the names of the existing volumes."""

    network: str | None = None
    volumes: frozenset[str] = frozenset()


def find_existing(host: str, desired: Infrastructure) -> Existing:
    """Return the resources of ``desired`` that the engine at ``host`` has, by name. Raises ``AdoptionError``."""
    engine = Engine(Endpoint(host))
    if not engine.answers():
        allowed = "a running engine: ansible-playbook playbooks/platform.yml installs and starts one"
        raise AdoptionError(f"evenkeel:dockerHost: found nothing that answers at {host}; allowed: {allowed}")
    network = next((network for network in engine.get("/networks") if network["Name"] == desired.network), None)
    if network:
        _check(network, desired)
    volumes = {volume["Name"] for volume in engine.get("/volumes")["Volumes"] or ()}
    return Existing(network and network["Id"], frozenset(volumes & set(desired.volumes)))


def _check(network: dict[str, Any], desired: Infrastructure) -> None:
    """Raise ``AdoptionError`` if ``network`` differs from the stack's: its properties cannot be changed later."""

    def describe(driver: str, address_range: str, labels: Mapping[str, str]) -> str:
        return f"{driver} {address_range}, labels {dict(labels)}"

    actual = describe(network["Driver"], subnet(network), network["Labels"] or {})
    allowed = describe("bridge", desired.subnet, desired.labels)
    if actual != allowed:
        hint = "remove it once nothing uses it: docker network rm"
        raise AdoptionError(f"the network {desired.network}: found {actual}; allowed: {allowed}; {hint}")
