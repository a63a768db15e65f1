"""Implied values of a project, as in compose-go's loader: the default network, resource names and dependencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .paths import clean

_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")


def project_name(text: str) -> str:
    """Return ``text`` as Compose normalizes a project name: lower-case letters, digits, hyphens and underscores."""
    return re.sub("[^a-z0-9_-]", "", text.lower()).lstrip("_-")


def normalize(content: dict[str, Any], name: str, environment: Mapping[str, str]) -> None:
    """Set the implied values of a merged project."""
    content["name"] = name
    services = content.get("services") or {}
    _set_default_network(content, services)
    for service in services.values():
        _normalize_service(service, environment)
    for key in ("networks", "volumes", "configs", "secrets"):
        for key_name, resource in (content.get(key) or {}).items():
            settings = resource or {}
            if settings.get("name") is None:
                settings["name"] = key_name if settings.get("external") is True else f"{name}_{key_name}"
            content[key][key_name] = settings


def _set_default_network(content: dict[str, Any], services: dict[str, Any]) -> None:
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
            build["args"] = resolve_variables(build["args"], environment, keep=False)
    if "environment" in service:
        service["environment"] = resolve_variables(service["environment"], environment, keep=True)
    for mount in service.get("volumes") or ():
        if mount.get("target"):
            mount["target"] = clean(mount["target"])
    dependencies = {**_implied_dependencies(service), **(service.get("depends_on") or {})}
    if dependencies:
        service["depends_on"] = dependencies


def _implied_dependencies(service: dict[str, Any]) -> dict[str, Any]:
    """Return the dependencies that follow from other keys; the first one for a service takes precedence."""
    links = [link.split(":")[0] if link.count(":") == 1 else link for link in service.get("links") or ()]
    shared = [
        str(service.get(key) or "").removeprefix("service:") for key in _NAMESPACES if _is_service_namespace(service.get(key))
    ]
    sources = [source.split(":")[0] for source in service.get("volumes_from") or () if not source.startswith("container:")]
    implied: dict[str, Any] = {}
    for name in links + shared:
        implied.setdefault(name, {"condition": "service_started", "restart": True, "required": True})
    for name in sources:
        implied.setdefault(name, {"condition": "service_started", "restart": False, "required": True})
    return implied


def _is_service_namespace(namespace: Any) -> bool:
    return isinstance(namespace, str) and namespace.startswith("service:")


def resolve_variables(variables: Any, environment: Mapping[str, str], *, keep: bool) -> Any:
    """Return variables with missing values taken from the environment; ``keep`` those that are unset there too."""
    if isinstance(variables, list):
        lines = [_resolve_line(line, environment) for line in variables]
        return [line for line in lines if keep or "=" in line]
    resolved = {name: environment.get(name) if value is None else value for name, value in variables.items()}
    return {name: value for name, value in resolved.items() if keep or value is not None}


def _resolve_line(line: str, environment: Mapping[str, str]) -> str:
    return f"{line}={environment[line]}" if "=" not in line and line in environment else line
