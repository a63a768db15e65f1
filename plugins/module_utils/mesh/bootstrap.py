"""The bootstrap configuration of a proxy: admin socket, memory limit, and the location of its dynamic configuration."""

from __future__ import annotations

from ..model.application import Component
from ..model.release import LATENCY_BOUNDS
from .envoy import ADMIN_SOCKET, DIRECTORY, Config, config_source
from .listeners import component_directory

# How long a terminating proxy asks its clients to reconnect elsewhere before it closes its listeners.
DRAIN_SECONDS = 5
_HEAP_SHARE = 0.9
# In milliseconds; releases count slow requests by these buckets and no others.
_LATENCIES: Config = {"match": {"suffix": "upstream_rq_time"}, "buckets": list(LATENCY_BOUNDS)}
_MAX_CONNECTIONS = 20_000
_MONITORS = "type.googleapis.com/envoy.extensions.resource_monitors."


def bootstrap(component: Component) -> Config:
    """Return the bootstrap configuration of every proxy of ``component``."""
    directory = component_directory(component.name)
    return {
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": config_source(f"{directory}/listeners.json"),
            "cds_config": config_source(f"{directory}/clusters.json"),
        },
        "stats_flush_interval": "1s",
        "stats_config": {"histogram_bucket_settings": [_LATENCIES]},
        "overload_manager": _overload(component.proxy_memory),
    }


def proxy_arguments(component: Component, instance: str) -> list[str]:
    """Return the proxy's command line, which sets its identity, so that all instances can share their files."""
    return [
        "--config-path", f"{DIRECTORY}/{component_directory(component.name)}/bootstrap.json",
        "--service-cluster", component.name,
        "--service-node", instance,
        "--concurrency", "1",
        "--drain-time-s", str(DRAIN_SECONDS),
        *(["--drain-strategy", "immediate"] if component.outer_ports else []),
        "--parent-shutdown-time-s", "6",
        "--disable-hot-restart",
        "--log-level", "warn",
    ]  # fmt: skip


def _overload(memory: int) -> Config:
    """Return the overload manager: before it runs out of memory, the proxy frees heap, then refuses new requests."""
    monitor = "envoy.resource_monitors.fixed_heap"
    heap = {"@type": _MONITORS + "fixed_heap.v3.FixedHeapConfig", "max_heap_size_bytes": int(memory * _HEAP_SHARE)}
    connections = {
        "@type": _MONITORS + "downstream_connections.v3.DownstreamConnectionsConfig",
        "max_active_downstream_connections": _MAX_CONNECTIONS,
    }
    thresholds = {"shrink_heap": 0.9, "stop_accepting_requests": 0.97}
    return {
        "refresh_interval": "1s",
        "resource_monitors": [
            {"name": monitor, "typed_config": heap},
            {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": connections},
        ],
        "actions": [
            {"name": f"envoy.overload_actions.{action}", "triggers": [{"name": monitor, "threshold": {"value": value}}]}
            for action, value in thresholds.items()
        ],
    }
