"""The listeners of a proxy: ``outbound`` for its application's calls, ``inbound`` for calls to it, ``traces`` for spans."""

from __future__ import annotations

from ..model.application import HTTP, INBOUND_PORT, OUTBOUND_PORT, TRACES_PORT, Component, Kind, Port
from ..model.effective import EffectiveApplication
from ..model.instance import Version
from .clusters import application_cluster, cluster_name
from .connection import connection_manager
from .envoy import TRACES_CLUSTER, TRACES_PATH, Config, config_source, extension, prefix_range, socket_address
from .routes import ROUTES, ROUTES_FILE, inbound_name
from .topology import Topology

_SHARED_ROUTES: Config = {"rds": {"route_config_name": ROUTES, "config_source": config_source(ROUTES_FILE)}}
_EDGE_OPTIONS: Config = {
    "use_remote_address": True,
    "normalize_path": True,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
    "strip_any_host_port": False,
}


def listeners(component: Component, application: EffectiveApplication, topology: Topology) -> list[Config]:
    """Return the listeners of every proxy of ``component``."""
    all_listeners = [_outbound(component, application, topology), _inbound(component, application, topology)]
    if application.tracing:
        all_listeners.append(_traces())
    return [listener for listener in all_listeners if listener["filter_chains"]]


def component_directory(component: str) -> str:
    """Return the directory of the files that only the proxies of ``component`` read."""
    return f"components/{component}"


def _listener(name: str, host: str, port: int, chains: list[Config]) -> Config:
    return {
        "name": name,
        "address": socket_address(host, port),
        "traffic_direction": name.upper(),
        "listener_filters": [extension("original_dst", "filters.listener.original_dst.v3.OriginalDst")],
        "filter_chains": chains,
    }


def _outbound(component: Component, application: EffectiveApplication, topology: Topology) -> Config:
    """Return the listener for the application's calls: a chain per port for HTTP dependencies, and chains for TCP ports."""
    called = [application.component(dependency.name) for dependency in component.dependencies]
    by_port: dict[int, set[str]] = {}
    chains = []
    for target in called:
        loopbacks = topology.loopback_range(target.name)
        for port in target.ports:
            if port.protocol in HTTP:
                by_port.setdefault(port.number, set()).add(loopbacks)
                by_port.setdefault(80, set()).add(loopbacks)
            else:
                chains.extend(_tcp_outbound(target, port, topology))
    traced = bool(application.tracing) and component.name != application.tracing
    for number, ranges in sorted(by_port.items()):
        match = {"prefix_ranges": [prefix_range(network) for network in sorted(ranges)], "destination_port": number}
        manager = connection_manager("outbound", _SHARED_ROUTES, traced, caller=component.name)
        chains.append(_chain(f"http.{number}", match, [manager]))
    return _listener("outbound", "127.0.0.1", OUTBOUND_PORT, chains)


def _tcp_outbound(target: Component, port: Port, topology: Topology) -> list[Config]:
    """Return the chains for a TCP port: one for any instance, and one for each instance of a stateful component."""
    destinations = {cluster_name(target.name, port.number): topology.loopback(target.name)}
    if target.kind == Kind.STATEFUL:
        for instance in topology.instances(target.name, Version.STABLE):
            destinations[cluster_name(instance.name, port.number)] = topology.loopback(target.name, instance.ordinal)
    return [
        _chain(
            cluster,
            {"prefix_ranges": [prefix_range(address)], "destination_port": port.number},
            [*_decoder(port, cluster), _tcp_proxy(cluster, cluster)],
        )
        for cluster, address in destinations.items()
    ]


def _inbound(component: Component, application: EffectiveApplication, topology: Topology) -> Config:
    """Return the listener for calls to the component: each port accepts the components that declare it as a dependency."""
    chains = []
    for port in component.ports:
        traced = bool(application.tracing) and component.name != application.tracing
        if component.gateway:
            filters = [_edge(component, port, traced)]
        elif port.protocol in HTTP:
            source = config_source(f"{component_directory(component.name)}/{inbound_name(port.number)}.json")
            rds = {"rds": {"route_config_name": inbound_name(port.number), "config_source": source}}
            filters = [connection_manager("inbound", rds, traced, enforces_policy=True)]
        else:
            filters = [_tcp_proxy(f"inbound.{port.number}", application_cluster(port.number))]
        access = _access(component, port, application, topology)
        chains.append(_chain(f"inbound.{port.number}", {"destination_port": port.number}, [access, *filters]))
    return _listener("inbound", "0.0.0.0", INBOUND_PORT, chains)


