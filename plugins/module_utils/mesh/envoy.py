"""Building blocks of Envoy's configuration, with the field names of its v3 API."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Config = dict[str, Any]
DIRECTORY = "/etc/evenkeel"
ADMIN_SOCKET = "/run/evenkeel/admin.sock"
CALLER_HEADER = "x-evenkeel-caller"
TRACES_CLUSTER = "traces"
TRACES_PATH = "/api/v2/spans"

_EXTENSIONS = "type.googleapis.com/envoy.extensions."


def extension(name: str, kind: str, **fields: Any) -> Config:
    """Return an extension; ``kind`` is the type of its configuration below ``envoy.extensions``."""
    return {"name": name, "typed_config": {"@type": _EXTENSIONS + kind, **fields}}


def config_source(path: str) -> Config:
    """Return the source of a resource: a file in the mounted directory, reloaded when a rename replaces it."""
    file = f"{DIRECTORY}/{path}"
    directory = {"path": file.rpartition("/")[0]}
    return {"path_config_source": {"path": file, "watched_directory": directory}, "resource_api_version": "V3"}


def resources(kind: str, items: list[Config]) -> Config:
    """Return the content of a resource file: a discovery response with ``items`` of an Envoy ``kind``.

    Its version is a hash of its content; proxies report the version that they have loaded.
    """
    content = [{"@type": f"type.googleapis.com/envoy.config.{kind}", **item} for item in items]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"resources": content, "version_info": digest[:16]}


def socket_address(host: str, port: int) -> Config:
    """Return a TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def prefix_range(network: str) -> Config:
    """Return a network in CIDR notation as an Envoy address range."""
    address, _slash, length = network.partition("/")
    return {"address_prefix": address, "prefix_len": int(length or 32)}


def endpoints(cluster: str, addresses: list[Config]) -> Config:
    """Return a load assignment of equal endpoints."""
    lb_endpoints = [{"endpoint": {"address": address}} for address in addresses]
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": lb_endpoints}]}


def duration(seconds: float) -> str:
    """Return a protobuf duration in its JSON form, to the microsecond."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def percent(value: float) -> Config:
    """Return a fraction of requests, rounded to a ten-thousandth of a percent."""
    return {"numerator": round(value * 10_000), "denominator": "MILLION"}
