"""Who gets a request: one route file that every caller and gateway reads, and one for each port where a component is called."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.application import HTTP, Component, Kind
from ..model.effective import EffectiveApplication
from ..model.instance import Version, version_name
from ..model.policy import Policy, Route
from .clusters import application_cluster, cluster_name, http_port
from .connection import policies
from .decision import BAGGAGE, SHARES, decided, decision_metadata, member, shares, undecided
from .envoy import CALLER_HEADER, Config, duration, percent

ROUTES = "mesh"
ROUTES_FILE = "shared/routes.json"
_READ_ONLY: Config = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}


def shared_routes(application: EffectiveApplication) -> Config:
    """Return the routes of all callers: a virtual host for each component, and for each further domain of a policy.

    A caller has the clusters of its dependencies only, so a route to anything else leads nowhere from there. From outside
    only the policies' domains have a meaning: all else is for the gateway's first HTTP dependency.
    """
    components = [component for component in application.components if http_port(component)]
    hosts = [host for component in components for host in _own_hosts(component, application)]
    hosts = [_from_outside(host, application) for host in hosts] + _further_hosts(application)
    rest = _from_outside({"name": "otherwise", "domains": ["*"], "routes": []}, application)
    if rest["routes"]:
        hosts.append(rest)
    return {"name": ROUTES, "validate_clusters": False, "virtual_hosts": hosts, **undecided(application)}


def _from_outside(host: Config, application: EffectiveApplication, gateways: Sequence[Component] | None = None) -> Config:
    """Return ``host`` with the routes before its own that lead from each of ``gateways``, of all, to where it leads."""
    routes: list[Config] = []
    for gateway in [each for each in application.components if each.gateway] if gateways is None else gateways:
        called = [application.component(dependency.name) for dependency in gateway.dependencies]
        first = next((component for component in called if http_port(component)), None)
        if first:
            routes += _routes(first, Route(headers=((CALLER_HEADER, gateway.name),)), application)
    return {**host, "routes": [*routes, *host["routes"]]}


def inbound_routes(component: Component, port: int, callers: tuple[str, ...]) -> Config:
    """Return the routes from the proxy to the application beside it, with the policy that is kept here.

    The caller's timeout holds, so there is none here. A connection that the application does not take, since it is
    just being restarted, is tried again: nothing has been sent on it.
    """
    retries = {
        "retry_on": "connect-failure",
        "num_retries": 4,
        "retry_back_off": {"base_interval": "0.1s", "max_interval": "0.5s"},
    }
    action = {"cluster": application_cluster(port), "timeout": "0s", "retry_policy": retries}
    route = {"match": {"prefix": "/"}, "route": action, "typed_per_filter_config": policies(component.policy, callers)}
    host = {"name": component.name, "domains": ["*"], "routes": [route]}
    return {"name": inbound_name(port), "virtual_hosts": [host]}


def inbound_name(port: int) -> str:
    """Return the name of the routes of a port."""
    return f"inbound.{port}"


def _own_hosts(component: Component, application: EffectiveApplication) -> list[Config]:
    """Return the virtual host of the component's name and, of a stateful one, those of its instances' names."""
    hosts = [_own_host(component.name, component.name, component, application)]
    if component.kind == Kind.STATEFUL:
        instances = [f"{component.name}-{number + 1}" for number in range(component.replicas)]
        hosts += [_own_host(f"{instance}.{component.name}", instance, component, application) for instance in instances]
    return hosts


def _own_host(domain: str, target: str, component: Component, application: EffectiveApplication) -> Config:
    """Return the virtual host of ``domain``, which leads to the clusters of ``target`` by port, to the first without one."""
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


def _further_hosts(application: EffectiveApplication) -> list[Config]:
    """Return a virtual host for each domain of the policies; the most particular of its routes comes first.

    From a gateway that calls none of the components that a domain leads to, it leads where all else does.
    """
    routes: dict[str, list[tuple[Component, Route]]] = {}
    for component in application.components:
        for route in component.policy.routes:
            for domain in route.domains:
                routes.setdefault(domain, []).append((component, route))
    hosts = []
    for domain, found in sorted(routes.items()):
        host = {
            "name": domain,
            "domains": [domain] if ":" in domain else [domain, f"{domain}:*"],
            "routes": [
                each
                for component, route in sorted(found, key=lambda each: (-len(each[1].prefix), -len(each[1].headers)))
                for each in _routes(component, route, application)
            ],
        }
        callers = {caller for component, _route in found for caller in application.dependents(component.name)}
        elsewhere = [each for each in application.components if each.gateway and each.name not in callers]
        hosts.append(_from_outside(host, application, elsewhere))
    return hosts


def _routes(component: Component, route: Route, application: EffectiveApplication) -> list[Config]:
    port = http_port(component)
    headers = [_header(name, value) for name, value in route.headers]
    target = component.name, port.number if port else 0
    return _by_caller({"prefix": route.prefix}, headers, target, component, application)


def _by_caller(
    path: Config, headers: list[Config], target: tuple[str, int], component: Component, application: EffectiveApplication
) -> list[Config]:
    """Return the routes to ``target``, a name and a port, after those for each caller that overrides the policy."""
    routes: list[Config] = []
    for caller in application.dependents(component.name):
        override = application.component(caller).dependency(component.name).override
        if override:
            matched = [*headers, _header(CALLER_HEADER, caller)]
            routes += _by_version(path, matched, target, component, application, component.policy.with_override(override))
    return [*routes, *_by_version(path, headers, target, component, application, component.policy)]


def _by_version(
    path: Config,
    headers: list[Config],
    target: tuple[str, int],
    component: Component,
    application: EffectiveApplication,
    policy: Policy,
) -> list[Config]:
    """Return the routes to the versions of ``component``: as was decided for the user, else by weight, which then is decided."""
    name, port = target
    split = application.split(component.name)
    metadata = decision_metadata(application)

    def route(action: Config, *matched: Config) -> Config:
        every = [*headers, *matched]
        match = {**path, **({"headers": every} if every else {})}
        return {"match": match, "route": {**action, **_handling(policy)}, **metadata}

    own = {"cluster": cluster_name(name, port)}
    if split is None or split.closed == Version.CANDIDATE:
        return [route(own)]
    other = cluster_name(version_name(name, Version.CANDIDATE), port)
    if split.closed == Version.STABLE:
        return [route({"cluster": other})]
    weighted = {"weighted_clusters": {"clusters": [
        _share(other, split.release, Version.CANDIDATE, shares(split)),
        _share(own["cluster"], split.release, Version.STABLE, SHARES - shares(split)),
    ]}}  # fmt: skip
    chosen: list[tuple[Config, list[Config]]] = [(own, [decided(split.release, Version.STABLE)]), (weighted, [])]
    if split.mirror:
        mirrored = {"request_mirror_policies": [{"cluster": other, "runtime_fraction": {"default_value": percent(split.mirror)}}]}
        chosen = [({**action, **mirrored}, [*matched, _READ_ONLY]) for action, matched in chosen] + chosen
    chosen.insert(0, ({"cluster": other}, [decided(split.release, Version.CANDIDATE)]))
    return [route(action, *matched) for action, matched in chosen]


def _share(cluster: str, release: str, version: Version, weight: int) -> Config:
    """Return a part of a split, which states the decision to whatever comes after it."""
    stated = {"header": {"key": BAGGAGE, "value": member(release, version)}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    return {"name": cluster, "weight": weight, "request_headers_to_add": [stated]}


def _header(name: str, value: str) -> Config:
    return {"name": name, "string_match": {"exact": value}}


def _handling(policy: Policy) -> Config:
    return {"timeout": duration(policy.timeout), "retry_policy": _retry_policy(policy)}


def _retry_policy(policy: Policy) -> Config:
    retries = policy.retries
    tries = {"per_try_timeout": duration(retries.per_try_timeout)} if retries.per_try_timeout else {}
    return {"retry_on": ",".join(retries.on), "num_retries": retries.attempts, **tries}
