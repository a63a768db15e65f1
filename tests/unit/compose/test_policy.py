"""Bounds of policies: values that Envoy would reject or misread are faults of the file."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.policy import Policy

WEB = "services.web.x-mesh.policy"
DURATION = "a duration such as 500ms, 10s or 1m30s, from 1ms to 24h"


def policy(policy_keys: dict[str, Any]) -> Policy:
    return parse({"services": service(policy_keys)}, "compose.yaml", {}, "shop").component("web").policy


def service(policy_keys: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"web": {"image": "web", "expose": ["80"], "x-mesh": {"policy": policy_keys}, **keys}}


def faults(services: dict[str, Any], **top: Any) -> list[str]:
    with pytest.raises(ModelError) as caught:
        parse({"services": services, **top}, "compose.yaml", {}, "shop")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("policy_keys", "fault"), [
    ({"timeout": "0.5ms"}, f"timeout: found '0.5ms'; allowed: {DURATION}, or 0s for none"),
    ({"timeout": "25h"}, f"timeout: found '25h'; allowed: {DURATION}, or 0s for none"),
    ({"retries": {"per_try_timeout": "0s"}}, f"retries.per_try_timeout: found '0s'; allowed: {DURATION}"),
    ({"retries": {"per_try_timeout": "15s"}},
     "retries.per_try_timeout: found '15s'; allowed: less than 15s, the timeout of a request including its retries"),
    ({"retries": {"on": ["retriable-status-codes"]}}, "retries.on.0: found 'retriable-status-codes'; allowed: 5xx, "),
    ({"circuit_breaker": {"max_connections": 0}}, "circuit_breaker.max_connections: found 0; allowed: a whole number from 1 to "),
    ({"circuit_breaker": {"max_pending_requests": 0}}, "circuit_breaker.max_pending_requests: found 0; allowed: a whole number"),
    ({"circuit_breaker": {"max_requests": 0}}, "circuit_breaker.max_requests: found 0; allowed: a whole number from 1 to "),
    ({"outlier_detection": {"interval": "0s"}},
     "outlier_detection.interval: found '0s'; allowed: a duration such as 500ms, 10s or 1m30s, from 100ms to 24h"),
    ({"outlier_detection": {"base_ejection_time": "0.0001ms"}},
     f"outlier_detection.base_ejection_time: found '0.0001ms'; allowed: {DURATION}"),
    ({"fault": {"delay": {"duration": "0s", "percent": 5}}}, f"fault.delay.duration: found '0s'; allowed: {DURATION}"),
    ({"fault": {"delay": {"duration": "1s"}}}, "fault.delay: found a mapping; allowed: duration and percent"),
    ({"fault": {"delay": {"percent": 5}}}, "fault.delay: found a mapping; allowed: duration and percent"),
    ({"fault": {"abort": {"status": 500}}}, "fault.abort: found a mapping; allowed: percent, the share of requests"),
    ({"fault": {"abort": {"percent": 0.00004}}}, "fault.abort.percent: found 4e-05; allowed: 0, or a number from 0.0001 to 100"),
    ({"routes": [{"domains": ["api shop"]}]}, "routes.0.domains.0: found 'api shop'; allowed: a name such as api.shop"),
    ({"routes": [{"domains": [""]}]}, "routes.0.domains.0: found ''; allowed: a name such as api.shop"),
    ({"routes": [{"domains": ["a*b"]}]}, "routes.0.domains.0: found 'a*b'; allowed: a name such as api.shop"),
    ({"routes": [{"domains": ["api.shop:*"]}]}, "routes.0.domains.0: found 'api.shop:*'; allowed: a name such as api.shop"),
    ({"routes": [{"domains": ["shop.*:80"]}]}, "routes.0.domains.0: found 'shop.*:80'; allowed: a name such as api.shop"),
    ({"routes": [{"domains": ["http://shop"]}]}, "routes.0.domains.0: found 'http://shop'; allowed: a name such as api.shop"),
    ({"routes": [{"domains": ["Web:80"]}]}, "routes.0.domains.0: found 'Web:80'; allowed: a domain other than the names"),
    *(({"routes": [{"domains": ["x"], "prefix": prefix}]},
       f"routes.0.prefix: found {prefix!r}; allowed: a path that begins with /")
      for prefix in ("", "api", "/a b", "/a?b=1", "/a#b", "/api/*", "//", "/a/../b", "/a\n")),
    *(({"routes": [{"domains": ["x"], "headers": {name: "1"}}]},
       f"routes.0.headers.{name}: found {name!r}; allowed: a header name of letters")
      for name in ("", "a b", "a:b", ":a", "a\n")),
    *(({"routes": [{"domains": ["x"], "headers": {"a": value}}]},
       f"routes.0.headers.a: found {value!r}; allowed: a value without control") for value in (" a", "a ", "a\nb", "\x00")),
])  # fmt: skip
def test_values_that_envoy_rejects_or_misreads_are_faults(policy_keys: dict[str, Any], fault: str) -> None:
    [only] = faults(service(policy_keys))
    assert only.startswith(f"{WEB}.{fault}")


@pytest.mark.parametrize("policy_keys", [
    {"timeout": "0s", "retries": {"attempts": 0, "on": [], "per_try_timeout": "20h"}},
    {"timeout": "1ms", "circuit_breaker": {"max_retries": 0, "max_requests": 1}},
    {"outlier_detection": {"interval": "100ms", "base_ejection_time": "1ms", "max_ejection_percent": 0}},
    {"fault": {"abort": {"percent": 0}, "delay": {"duration": "1ms", "percent": 0}}},
    {"fault": {}},
    {"routes": [{"domains": ["*.shop", "shop.*", "*-a.shop:8080", "10.0.0.1", "a_b"], "prefix": "/a/b.c/%20/",
                 "headers": {":method": "GET", "X-User": "", "b": "é"}}]},
])  # fmt: skip
def test_valid_policies_are_accepted(policy_keys: dict[str, Any]) -> None:
    policy(policy_keys)


def test_domain_names_are_case_insensitive() -> None:
    assert [route.domains for route in policy({"routes": [{"domains": ["API.Shop"]}]}).routes] == [("api.shop",)]


def test_the_per_try_timeout_is_below_the_timeout_of_the_caller() -> None:
    def services(override: dict[str, Any]) -> dict[str, Any]:
        calls = {"image": "c", "depends_on": ["web"], "x-mesh": {"overrides": {"web": override}}}
        return {**service({"timeout": "2s", "retries": {"per_try_timeout": "1s"}}), "caller": calls}

    parse({"services": services({"timeout": "500ms"})}, "compose.yaml", {}, "shop")
    assert faults(services({"retries": {"per_try_timeout": "3s"}})) == [
        "services.caller.x-mesh.overrides.web.retries.per_try_timeout: found '3s'; allowed: less than 2s, the timeout of a"
        " request including its retries"
    ]


@pytest.mark.parametrize("key", ["timeout", "retries", "rate_limit", "fault", "routes"])
def test_http_policies_are_refused_without_an_http_port(key: str) -> None:
    policies = {
        "timeout": "1s", "retries": {"attempts": 1}, "rate_limit": {"requests_per_second": 1}, "fault": {}, "routes": [],
    }  # fmt: skip
    expected = f"found the key '{key}'; allowed: no {key} for web, which has no port with HTTP"
    assert faults(service({key: policies[key]}, expose=["3306"])) == [f"{WEB}.{key}: {expected}"]
    if key in ("timeout", "retries"):
        called = {"image": "web", "expose": ["3306"]}
        calls = {"image": "c", "depends_on": ["web"], "x-mesh": {"overrides": {"web": {key: policies[key]}}}}
        assert faults({"web": called, "caller": calls}) == [f"services.caller.x-mesh.overrides.web.{key}: {expected}"]


def test_a_gateway_accepts_no_policy_of_a_workload() -> None:
    gateway = {"ports": ["80:80"], "x-mesh": {"gateway": True, "policy": {"rate_limit": {"requests_per_second": 1}}}}
    assert faults({"edge": gateway}) == [
        "services.edge.x-mesh.policy.rate_limit: found a mapping; allowed: no rate_limit at a gateway; state it at the"
        " components behind it"
    ]


def test_names_reserved_by_proxies_are_refused() -> None:
    store = {"image": "d", "expose": ["3306"], "x-mesh": {"kind": "stateful"}}
    messages = faults({"application": {"image": "a"}, "db": store, "db-1": store})
    assert [fault.partition(";")[0] for fault in messages] == [
        "services.application: found 'application'",
        "services.db-1: found 'db-1'",
    ]
    parse({"services": {"db": store, "db-15": store, "db-a": store}}, "compose.yaml", {}, "shop")
    route = service({"routes": [{"domains": ["db-1.db"]}]})
    assert "a domain other than the names of components and instances" in faults({"db": store, **route})[0]


def test_the_tracing_component_needs_an_http_port() -> None:
    services = {"zipkin": {"image": "z", "expose": ["3306"]}}
    assert faults(services, **{"x-mesh": {"tracing": "zipkin"}}) == [
        "x-mesh.tracing: found 'zipkin'; allowed: a component that has a port with HTTP"
    ]


def test_a_dependency_is_listed_once() -> None:
    services = {**service({}), "caller": {"image": "c", "depends_on": ["web", "web"]}}
    assert faults(services) == ["services.caller.depends_on: found web, web; allowed: each component once"]


@pytest.mark.parametrize("memory", ["1", "31M", "65G"])
def test_the_memory_of_a_proxy_has_bounds(memory: str) -> None:
    services = {"web": {"image": "w", "x-mesh": {"proxy": {"memory": memory}}}}
    [only] = faults(services)
    assert only.startswith(f"services.web.x-mesh.proxy.memory: found '{memory}'; allowed: a byte value")
    assert only.endswith("from 32M to 64G")
