"""Who gets a request: one route file that every caller reads, and one for each port where a component is called."""

from __future__ import annotations

from ..application.model import STATEFUL, Application, Component
from ..application.policy import Policy, Route
from .clusters import application_cluster, cluster_name, http_port
from .envoy import CALLER_HEADER, Config, duration
from .http import policies

ROUTES = "mesh"
ROUTES_FILE = "shared/routes.json"
GATEWAY_ROUTES = "gateway"


def shared_routes(application: Application) -> Config:
    """Return the routes of all callers: a virtual host for each component, and for each further domain of a policy.

    A caller has the clusters of its dependencies only, so a route to anything else leads nowhere from there.
    """
    hosts = [host for component in application.components if http_port(component) for host in _own_hosts(component, application)]
    return {"name": ROUTES, "validate_clusters": False, "virtual_hosts": [*hosts, *_further_hosts(application)]}


def gateway_routes(gateway: Component, application: Application) -> Config:
    """Return the routes from outside: the policies' domains, and all else to the gateway's first HTTP dependency."""
    called = [application.component(dependency.name) for dependency in gateway.dependencies]
    first = next((component for component in called if http_port(component)), None)
    hosts = [host for host in _further_hosts(application) if _leads_to(host, called)]
    if first:
        hosts.append({"name": "otherwise", "domains": ["*"], "routes": _routes(first, Route(), application)})
    return {"name": GATEWAY_ROUTES, "validate_clusters": False, "virtual_hosts": hosts}


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


def _own_hosts(component: Component, application: Application) -> list[Config]:
    """Return the virtual host of the component's name and, of a stateful one, those of its instances' names."""
    hosts = [_own_host(component.name, component.name, component, application)]
    if component.kind == STATEFUL:
        instances = [f"{component.name}-{number + 1}" for number in range(component.replicas)]
        hosts += [_own_host(f"{instance}.{component.name}", instance, component, application) for instance in instances]
    return hosts


def _own_host(domain: str, target: str, component: Component, application: Application) -> Config:
    """Return the virtual host of ``domain``, which leads to the clusters of ``target`` by port, to the first without one."""
    numbers = [port.number for port in component.ports if port.protocol in ("http", "grpc")]
    matches = [(number, [_authority_with_port(number)]) for number in numbers[1:]] + [(numbers[0], [])]
    routes = [
        route
        for number, headers in matches
        for route in _by_caller("/", headers, cluster_name(target, number), component, application)
    ]
    return {"name": domain, "domains": [domain, *(f"{domain}:{port}" for port in sorted({80, *numbers}))], "routes": routes}


def _authority_with_port(port: int) -> Config:
    return {"name": ":authority", "string_match": {"suffix": f":{port}"}}


def _further_hosts(application: Application) -> list[Config]:
    """Return a virtual host for each domain of the policies; the most particular of its routes comes first."""
    routes: dict[str, list[tuple[Component, Route]]] = {}
    for component in application.components:
        for route in component.policy.routes:
            for domain in route.domains:
                routes.setdefault(domain, []).append((component, route))
    return [
        {
            "name": domain,
            "domains": [domain] if ":" in domain else [domain, f"{domain}:*"],
            "routes": [
                each
                for component, route in sorted(found, key=lambda each: (-len(each[1].prefix), -len(each[1].headers)))
                for each in _routes(component, route, application)
            ],
        }
        for domain, found in sorted(routes.items())
    ]


def _leads_to(host: Config, called: list[Component]) -> bool:
    return any(route["route"]["cluster"].rpartition(":")[0] in {each.name for each in called} for route in host["routes"])


def _routes(component: Component, route: Route, application: Application) -> list[Config]:
    port = http_port(component)
    headers = [_header(name, value) for name, value in route.headers]
    return _by_caller(route.prefix, headers, cluster_name(component.name, port.number if port else 0), component, application)


def _by_caller(
    prefix: str, headers: list[Config], cluster: str, component: Component, application: Application
) -> list[Config]:
    """Return the route to ``cluster``, after one for each caller of ``component`` that overrides its policy."""
    routes = []
    for caller in application.dependents(component.name):
        override = application.component(caller).dependency(component.name).override
        if override:
            match = {"prefix": prefix, "headers": [*headers, _header(CALLER_HEADER, caller)]}
            routes.append({"match": match, "route": _action(cluster, component.policy.overridden(override))})
    match = {"prefix": prefix, **({"headers": headers} if headers else {})}
    return [*routes, {"match": match, "route": _action(cluster, component.policy)}]


def _header(name: str, value: str) -> Config:
    return {"name": name, "string_match": {"exact": value}}


def _action(cluster: str, policy: Policy) -> Config:
    return {
        "cluster": cluster,
        "timeout": duration(policy.timeout),
        "retry_policy": _retry_policy(policy),
    }


def _retry_policy(policy: Policy) -> Config:
    retries = policy.retries
    tries = {"per_try_timeout": duration(retries.per_try_timeout)} if retries.per_try_timeout else {}
    return {"retry_on": ",".join(retries.on), "num_retries": retries.attempts, **tries}
