"""Applications for tests of stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load

COMPOSE = Path(__file__).parents[3] / "applications" / "sockshop" / "compose.yaml"


def shop() -> Application:
    return load(COMPOSE, {})


def generate_application(components: int) -> Application:
    """Return an application in which every fourth component has a volume and each calls the two before it."""
    services: dict[str, Any] = {}
    for number in range(components):
        callees = [f"c{index}" for index in (number - 1, number - 2) if index >= 0]
        volumes = [f"v{number}:/data"] if number % 4 == 0 else []
        services[f"c{number}"] = {"image": "i", "expose": ["8080"], "depends_on": callees, "volumes": volumes}
    named_volumes = {f"v{number}": None for number in range(0, components, 4)}
    return parse({"name": "many", "services": services, "volumes": named_volumes}, "compose.yaml", {}, "many")
