"""The parser: the meaning of a Compose file, and the message of each fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import (
    RESERVED_PORTS,
    Application,
    Component,
    Dependency,
    OuterPort,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.kinds import check_kinds


def parse_services(services: dict[str, Any], variables: dict[str, str] | None = None, **top: Any) -> Application:
    return parse({"services": services, **top}, "compose.yaml", variables or {}, "shop")


def component(**keys: Any) -> Component:
    return parse_services({"web": {"image": "web", **keys}}).component("web")


def faults(services: Any, **top: Any) -> list[str]:
    with pytest.raises(ModelError) as caught:
        parse_services(services, **top)
    return [str(problem) for problem in caught.value.problems]


def test_components_come_after_what_they_depend_on() -> None:
    services = {"a": {"image": "a", "depends_on": ["b"]}, "b": {"image": "b", "depends_on": ["c"]}, "c": {"image": "c"}}
    application = parse_services(services)
    assert [component.name for component in application.components] == ["c", "b", "a"]
    assert application.dependents("c") == ("b",)


def test_a_component_with_a_named_volume_is_stateful_by_default() -> None:
    services = {
        "db": {"image": "db", "volumes": ["data:/data"]},
        "cache": {"image": "cache", "volumes": ["data:/data"], "x-mesh": {"kind": "stateless"}},
        "web": {"image": "web", "volumes": ["./web.conf:/etc/web.conf:ro"]},
    }
    application = parse_services(services, volumes={"data": None})
    assert {component.name: component.kind for component in application.components} == {
        "db": "stateful",
        "cache": "stateless",
        "web": "stateless",
    }


def test_the_protocol_of_a_port_follows_its_number_unless_specified() -> None:
    web = component(expose=["3306", 8080, "7000/tcp"], ports=["80:9000"], **{"x-mesh": {"ports": {9000: "grpc"}}})
    assert [(port.number, port.protocol) for port in web.ports] == [
        (3306, "mysql"),
        (7000, "tcp"),
        (8080, "http"),
        (9000, "grpc"),
    ]
    assert [(port.published, port.target) for port in web.outer_ports] == [(80, 9000)]


def test_memory_and_durations_are_bytes_and_seconds() -> None:
    web = component(mem_limit="64m", stop_grace_period="1m30s", healthcheck={"test": "true", "interval": "500ms"})
    assert (web.memory, web.stop_grace_period) == (64 << 20, 90.0)
    assert web.healthcheck is not None
    assert (web.healthcheck.test, web.healthcheck.interval) == (("CMD-SHELL", "true"), 0.5)


def test_dependencies_keep_their_condition() -> None:
    services = {"web": {"image": "w", "depends_on": {"db": {"condition": "service_healthy"}}}, "db": {"image": "d"}}
    assert parse_services(services).component("web").dependencies == (Dependency("db", "service_healthy"),)


def test_commands_are_split_into_words() -> None:
    assert component(command="serve --name 'my shop'").command == ("serve", "--name", "my shop")
    assert component(command=["serve", 80]).command == ("serve", "80")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$TAG", "v1"),
        ("${TAG}", "v1"),
        ("a$$b", "a$b"),
        ("${NONE:-x}", "x"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${TAG:+set}", "set"),
        ("${NONE:+set}", ""),
        ("${NONE:-${TAG}}", "v1"),
        ("${NONE}", ""),
    ],
)
def test_interpolation(text: str, expected: str) -> None:
    application = parse_services({"web": {"image": "w", "environment": {"V": text}}}, {"TAG": "v1", "EMPTY": ""})
    assert application.component("web").environment == (("V", expected),)


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        ({"imagee": "x"}, "services.web.imagee: found the unknown key 'imagee'; allowed: 'image', or another of "),
        ({"expose": ["15001"]}, "services.web.expose.0: found '15001'; allowed: another port: the proxy beside the application"),
        (
            {"ports": ["80:15006"]},
            "services.web.ports.0: found '80:15006'; allowed: another port: the proxy beside the application",
        ),
        ({"ports": [{"target": 15411, "published": 80}]}, "services.web.ports.0.target: found 15411; allowed: another port"),
        ({"x-mesh": {"ports": {8848: "http"}}}, "services.web.x-mesh.ports.8848: found 8848; allowed: a port in expose"),
        ({"expose": [80], "x-mesh": {"ports": {80: "htp"}}}, "services.web.x-mesh.ports.80: found 'htp'; allowed: http, grpc"),
        ({"x-mesh": {"overrides": {"api": {}}}}, "services.web.x-mesh.overrides.api: found 'api'; allowed: a name in depends_on"),
        (
            {"depends_on": ["db"], "x-mesh": {"overrides": {"db": {"rate_limit": {}}}}},
            "services.web.x-mesh.overrides.db.rate_limit: found the unknown key 'rate_limit'; allowed: ",
        ),
        (
            {"x-mesh": {"policy": {"rate_limit": {"requests_per_second": 1, "per": "user"}}}},
            "services.web.x-mesh.policy.rate_limit.per: found 'user'; allowed: instance, caller",
        ),
        ({"networks": ["a"]}, "services.web.networks: found the key 'networks', which cannot be honoured here; allowed: no "),
        ({"deploy": {"replicas": 15}}, "services.web.deploy.replicas: found 15; allowed: a whole number from 0 to 14"),
        ({"deploy": {"resources": {"limits": {"memory": "much"}}}}, "services.web.deploy.resources.limits.memory: found 'much'"),
        ({"ports": ["80"]}, "services.web.ports.0: found '80'; allowed: \"published:target\""),
        ({"ports": ["70000:80"]}, "services.web.ports.0: found '70000:80'; allowed: a port from 1 to 65535"),
        ({"environment": ["HOME"]}, "services.web.environment.0: found 'HOME'; allowed: NAME=value"),
        ({"environment": {"V": "${X:?say it}"}}, "services.web.environment.V: found the unset variable X; allowed: a value"),
        ({"environment": {"V": "${1}"}}, "services.web.environment.V: found '${1}'; allowed: $NAME, ${NAME}"),
        ({"volumes": ["/data"]}, "services.web.volumes.0: found '/data'; allowed: \"name:/path\""),
        ({"volumes": ["data:/data"]}, "services.web.volumes.data: found 'data'; allowed: a volume of this file: there is none"),
        ({"secrets": ["key"]}, "services.web.secrets.key: found 'key'; allowed: a secret of this file"),
        ({"depends_on": ["db"]}, "services.web.depends_on.db: found 'db'; allowed: a component of this file: web"),
        ({"restart": "no"}, "services.web.restart: found 'no'; allowed: always, unless-stopped"),
        ({"x-mesh": {"policy": {"timeout": 5}}}, "services.web.x-mesh.policy.timeout: found 5; allowed: a duration"),
        ({"x-mesh": {"policy": {"routes": [{"domains": ["*"]}]}}}, "services.web.x-mesh.policy.routes.0.domains: found a list"),
        ({"healthcheck": {"interval": "1s"}}, "services.web.healthcheck: found a healthcheck without a test; allowed: test"),
        ({"command": "say 'open"}, 'services.web.command: found "say \'open"; allowed: a list of words'),
    ],
)
def test_a_fault_names_the_path_the_value_and_what_is_allowed(service: dict[str, Any], fault: str) -> None:
    [only] = faults({"web": {"image": "web", **service}})
    assert only.startswith(fault)


def test_every_fault_is_reported_at_once() -> None:
    assert len(faults({"web": {"image": 1, "expose": ["x"], "deploy": {"replicas": -1}}})) == 3


def test_the_whole_dependency_cycle_is_reported() -> None:
    services = {name: {"image": name, "depends_on": [dependency]} for name, dependency in (("a", "b"), ("b", "c"), ("c", "a"))}
    assert faults(services) == ["services.c.depends_on.a: found the cycle a → b → c → a; allowed: dependencies without a cycle"]


def test_outer_ports_collide_only_at_the_same_address() -> None:
    def services(first: str, second: str) -> dict[str, Any]:
        return {"a": {"image": "a", "ports": [first]}, "b": {"image": "b", "ports": [second]}}

    assert faults(services("80:80", "127.0.0.1:80:8080")) == [
        "services.b.ports: found port 80, which services.a publishes; allowed: outer ports that nothing else publishes"
    ]
    parse_services(services("127.0.0.1:80:80", "127.0.0.2:80:80"))


def test_a_file_without_services_is_refused() -> None:
    assert faults({}) == ["(top): found no services; allowed: services with at least one component"]


def test_a_deployed_component_keeps_its_kind() -> None:
    application = parse_services({"web": {"image": "w"}, "db": {"image": "d", "x-mesh": {"kind": "stateful"}}})
    check_kinds(application, {"db": "stateful", "gone": "stateful"}, "compose.yaml")
    with pytest.raises(ModelError, match=r"compose.yaml: services\.db\.x-mesh\.kind: found 'stateful'; allowed: 'stateless'"):
        check_kinds(application, {"db": "stateless"}, "compose.yaml")


def test_a_volume_has_its_specified_size() -> None:
    services = {"db": {"image": "db", "volumes": ["data:/data", "log:/log"]}}
    volumes = parse_services(services, volumes={"log": None, "data": {"x-mesh": {"size": "2g"}}}).volumes
    assert [(volume.name, volume.size) for volume in volumes] == [("data", 2 << 30), ("log", None)]


@pytest.mark.parametrize(
    ("volume", "fault"),
    [
        ({"external": True}, "volumes.data.external: found the key 'external', which cannot be honoured here; allowed: a volume"),
        ({"driver": "nfs"}, "volumes.data.driver: found the key 'driver', which cannot be honoured here; allowed: no driver"),
        ({"x-mesh": {"size": "big"}}, "volumes.data.x-mesh.size: found 'big'; allowed: a byte value"),
    ],
)
def test_an_unsupported_volume_is_reported(volume: dict[str, Any], fault: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_services({"db": {"image": "db", "volumes": ["data:/data"]}}, volumes={"data": volume})
    assert fault in str(caught.value)


def test_the_load_generator_is_a_component_with_a_workload() -> None:
    services = {"users": {"image": "u", "deploy": {"replicas": 0}}, "edge": {"ports": ["80:80"], "x-mesh": {"gateway": True}}}
    assert parse_services(services, **{"x-mesh": {"load": "users"}}).load == "users"
    assert parse_services(services).load == ""
    assert faults(services, **{"x-mesh": {"load": "nobody"}}) == ["x-mesh.load: found 'nobody'; allowed: users, edge"]
    gateway = faults(services, **{"x-mesh": {"load": "edge"}})
    assert gateway == ["x-mesh.load: found edge, a gateway; allowed: a component with an application"]


@pytest.mark.parametrize("port", RESERVED_PORTS)
@pytest.mark.parametrize(
    "service",
    [
        lambda port: {"expose": [port]},
        lambda port: {"expose": [f"{port}/tcp"]},
        lambda port: {"expose": [f"0{port}"]},
        lambda port: {"ports": [f"80:{port}"]},
        lambda port: {"ports": [f"127.0.0.1:80:{port}/tcp"]},
        lambda port: {"ports": [{"target": str(port), "published": 80}]},
    ],
)
def test_a_port_of_the_proxy_is_refused_however_it_is_written(service: Callable[[int], dict[str, Any]], port: int) -> None:
    [only] = faults({"web": {"image": "web", **service(port)}})
    assert "allowed: another port: the proxy beside the application listens on 15001, 15006, 15411" in only


def test_a_port_of_the_host_may_have_the_number_of_one_of_the_proxys() -> None:
    assert component(ports=["15001:80"]).outer_ports == (OuterPort(15001, 80),)