def _access(component: Component, port: Port, application: EffectiveApplication, topology: Topology) -> Config:
    """Return the filter that admits dependents, and if the port is published, clients outside the mesh."""
    if component.name == application.tracing and port.protocol in HTTP:
        sources = [topology.mesh_range]
    else:
        sources = [topology.source_range(caller) for caller in application.dependents(component.name)]
    principals = [{"direct_remote_ip": prefix_range(network)} for network in sources]
    if any(outer.target == port.number for outer in component.outer_ports):
        principals.append({"not_id": {"direct_remote_ip": prefix_range(topology.mesh_range)}})
        principals.append({"direct_remote_ip": prefix_range(topology.host_address)})
    policies = {"callers": {"permissions": [{"any": True}], "principals": principals}} if principals else {}
    rules = {"action": "ALLOW", "policies": policies}
    return extension("access", "filters.network.rbac.v3.RBAC", stat_prefix="access", rules=rules)


def _edge(component: Component, port: Port, traced: bool) -> Config:
    if port.number == component.status_port:
        return connection_manager("status", {"route_config": _status_routes()}, traced=False, **_EDGE_OPTIONS)
    return connection_manager("edge", _SHARED_ROUTES, traced, caller=component.name, decides=True, **_EDGE_OPTIONS)


def _status_routes() -> Config:
    """Return the routes of the gateway's status port: its readiness and its metrics, both read-only."""
    paths = {"/health": "/ready", "/metrics": "/stats/prometheus"}
    routes: list[Config] = [
        {
            "match": {"path": path, "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]},
            "route": {"cluster": "admin", "prefix_rewrite": admin_path},
        }
        for path, admin_path in paths.items()
    ]
    index = {"status": 200, "body": {"inline_string": "\n".join(paths) + "\n"}}
    routes.append({"match": {"path": "/"}, "direct_response": index})
    return {"name": "status", "virtual_hosts": [{"name": "status", "domains": ["*"], "routes": routes}]}


def _traces() -> Config:
    """Return the listener for the application's spans; it does not have to declare the tracing component as a dependency."""
    route = {
        "match": {"path": TRACES_PATH, "headers": [{"name": ":method", "string_match": {"exact": "POST"}}]},
        "route": {"cluster": TRACES_CLUSTER, "timeout": "5s"},
    }
    hosts = [{"name": TRACES_CLUSTER, "domains": ["*"], "routes": [route]}]
    manager = connection_manager("traces", {"route_config": {"name": "traces", "virtual_hosts": hosts}}, traced=False)
    return {
        "name": "traces",
        "address": socket_address("127.0.0.1", TRACES_PORT),
        "filter_chains": [{"name": "traces", "filters": [manager]}],
    }


def _chain(name: str, match: Config, filters: list[Config]) -> Config:
    return {"name": name, "filter_chain_match": match, "filters": filters}


def _decoder(port: Port, name: str) -> list[Config]:
    """Return the filter that counts operations. The MySQL filter is our own: Envoy's is only in its contrib build."""
    if port.protocol == "mongo":
        return [extension("mongo", "filters.network.mongo_proxy.v3.MongoProxy", stat_prefix=name)]
    if port.protocol == "mysql":
        module = {"name": "mysql", "metrics_namespace": "mysql"}
        prefix = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": f"{name}."}
        kind = "filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter"
        return [extension("mysql", kind, dynamic_module_config=module, filter_name="mysql", filter_config=prefix)]
    return []


def _tcp_proxy(name: str, cluster: str) -> Config:
    """Return the filter that forwards a connection, without an idle timeout: connection pools stay idle for hours."""
    return extension(
        "tcp", "filters.network.tcp_proxy.v3.TcpProxy", stat_prefix=name, cluster=cluster, idle_timeout="0s"
    )
