"""Routes: one file that all callers and gateways read, and one for each inbound HTTP port of a component."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.application import HTTP, Component, Kind
from ..model.effective import EffectiveApplication
from ..model.instance import Version, version_name
from ..model.policy import Policy, Route
from .clusters import application_cluster, cluster_name, http_port
from .connection import policy_filters
from .decision import (
    BAGGAGE,
    SHARES,
    baggage_member,
    candidate_shares,
    decision_bypass,
    decision_match,
    decision_metadata,
)
from .envoy import CALLER_HEADER, Config, duration, percent

ROUTES = "mesh"
ROUTES_FILE = "shared/routes.json"
_READ_ONLY: Config = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}


def shared_routes(application: EffectiveApplication) -> Config:
    """Return the routes of all callers: a virtual host for each component, and for each domain of a policy.

    A caller only has the clusters of its dependencies, so other routes lead nowhere from there. For requests from outside,
    only the policies' domains are matched; a gateway routes all others to its first HTTP dependency.
    """
    components = [component for component in application.components if http_port(component)]
    hosts = [host for component in components for host in _own_hosts(component, application)]
    hosts = [_with_gateway_routes(host, application) for host in hosts] + _policy_hosts(application)
    fallback = _with_gateway_routes({"name": "otherwise", "domains": ["*"], "routes": []}, application)
    if fallback["routes"]:
        hosts.append(fallback)
    return {"name": ROUTES, "validate_clusters": False, "virtual_hosts": hosts, **decision_bypass(application)}


def _with_gateway_routes(
    host: Config, application: EffectiveApplication, gateways: Sequence[Component] | None = None
) -> Config:
    """Return ``host`` preceded by routes from ``gateways``, by default all, to their first HTTP dependency."""
    routes: list[Config] = []
    if gateways is None:
        gateways = [component for component in application.components if component.gateway]
    for gateway in gateways:
        called = [application.component(dependency.name) for dependency in gateway.dependencies]
        first = next((component for component in called if http_port(component)), None)
        if first:
            routes += _routes(first, Route(headers=((CALLER_HEADER, gateway.name),)), application)
    return {**host, "routes": [*routes, *host["routes"]]}


def inbound_routes(component: Component, port: int, callers: tuple[str, ...]) -> Config:
    """Return the routes from the proxy to its own application, with the policy that is enforced there.

    There is no timeout, as the caller's applies. A connection that the application refuses, because it is just being
    restarted, is retried: nothing has been sent on it.
    """
    retries = {
        "retry_on": "connect-failure",
        "num_retries": 4,
        "retry_back_off": {"base_interval": "0.1s", "max_interval": "0.5s"},
    }
    action = {"cluster": application_cluster(port), "timeout": "0s", "retry_policy": retries}
    route = {"match": {"prefix": "/"}, "route": action, "typed_per_filter_config": policy_filters(component.policy, callers)}
    host = {"name": component.name, "domains": ["*"], "routes": [route]}
    return {"name": inbound_name(port), "virtual_hosts": [host]}


def inbound_name(port: int) -> str:
    """Return the name of the route configuration of an inbound port."""
    return f"inbound.{port}"


def _own_hosts(component: Component, application: EffectiveApplication) -> list[Config]:
    """Return the virtual hosts of the component's name and, if it is stateful, of its instances' names."""
    hosts = [_own_host(component.name, component.name, component, application)]
    if component.kind == Kind.STATEFUL:
        instances = [f"{component.name}-{number + 1}" for number in range(component.replicas)]
        hosts += [_own_host(f"{instance}.{component.name}", instance, component, application) for instance in instances]
    return hosts


def _own_host(domain: str, target: str, component: Component, application: EffectiveApplication) -> Config:
    """Return the virtual host of ``domain``: routes to the clusters of ``target`` by port, by default to the first one."""
    numbers = [port.number for port in component.ports if port.protocol in HTTP]
    matches = [(number, [_authority_with_port(number)]) for number in numbers[1:]] + [(numbers[0], [])]
    routes = [
        route
        for number, headers in matches
        for route in _by_caller({"prefix": "/"}, headers, (target, number), component, application)
    ]
    return {"name": domain, "domains": [domain, *(f"{domain}:{port}" for port in sorted({80, *numbers}))], "routes": routes}


def _authority_with_port(port: int) -> Config:
    return {"name": ":authority", "string_match": {"suffix": f":{port}"}}


def _policy_hosts(application: EffectiveApplication) -> list[Config]:
    """Return a virtual host for each domain of the policies, with the most specific routes first.

    A gateway that depends on none of a domain's components routes it to its first HTTP dependency.
    """
    routes: dict[str, list[tuple[Component, Route]]] = {}
    for component in application.components:
        for route in component.policy.routes:
            for domain in route.domains:
                routes.setdefault(domain, []).append((component, route))
    hosts = []
    for domain, targets in sorted(routes.items()):
        by_specificity = sorted(targets, key=lambda target: (-len(target[1].prefix), -len(target[1].headers)))
        host = {
            "name": domain,
            "domains": [domain] if ":" in domain else [domain, f"{domain}:*"],
            "routes": [
                config for component, route in by_specificity for config in _routes(component, route, application)
            ],
        }
        callers = {caller for component, _route in targets for caller in application.dependents(component.name)}
        others = [component for component in application.components if component.gateway and component.name not in callers]
        hosts.append(_with_gateway_routes(host, application, others))
    return hosts


def _routes(component: Component, route: Route, application: EffectiveApplication) -> list[Config]:
    port = http_port(component)
    headers = [_header(name, value) for name, value in route.headers]
    target = component.name, port.number if port else 0
    return _by_caller({"prefix": route.prefix}, headers, target, component, application)


def _by_caller(
    path: Config, headers: list[Config], target: tuple[str, int], component: Component, application: EffectiveApplication
) -> list[Config]:
    """Return the routes to ``target``, a name and a port, preceded by those for callers that override the policy."""
    routes: list[Config] = []
    for caller in application.dependents(component.name):
        override = application.component(caller).dependency(component.name).override
        if override:
            with_caller = [*headers, _header(CALLER_HEADER, caller)]
            routes += _by_version(path, with_caller, target, component, application, component.policy.with_override(override))
    return [*routes, *_by_version(path, headers, target, component, application, component.policy)]


def _by_version(
    path: Config,
    headers: list[Config],
    target: tuple[str, int],
    component: Component,
    application: EffectiveApplication,
    policy: Policy,
) -> list[Config]:
    """Return the routes to the versions of ``component``: by the user's decision, else by weight, which makes the decision."""
    name, port = target
    split = application.split(component.name)
    metadata = decision_metadata(application)

    def route(action: Config, *conditions: Config) -> Config:
        all_headers = [*headers, *conditions]
        match = {**path, **({"headers": all_headers} if all_headers else {})}
        return {"match": match, "route": {**action, **_timeout_and_retries(policy)}, **metadata}

    stable = {"cluster": cluster_name(name, port)}
    if split is None or split.closed == Version.CANDIDATE:
        return [route(stable)]
    candidate = {"cluster": cluster_name(version_name(name, Version.CANDIDATE), port)}
    if split.closed == Version.STABLE:
        return [route(candidate)]
    weighted = {"weighted_clusters": {"clusters": [
        _weighted_cluster(candidate["cluster"], split.release, Version.CANDIDATE, candidate_shares(split)),
        _weighted_cluster(stable["cluster"], split.release, Version.STABLE, SHARES - candidate_shares(split)),
    ]}}  # fmt: skip
    actions: list[tuple[Config, list[Config]]] = [(stable, [decision_match(split.release, Version.STABLE)]), (weighted, [])]
    if split.mirror:
        mirror = {**candidate, "runtime_fraction": {"default_value": percent(split.mirror)}}
        mirrored = [
            ({**action, "request_mirror_policies": [mirror]}, [*conditions, _READ_ONLY]) for action, conditions in actions
        ]
        actions = mirrored + actions
    actions.insert(0, (candidate, [decision_match(split.release, Version.CANDIDATE)]))
    return [route(action, *conditions) for action, conditions in actions]


def _weighted_cluster(cluster: str, release: str, version: Version, weight: int) -> Config:
    """Return one cluster of a split, which adds the decision to the request for the hops after it."""
    header = {"key": BAGGAGE, "value": baggage_member(release, version)}
    decision = {"header": header, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return {"name": cluster, "weight": weight, "request_headers_to_add": [decision]}


def _header(name: str, value: str) -> Config:
    return {"name": name, "string_match": {"exact": value}}


def _timeout_and_retries(policy: Policy) -> Config:
    return {"timeout": duration(policy.timeout), "retry_policy": _retry_policy(policy)}


def _retry_policy(policy: Policy) -> Config:
    retries = policy.retries
    per_try = {"per_try_timeout": duration(retries.per_try_timeout)} if retries.per_try_timeout else {}
    return {"retry_on": ",".join(retries.on), "num_retries": retries.attempts, **per_try}
