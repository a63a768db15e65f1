"""The bundled application equals the design's table, and the loader reports its own faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load

COMPOSE = Path(__file__).parents[3] / "applications" / "sockshop" / "compose.yaml"

TABLE = """
edge-router  80,8080               80,8080  128   stateless  front-end
shopper      -                     -        256  stateless  edge-router
front-end    8079,9001             -        512   stateless  catalogue,carts,orders,user,payment,shipping
catalogue    80                    -        128   stateless  catalogue-db,zipkin
catalogue-db 3306                  -        512   stateful   -
carts        80                    -        1024  stateless  carts-db,zipkin
carts-db     27017                 -        512   stateful   -
orders       8848                  -        1024  stateless  orders-db,payment,user,carts,shipping,zipkin
orders-db    27017                 -        512   stateful   -
shipping     8080                  -        1024  stateless  rabbitmq,zipkin
payment      80                    -        128   stateless  zipkin
user         80                    -        512   stateless  user-db,zipkin
user-db      27017                 -        512   stateful   -
rabbitmq     4369,5671,5672,25672  -        1024  stateful   -
queue-master -                     -        1024  stateless  rabbitmq
zipkin       9410,9411             9411     1024  stateless  zipkin-db
zipkin-db    3306                  -        512   stateful   -
"""


def test_the_sock_shop_has_the_components_of_the_table() -> None:
    rows = set()
    for component in load(COMPOSE, {}).components:
        inner = ",".join(str(port.number) for port in component.ports) or "-"
        outer = ",".join(str(port.published) for port in component.outer_ports) or "-"
        calls = ",".join(dependency.name for dependency in component.dependencies) or "-"
        rows.add((component.name, inner, outer, str((component.memory or 0) >> 20), component.kind, calls))
    assert rows == {tuple(line.split()) for line in TABLE.strip().splitlines()}


def test_variables_change_published_ports() -> None:
    edge = load(COMPOSE, {"EDGE_HTTP_PORT": "8000"}).component("edge-router")
    assert [port.published for port in edge.outer_ports] == [8000, 8080]


def test_variables_take_precedence_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'a:$A', working_dir: /$B}}")
    (tmp_path / ".env").write_text("# versions\nA='1'\nexport B=2 # two\n")
    a = load(tmp_path / "compose.yaml", {"A": "9"}).component("a")
    assert (a.image, a.working_dir) == ("a:9", "/2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: [", "well-formed YAML"),
        ("services: {a: {image: a, image: b}}", "found the key 'image' twice"),
        ("[1, 2]", "(top): found a list; allowed: a mapping"),
    ],
)
def test_a_file_that_is_not_compose_is_reported(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    with pytest.raises(ModelError) as caught:
        load(file, {})
    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.yaml: \(file\): found .*No such file"):
        load(tmp_path / "absent.yaml", {})


def test_yaml_is_parsed_as_compose_parses_it(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {a: {image: a, ports: [22:22], expose: [80], environment: {ANSWER: yes, NO: no, ON: on, OCTAL: 0400, T: true},"
        " x-mesh: {policy: {retries: {on: [reset]}}}}}"
    )
    a = load(tmp_path / "compose.yaml", {}).component("a")
    assert [(port.published, port.target) for port in a.outer_ports] == [(22, 22)]
    assert dict(a.environment) == {"ANSWER": "yes", "NO": "no", "ON": "on", "OCTAL": "256", "T": "true"}
    assert a.policy.retries.on == ("reset",)
