"""Input that is made to take all of a machine ends in an error that names file and place, or in a project, in bounds."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins import plugin_utils

MEGABYTES = 200
# Of the processor, the start of Python included: what has no bound needs far more.
SECONDS = 10
COLLECTIONS = next(str(parent) for parent in Path(plugin_utils.__path__[0]).parents if parent.name == "collections")
PROGRAM = """
import sys
from pathlib import Path
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_project import read_project
try:
    project = read_project(Path(sys.argv[1]), variables={})
    print(len(project.content["services"]), "services")
except ValueError as error:
    print(error)
"""
SERVICE = "services: {a: {image: x}}\n"
TENS = [",".join([f"*{letter}"] * 10) for letter in "abcdefgh"]


def bomb(shape: str) -> str:
    """Return anchors of which each stands for ten of the one before it."""
    lines = [f"x-{letter}: &{letter} {shape % ten}\n" for letter, ten in zip("bcdefghi", TENS, strict=True)]
    return "x-a: &a {k: v}\n" + "".join(lines) + SERVICE


def image(text: str) -> str:
    return f"services: {{a: {{image: '{text}'}}}}\n"


def services(form: str, count: int) -> str:
    return "services:\n" + "".join(f"  s{index}: {form.format(next=(index + 1) % count)}\n" for index in range(count))


def item(key: str, value: str) -> str:
    return f"services: {{a: {{image: x, {key}: {value}}}}}\n"


NINES = "9" * 5000
CASES: dict[str, tuple[str | Mapping[str, bytes], str]] = {
    "aliases in lists": (bomb("[%s]"), "line 1: found aliases that expand to more than"),
    "aliases in merges": (bomb("{<<: [%s]}"), "line 1: found aliases that expand to more than"),
    "an alias in itself": ("services: {a: &a {image: x, x-a: *a}}\n", "line 1: found the alias *a inside of what it stands for"),
    "levels": ("".join(" " * level + "a:\n" for level in range(1000)), "line 101: found more than 100 levels"),
    "brackets": (f"x-a: {'[' * 50000}{']' * 50000}\n{SERVICE}", "compose.yaml: line 1: found"),
    "levels of aliases": (
        "x-0: &a0 [1]\n" + "".join(f"x-{each}: &a{each} [*a{each - 1}]\n" for each in range(1, 1000)) + SERVICE,
        "found aliases that expand to more than 100 levels",
    ),
    "defaults that are open": (image("${A:-" * 20000), "services.a.image: found '${A:-"),
    "defaults in defaults": (image("${A:-" * 20000 + "}" * 20000), "services.a.image: found defaults in defaults"),
    "defaults by turns": (image("${A:-x} " * 20000), "1 services"),
    "dollar signs": (image("$" * 500000), "1 services"),
    "a chain of dependencies": (
        services("{{image: x, depends_on: {{s{next}: {{condition: service_started}}}}}}", 1500),
        "a circle: s0",
    ),
    "a chain of services": (services("{{extends: s{next}}}", 1500), "services.s50.extends: found a chain of more than 50"),
    "services": (services("{{image: x, ports: ['80'], environment: {{A: $B}}}}", 2047), "2047 services"),
    "a number": (item("cpu_shares", NINES), "services.a.cpu_shares: found '999"),
    "a number in quotes": (item("stop_grace_period", f"'{NINES}s'"), "services.a.stop_grace_period: found '999"),
    "a port of many digits": (item("ports", f"[{NINES}]"), "services.a.ports[0]: found '999"),
    "a port that is a digit to Python": (item("ports", "['²']"), "services.a.ports[0]: found '²'"),
    "every port": (item("ports", "['1-65535:1-65535']"), "1 services"),
    "every port of many": (services("{{image: x, ports: ['1-65535']}}", 3), "services.s1.ports[0]: found more than 70000 ports"),
    "keys that are unknown": (
        SERVICE + "".join(f"key{each}: 1\n" for each in range(20000)),
        "key0: found the unknown key 'key0'",
    ),
    "names that are unknown": (item("depends_on", f"[{','.join(f'a{each}' for each in range(20000))}]"), "depends_on.a0"),
    "a file of megabytes": (SERVICE + "# " + "x" * 2**21, "compose.yaml: (file): found more than 1 MB"),
    "variables that double": (
        {
            "compose.yaml": image("$A29").encode(),
            ".env": b"A0=xxxxxxxxxxxxxxxx\n" + b"".join(b"A%d=$A%d$A%d\n" % (each, each - 1, each - 1) for each in range(1, 30)),
        },
        ".env: line 21: found variables that expand to more than 16 MB",
    ),
    "another encoding": (
        {"compose.yaml": SERVICE.encode(), ".env": "A=1\nB=é\n".encode("latin-1")},
        ".env: line 2: found the byte 0xe9, which is no UTF-8",
    ),
    "a circle of files": ("include: [compose.yaml]\n" + SERVICE, "include[0]: found a circle"),
    "files that include twice": (
        {f"{each}.yaml": f"include: [{each + 1}.yaml, {each + 1}.yaml]\n".encode() for each in range(20)}
        | {"20.yaml": SERVICE.encode(), "compose.yaml": b"include: [0.yaml]\n"},
        "found more than 200 files in one project",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_ends_in_bounds(name: str, tmp_path: Path) -> None:
    files, expected = CASES[name]
    for path, content in ({"compose.yaml": files.encode()} if isinstance(files, str) else files).items():
        (tmp_path / path).write_bytes(content)

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEGABYTES * 2**20, MEGABYTES * 2**20))

    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        preexec_fn=bound,
        env={"PYTHONPATH": COLLECTIONS},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout
