"""Envoy's rejections are reported with the key that causes them, and Envoy accepts what the parser accepts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.envoy import Config
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.explicit import explicit_keys, with_keys
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.rejections import Validator, find_rejections
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.policy import (
    Fault,
    OutlierDetection,
    Override,
    RateLimit,
    Retries,
    Route,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from real_envoy import envoy_rejection
from samples import full_application, render_mesh
from world import effective

API = "services.api.x-mesh.policy"


def reported_rejections(application: EffectiveApplication, envoy_rejection: Validator) -> list[str]:
    return [str(rejection) for rejection in find_rejections(application, render_mesh, render_mesh(application), envoy_rejection)]


def with_policy(application: EffectiveApplication, name: str, **policy: Any) -> EffectiveApplication:
    """Return ``application`` with a policy that the parser would refuse."""
    return with_component(application, name, policy=replace(application.component(name).policy, **policy))


def with_component(application: EffectiveApplication, name: str, **fields: Any) -> EffectiveApplication:
    components = (replace(component, **fields) if component.name == name else component for component in application.components)
    return replace(application, components=tuple(components))


def with_override(application: EffectiveApplication, override: Override) -> EffectiveApplication:
    dependencies = application.component("caller").dependencies
    return with_component(
        application,
        "caller",
        dependencies=tuple(replace(dependency, override=override) for dependency in dependencies if dependency.name == "api"),
    )


@pytest.mark.parametrize(("application", "expected"), [
    (with_policy(full_application(), "api", outlier_detection=OutlierDetection(interval=0.0, consecutive_errors=2)),
     f"{API}.outlier_detection.interval: found 0s; Envoy says: OutlierDetectionValidationError.Interval: value must be greater"),
    (with_policy(full_application(), "api", retries=Retries(per_try_timeout=1e15)),
     f"{API}.retries.per_try_timeout: found 1000000000000000s; Envoy says: per_try_timeout: message google.protobuf.Duration"),
    (with_policy(full_application(), "api", rate_limit=RateLimit(1e12, 5)),
     f"{API}.rate_limit.requests_per_second: found 1e+12; Envoy says: tokens_per_fill: "),
    (with_policy(full_application(), "api", fault=Fault(delay=1e-9, delay_percent=5.0)),
     f"{API}.fault.delay.duration: found 0s; Envoy says: FaultDelayValidationError.FixedDelay"),
    (with_policy(full_application(), "api", fault=Fault(abort=99, abort_percent=5.0)),
     f"{API}.fault.abort.status: found 99; Envoy says: FaultAbortValidationError.HttpStatus"),
    (with_policy(full_application(), "api", routes=(Route(("ok.shop",)), Route(("a\nb",), "/x", (("a", "b"),)))),
     f"{API}.routes.1.domains: found ['a\\nb']; Envoy says: VirtualHostValidationError.Domains[0]"),
    (with_policy(full_application(), "api", routes=(Route(("x",), headers=(("", "b"),)),)),
     f"{API}.routes.0.headers: found a mapping; Envoy says: HeaderMatcherValidationError.Name"),
    (with_override(full_application(), Override(retries=Retries(), outlier_detection=OutlierDetection(base_ejection_time=0.0))),
     "services.caller.x-mesh.overrides.api.outlier_detection.base_ejection_time: found 0s; Envoy says: OutlierDetection"),
    (with_component(full_application(), "quiet", proxy_memory=1),
     "services.quiet.x-mesh.proxy.memory: found 1; Envoy says: fixed_heap: max heap size must be greater than 0"),
])  # fmt: skip
def test_the_rejected_key_is_named(application: EffectiveApplication, expected: str) -> None:
    (only,) = reported_rejections(application, envoy_rejection)
    assert only.startswith(expected)


def test_every_rejected_key_is_named() -> None:
    application = with_policy(full_application(), "api", timeout=1e15, fault=Fault(delay=1e-9, delay_percent=5.0))
    application = with_policy(application, "search", outlier_detection=OutlierDetection(interval=0.0))
    assert sorted(message.partition(": found")[0] for message in reported_rejections(application, envoy_rejection)) == [
        f"{API}.fault.delay.duration",
        f"{API}.timeout",
        "services.search.x-mesh.policy.outlier_detection.interval",
    ]


def test_a_rejection_without_a_key_names_the_component() -> None:
    def broken(application: EffectiveApplication) -> dict[str, str]:
        files = render_mesh(application)
        return {**files, path: files[path].replace('"STATIC"', '"STATICAL"')}

    path = "components/mongo/clusters.json"
    (only,) = map(str, find_rejections(full_application(), broken, broken(full_application()), envoy_rejection))
    assert only.startswith("services.mongo: found the generated configuration components/mongo; Envoy says: ")
    assert "STATICAL" in only


def test_accepted_files_are_not_searched() -> None:
    documents: list[Config] = []
    assert reported_rejections(full_application(), lambda document: documents.append(document) or "") == []  # type: ignore[func-returns-value]
    assert len(documents) == 1


def test_a_search_takes_few_validations_and_stops_early_on_request() -> None:
    application = with_policy(full_application(), "api", timeout=77.0, fault=Fault(delay=77.0, delay_percent=5.0))
    paths = render_mesh(application)
    documents: list[Config] = []

    def envoy_rejection(document: Config) -> str:
        documents.append(document)
        return "no" if '"77s"' in str(document).replace("'", '"') else ""

    (only,) = find_rejections(application, render_mesh, paths, envoy_rejection, stop=lambda: True)
    assert only.path == f"{API}.timeout"
    assert len(documents) <= 2 + math.ceil(math.log2(len(explicit_keys(application))))
    every = find_rejections(application, render_mesh, paths, envoy_rejection)
    assert [rejection.path for rejection in every] == [f"{API}.timeout", f"{API}.fault.delay.duration"]


def test_keys_can_be_removed_from_an_application() -> None:
    application = full_application()
    keys = explicit_keys(application)
    assert with_keys(application, keys) == application
    assert explicit_keys(with_keys(application, ())) == ()
    values_by_path = {key.path: key.value for key in keys}
    assert values_by_path[f"{API}.retries.per_try_timeout"] == "0.5s"
    assert values_by_path[f"{API}.fault.abort.percent"] == "0.1"
    assert values_by_path[f"{API}.retries.on"] == "['5xx', 'reset']"
    assert values_by_path["services.caller.x-mesh.overrides.api.timeout"] == "2s"


durations = st.sampled_from(["0s", "0.0004ms", "500us", "999us", "1ms", "99ms", "100ms", "24h", "25h", "87600001h"]) | st.builds(
    "{:.7f}{}".format, st.floats(0, 1e5), st.sampled_from(["us", "ms", "s", "m", "h"])
)
counts = st.sampled_from([0, 1, 2**31 - 1, 2**31]) | st.integers(0, 2**32)
percents = st.sampled_from([0, 0.00004, 0.0001, 100]) | st.floats(0, 100)
texts = st.text("aA1.-_*:/ %?#é\x00\n\r\t\x7f", max_size=8) | st.text(max_size=4)
names = st.builds("{}.{}".format, st.text("aB1-_*", min_size=1, max_size=4), st.sampled_from(["shop", "*", "b:80"]))
names |= texts | st.sampled_from(["API0", "api0:8080", "edge", "shop", "SHOP", "shop:*", "shop:80"])
headers = st.sampled_from(["", "x-user", "x\nuser", ":path"]) | texts
outliers = {"interval": durations, "consecutive_errors": counts, "base_ejection_time": durations, "max_ejection_percent": counts}
circuit_breakers = {f"max_{key}": counts for key in ("connections", "pending_requests", "requests", "retries")}
causes = st.lists(st.sampled_from(["5xx", "reset", "retriable-4xx"]))
tries = {"attempts": st.integers(0, 11), "on": causes, "per_try_timeout": durations}
rates = st.floats(0.05, 2e6) | st.sampled_from([0.1, 1.5, 1e6])
routes = st.fixed_dictionaries(
    {"domains": st.just(["api.shop"]) | st.lists(names, min_size=1, max_size=2)},
    optional={
        "prefix": (st.sampled_from(["", "api", "a/b/"]) | texts).map("/{}".format),
        "headers": st.dictionaries(headers, st.sampled_from(["", "1"]), max_size=2),
    },
)
policies = st.one_of(
    st.fixed_dictionaries({"timeout": durations}),
    st.fixed_dictionaries({"timeout": durations, "retries": st.fixed_dictionaries({}, optional=tries)}),
    st.fixed_dictionaries({"circuit_breaker": st.fixed_dictionaries({}, optional=circuit_breakers)}),
    *(st.fixed_dictionaries({"outlier_detection": st.fixed_dictionaries({key: values})}) for key, values in outliers.items()),
    st.fixed_dictionaries({"rate_limit": st.fixed_dictionaries(
        {"requests_per_second": rates}, optional={"burst": counts, "per": st.sampled_from(["caller", "instance"])}
    )}),
    st.fixed_dictionaries({"fault": st.fixed_dictionaries({}, optional={
        "delay": st.fixed_dictionaries({"duration": durations, "percent": percents}),
        "abort": st.fixed_dictionaries({"percent": percents}, optional={"status": st.integers(399, 600)}),
    })}),
    st.fixed_dictionaries({"routes": st.lists(routes, max_size=2)}),
)  # fmt: skip


def shop(*policies: dict[str, Any]) -> EffectiveApplication:
    """Return an application with a component for each of ``policies``, called by a gateway, and by a caller that overrides."""
    services: dict[str, Any] = {
        f"api{number}": {"image": "a", "expose": ["8080"], "deploy": {"replicas": 2}, "x-mesh": {"policy": policy}}
        for number, policy in enumerate(policies)
    }
    overridable = ("timeout", "retries", "circuit_breaker", "outlier_detection")
    overrides = {
        f"api{number}": {key: policy[key] for key in overridable if key in policy} for number, policy in enumerate(policies)
    }
    edge = {"ports": ["80:80"], "depends_on": list(services), "x-mesh": {"gateway": True}}
    caller = {"image": "c", "depends_on": list(services), "x-mesh": {"overrides": overrides}}
    return effective(parse({"services": {**services, "edge": edge, "caller": caller}}, "compose.yaml", {}, "app"))


def is_accepted(policy: dict[str, Any]) -> bool:
    try:
        shop(policy)
    except ModelError:
        return False
    return True


@settings(max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
@given(generated=st.lists(policies, min_size=20, max_size=40))
def test_envoy_accepts_what_the_parser_accepts(generated: list[dict[str, Any]]) -> None:
    assert reported_rejections(shop(*filter(is_accepted, generated)), envoy_rejection) == []
