"""Default values of a merged project, and checks that span several values.

Both follow compose-go: its package ``validation``, and the defaults of its package ``transform``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .faults import Fault, Faults, Place
from .ports import read_address

_CONTENTS = {"configs": ("file", "environment", "content"), "secrets": ("file", "environment")}


def set_defaults(content: dict[str, Any]) -> None:
    """Set the default values of omitted keys."""
    for _place, service in _services(content):
        if isinstance(service.get("build"), dict):
            service["build"].setdefault("context", ".")
        for port in service.get("ports") or ():
            port.setdefault("protocol", "tcp")
            port.setdefault("mode", "ingress")
        for secret in service.get("secrets") or ():
            secret.setdefault("target", f"/run/secrets/{secret.get('source')}")
        for _path, request in _device_requests(service):
            if not {"count", "device_ids"} & request.keys():
                request["count"] = "all"


def check_values(content: dict[str, Any], faults: Faults) -> None:
    """Record invalid combinations of values that are valid individually."""
    for key, alternatives in _CONTENTS.items():
        for name, resource in (content.get(key) or {}).items():
            _check_content(resource, alternatives, (key, name), faults)
    for name, volume in (content.get("volumes") or {}).items():
        _check_external(volume or {}, ("volumes", name), faults)
    for place, service in _services(content):
        _check_service(service, place, faults)


def _services(content: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for name, service in (content.get("services") or {}).items():
        yield ("services", name), service


def _device_requests(service: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    reservations = ((service.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    for path, requests in (
        (("deploy", "resources", "reservations", "devices"), reservations.get("devices")),
        (("gpus",), service.get("gpus")),
    ):
        for index, request in enumerate(requests or ()):
            yield (*path, index), request


def _check_service(service: dict[str, Any], place: Place, faults: Faults) -> None:
    for index, port in enumerate(service.get("ports") or ()):
        _check_address(port, (*place, "ports", index), faults)
    for index, mount in enumerate(service.get("volumes") or ()):
        if mount.get("type") == "bind" and "source" not in mount:
            faults.add((*place, "volumes", index), "a bind mount without a source", "source: a path on the host")
    for index, watch in enumerate((service.get("develop") or {}).get("watch") or ()):
        if not watch["path"]:
            faults.add((*place, "develop", "watch", index, "path"), "an empty path", "a path")
    for path, request in _device_requests(service):
        if {"count", "device_ids"} <= request.keys():
            faults.add((*place, *path), "both count and device_ids", "only one of them")


def _check_content(resource: dict[str, Any], alternatives: tuple[str, ...], place: Place, faults: Faults) -> None:
    sources = [key for key in alternatives if key in resource]
    if len(sources) > 1:
        faults.add(place, " and ".join(sources), f"one of {', '.join(alternatives)}")
    if not sources and not {"driver", "external"} & resource.keys():
        faults.add(place, "no source of its content", f"one of {', '.join(alternatives)}, or external: true")


def _check_external(volume: dict[str, Any], place: Place, faults: Faults) -> None:
    extra = [key for key in volume if key not in ("name", "external") and not key.startswith("x-")]
    if volume.get("external") is True and extra:
        faults.add(
            (*place, extra[0]),
            f"{extra[0]} of an external volume",
            "only name: an external volume is not managed by this project",
        )


def _check_address(port: dict[str, Any], place: Place, faults: Faults) -> None:
    if "host_ip" in port:
        try:
            read_address(port["host_ip"])
        except Fault as fault:
            faults.add((*place, "host_ip"), fault.found, fault.allowed)
