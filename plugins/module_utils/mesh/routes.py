"""Who gets a request: one route file that every caller reads, and one for each port where a component is called."""

from __future__ import annotations

from ..application.model import STATEFUL, Application, Component
from ..application.policy import Policy, Route
from .clusters import application_cluster, cluster_name, http_port
from .envoy import Config, duration
from .http import policies

ROUTES = "mesh"
ROUTES_FILE = "shared/routes.json"
GATEWAY_ROUTES = "gateway"


def shared_routes(application: Application) -> Config:
    """Return the routes of all callers: a virtual host for each component, and for each further domain of a policy.

    A caller has the clusters of its dependencies only, so a route to anything else leads nowhere from there.
    """
    hosts = [host for component in application.components if http_port(component) for host in _own_hosts(component)]
    return {"name": ROUTES, "validate_clusters": False, "virtual_hosts": [*hosts, *_further_hosts(application)]}


def gateway_routes(gateway: Component, application: Application) -> Config:
    """Return the routes from outside: the policies' domains, and all else to the gateway's first HTTP dependency."""
    called = [application.component(dependency.name) for dependency in gateway.dependencies]
    first = next((component for component in called if http_port(component)), None)
    hosts = [host for host in _further_hosts(application) if _leads_to(host, called)]
    if first:
        hosts.append({"name": "otherwise", "domains": ["*"], "routes": [_route(first, Route())]})
    return {"name": GATEWAY_ROUTES, "validate_clusters": False, "virtual_hosts": hosts}


def inbound_routes(component: Component, port: int) -> Config:
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
    route = {"match": {"prefix": "/"}, "route": action, "typed_per_filter_config": policies(component.policy)}
    host = {"name": component.name, "domains": ["*"], "routes": [route]}
    return {"name": inbound_name(port), "virtual_hosts": [host]}


def inbound_name(port: int) -> str:
    """Return the name of the routes of a port."""
    return f"inbound.{port}"


def _own_hosts(component: Component) -> list[Config]:
    """Return the virtual host of the component's name and, of a stateful one, those of its instances' names."""
    hosts = [_own_host(component.name, component.name, component)]
    if component.kind == STATEFUL:
        instances = [f"{component.name}-{number + 1}" for number in range(component.replicas)]
        hosts += [_own_host(f"{instance}.{component.name}", instance, component) for instance in instances]
    return hosts


def _own_host(domain: str, target: str, component: Component) -> Config:
    """Return the virtual host of ``domain``, which leads to the clusters of ``target`` by port, to the first without one."""
    numbers = [port.number for port in component.ports if port.protocol in ("http", "grpc")]
    routes = [
        {"match": {"prefix": "/", "headers": [_authority_with_port(number)]}, "route": _action(target, number, component.policy)}
        for number in numbers[1:]
    ]
    routes.append({"match": {"prefix": "/"}, "route": _action(target, numbers[0], component.policy)})
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
                _route(component, route)
                for component, route in sorted(found, key=lambda each: (-len(each[1].prefix), -len(each[1].headers)))
            ],
        }
        for domain, found in sorted(routes.items())
    ]


def _leads_to(host: Config, called: list[Component]) -> bool:
    return any(route["route"]["cluster"].rpartition(":")[0] in {each.name for each in called} for route in host["routes"])


def _route(component: Component, route: Route) -> Config:
    port = http_port(component)
    headers = [{"name": name, "string_match": {"exact": value}} for name, value in route.headers]
    match = {"prefix": route.prefix, **({"headers": headers} if headers else {})}
    return {"match": match, "route": _action(component.name, port.number if port else 0, component.policy)}


def _action(target: str, port: int, policy: Policy) -> Config:
    return {
        "cluster": cluster_name(target, port),
        "timeout": duration(policy.timeout),
        "retry_policy": _retry_policy(policy),
    }


def _retry_policy(policy: Policy) -> Config:
    retries = policy.retries
    tries = {"per_try_timeout": duration(retries.per_try_timeout)} if retries.per_try_timeout else {}
    return {"retry_on": ",".join(retries.on), "num_retries": retries.attempts, **tries}
