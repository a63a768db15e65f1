"""What a project's keys imply: the default network, names of resources, dependencies; as compose-go's loader has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .paths import clean

_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")


def project_name(text: str) -> str:
    """Return the name that Compose makes of a text: letters in lower case, digits, hyphens and underscores."""
    return re.sub("[^a-z0-9_-]", "", text.lower()).lstrip("_-")


def normalize(content: dict[str, Any], name: str, environment: Mapping[str, str]) -> None:
    """Add to a whole project's content what is implied."""
    content["name"] = name
    services = content.get("services") or {}
    _join_networks(content, services)
    for service in services.values():
        _normalize_service(service, environment)
    for key in ("networks", "volumes", "configs", "secrets"):
        for short, resource in (content.get(key) or {}).items():
            named = resource or {}
            if named.get("name") is None:
                named["name"] = short if named.get("external") is True else f"{name}_{short}"
            content[key][short] = named


def _join_networks(content: dict[str, Any], services: dict[str, Any]) -> None:
    for service in services.values():
        if "provider" not in service and "network_mode" not in service and not service.get("networks"):
            service["networks"] = {"default": None}
    if any("default" in (service.get("networks") or {}) for service in services.values()):
        content.setdefault("networks", {}).setdefault("default", None)


def _normalize_service(service: dict[str, Any], environment: Mapping[str, str]) -> None:
    if service.get("pull_policy") == "if_not_present":
        service["pull_policy"] = "missing"
    build = service.get("build")
    if build:
        if not {"dockerfile", "dockerfile_inline"} & build.keys():
            build["dockerfile"] = "Dockerfile"
        if "args" in build:
            build["args"] = inherited(build["args"], environment, keep=False)
    if "environment" in service:
        service["environment"] = inherited(service["environment"], environment, keep=True)
    for mount in service.get("volumes") or ():
        if mount.get("target"):
            mount["target"] = clean(mount["target"])
    dependencies = {**_implied(service), **(service.get("depends_on") or {})}
    if dependencies:
        service["depends_on"] = dependencies


def _implied(service: dict[str, Any]) -> dict[str, Any]:
    """Return the dependencies that other keys of a service state; of two for the same service the first counts."""
    links = [link.split(":")[0] if link.count(":") == 1 else link for link in service.get("links") or ()]
    shared = [str(service.get(key) or "").removeprefix("service:") for key in _NAMESPACES if _shares(service.get(key))]
    sources = [source.split(":")[0] for source in service.get("volumes_from") or () if not source.startswith("container:")]
    implied: dict[str, Any] = {}
    for name in links + shared:
        implied.setdefault(name, {"condition": "service_started", "restart": True, "required": True})
    for name in sources:
        implied.setdefault(name, {"condition": "service_started", "restart": False, "required": True})
    return implied


def _shares(namespace: Any) -> bool:
    return isinstance(namespace, str) and namespace.startswith("service:")


def inherited(variables: Any, environment: Mapping[str, str], *, keep: bool) -> Any:
    """Return variables of which those without a value have that of the environment; where there is none, ``keep`` them."""
    if isinstance(variables, list):
        lines = [_line(line, environment) for line in variables]
        return [line for line in lines if keep or "=" in line]
    resolved = {name: environment.get(name) if value is None else value for name, value in variables.items()}
    return {name: value for name, value in resolved.items() if keep or value is not None}


def _line(line: str, environment: Mapping[str, str]) -> str:
    return f"{line}={environment[line]}" if "=" not in line and line in environment else line
