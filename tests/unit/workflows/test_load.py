"""How much load may be generated, and where it may go."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.population import read_population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError, Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import (
    LoadReport,
    Population,
    entry_point,
    load_generator,
    parse_report,
)


def application(*ports: Any, load: str = "users", status: int = 0) -> Application:
    gateway = {"ports": list(ports), "depends_on": ["web"], "x-mesh": {"gateway": {"status": status} if status else True}}
    services = {"web": {"image": "w", "ports": ["7000:7000"]}, "edge": gateway, "users": {"image": "u", "depends_on": ["edge"]}}
    return parse({"name": "app", "services": services, "x-mesh": {"load": load} if load else {}}, "compose.yaml", {}, "app")


def test_a_population_has_defaults() -> None:
    assert read_population({}) == Population(20, 60, 5.0)
    assert read_population({"users": "500", "seconds": 3600, "spawn_rate": "0.5"}) == Population(500, 3600, 0.5)


@pytest.mark.parametrize(
    "options",
    [
        {"users": 0}, {"users": 501}, {"users": "many"}, {"users": 1.5}, {"users": True}, {"users": None},
        {"seconds": 0}, {"seconds": 3601}, {"seconds": "-1"},
        {"spawn_rate": 0}, {"spawn_rate": 101}, {"spawn_rate": "nan"},
    ],
)  # fmt: skip
def test_a_population_out_of_bounds_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=rf"^-e: {next(iter(options))}: found .*; allowed: a (whole )?number from "):
        read_population(options)


def test_all_values_out_of_bounds_are_reported_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        read_population({"users": 0, "seconds": 0, "spawn_rate": 0})
    assert [problem.path for problem in caught.value.problems] == ["users", "seconds", "spawn_rate"]


def test_load_goes_to_the_gateways_published_port() -> None:
    gateway, target = entry_point(application("8081:81", "8000:80", status=81))
    assert (gateway.name, target) == ("edge", "http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("address", "host"),
    [("0.0.0.0:", "127.0.0.1"), ("127.0.0.2:", "127.0.0.2"), ("[::]:", "[::1]"), ("[::1]:", "[::1]")],
)
def test_load_goes_to_a_loopback_address(address: str, host: str) -> None:
    assert entry_point(application(f"{address}8000:80"))[1] == f"http://{host}:8000"


def test_load_goes_to_local_addresses_only() -> None:
    assert entry_point(application("10.1.2.3:8000:80", "8001:81"))[1] == "http://127.0.0.1:8001"
    with pytest.raises(Refused, match=r"found 10\.1\.2\.3:8000; allowed: a port of a gateway that is published on all"):
        entry_point(application("10.1.2.3:8000:80"))
    with pytest.raises(Refused, match="found no published port of a gateway"):
        entry_point(application("81:81", status=81))


def test_the_generator_is_the_component_named_in_the_file() -> None:
    assert load_generator(application("80:80")).name == "users"
    with pytest.raises(Refused, match=r"x-mesh\.load: found nothing; allowed: "):
        load_generator(application("80:80", load=""))


def test_a_generators_report_may_have_missing_and_unknown_fields() -> None:
    report = parse_report('{"requests": 12, "failures": 2.0, "p95": 7, "users": "x", "else": [], "errors": ["a"]}')
    assert report == LoadReport(requests=12, failures=2, p95=7.0, errors=("a",))
    assert str(report) == "0 users, 12 requests, 2 failures, 0 requests/s, p95 7 ms"
    assert report.any_succeeded and not LoadReport(requests=3, failures=3).any_succeeded
    for text in ("", "[]", '{"requests": '):
        with pytest.raises(ValueError):
            parse_report(text)
