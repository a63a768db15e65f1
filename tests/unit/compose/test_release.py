"""Releases in files, and the problems of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.node import Node
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.release import read_rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Problem
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, Check, ComponentVersion, Gate, Rollout

COMPONENTS = {"web": {"image": "web:2"}}


def read(content: dict[str, Any]) -> tuple[Rollout, list[str]]:
    problems: list[Problem] = []
    rollout = read_rollout(Node({"components": COMPONENTS, **content}, (), problems))
    return rollout, [str(problem) for problem in problems]


def test_every_key_of_a_release_is_read() -> None:
    rollout, problems = read({
        "name": "spring",
        "components": {"web": {"image": "web:2"}, "api": {"environment": {"B": 2, "A": True}}},
        "weights": [1, "12.5", 100],
        "audiences": [{"header": "X-Team", "values": ["a"]}, {"cookie": "Beta", "values": [1]}],
        "mirror": 20,
        "gate": {"margin": 0.1, "hold": "1m", "max_latency": "250ms", "max_error_rate": 0.05, "requests": 10},
        "checks": {
            "smoke": {"command": "curl --fail http://localhost/", "interval": "2s"},
            "page": {"url": "http://localhost/", "status": 201, "contains": "socks"},
            "rate": {"url": "http://prometheus:9090", "query": "up", "min": 1},
        },
        "keep_candidate": True,
    })  # fmt: skip
    assert problems == []
    assert rollout == Rollout(
        name="spring",
        versions=(ComponentVersion("web", "web:2"), ComponentVersion("api", "", (("A", "true"), ("B", "2")))),
        weights=(1, 12.5, 100),
        audiences=(Audience("header", "x-team", ("a",)), Audience("cookie", "Beta", ("1",))),
        mirror=20,
        gate=Gate(margin=0.1, hold=60, max_latency=0.25, max_error_rate=0.05, requests=10),
        checks=(
            Check("smoke", command=("curl", "--fail", "http://localhost/"), interval=2),
            Check("page", url="http://localhost/", status=201, contains="socks"),
            Check("rate", url="http://prometheus:9090", query="up", least=1),
        ),
        keep_candidate=True,
    )


def test_a_release_is_named_after_its_components() -> None:
    assert read({})[0].name == "web"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"components": {}}, "(top): found no components; allowed: components with at least one"),
        ({"components": {"web": {}}}, "components.web: found nothing new"),
        ({"weights": [10, 5]}, "weights: found 10, 5; allowed: weights that rise"),
        ({"weights": [0.001]}, "weights.0: found 0.001; allowed: 0, or from 0.01 to 100"),
        ({"weights": [101]}, "weights.0: found 101; allowed: a number from 0 to 100"),
        ({"weigths": [1]}, "weigths: found the unknown key 'weigths'; allowed: 'weights'"),
        ({"gate": {"max_latency": "300ms"}}, "gate.max_latency: found '300ms'; allowed: a bound of the proxies' histogram"),
        ({"gate": {"margin": 2}}, "gate.margin: found 2; allowed: a number from 0.0001 to 0.5"),
        ({"checks": {"a": {}}}, "checks.a: found a mapping; allowed: a command, or a url"),
        ({"checks": {"a": {"url": "u", "contains": "("}}}, "checks.a.contains: found '('; allowed: a regular expression"),
        ({"checks": {"a": {"url": "u", "query": "up"}}}, "checks.a: found a query without a limit"),
        ({"audiences": [{"header": "a", "cookie": "b", "values": ["c"]}]}, "audiences.0: found a mapping; allowed: header or"),
        ({"name": "No Name"}, "name: found 'No Name'; allowed: a name of lower-case letters"),
    ],
    ids=str,
)
def test_problems_are_reported_with_their_path(content: dict[str, Any], problem: str) -> None:
    _release, problems = read(content)
    assert any(message.startswith(problem) for message in problems), problems
