"""Malicious input results in an error with file and place, or in a project, within limits of CPU time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins import plugin_utils

MEGABYTES = 200
# CPU time, including Python's startup; unbounded processing takes far longer.
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
    """Return anchors, each of which refers to the previous one ten times."""
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
    "a recursive alias": (
        "services: {a: &a {image: x, x-a: *a}}\n",
        "line 1: found the alias *a inside the node that it refers to",
    ),
    "nesting": ("".join(" " * level + "a:\n" for level in range(1000)), "line 101: found more than 100 levels"),
    "brackets": (f"x-a: {'[' * 50000}{']' * 50000}\n{SERVICE}", "compose.yaml: line 1: found"),
    "nested aliases": (
        "x-0: &a0 [1]\n" + "".join(f"x-{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 1000)) + SERVICE,
        "found aliases that expand to more than 100 levels",
    ),
    "unclosed defaults": (image("${A:-" * 20000), "services.a.image: found '${A:-"),
    "nested defaults": (image("${A:-" * 20000 + "}" * 20000), "services.a.image: found defaults in defaults"),
    "many defaults": (image("${A:-x} " * 20000), "1 services"),
    "dollar signs": (image("$" * 500000), "1 services"),
    "a chain of dependencies": (
        services("{{image: x, depends_on: {{s{next}: {{condition: service_started}}}}}}", 1500),
        "a cycle: s0",
    ),
    "a chain of services": (services("{{extends: s{next}}}", 1500), "services.s50.extends: found a chain of more than 50"),
    "services": (services("{{image: x, ports: ['80'], environment: {{A: $B}}}}", 2047), "2047 services"),
    "a number": (item("cpu_shares", NINES), "services.a.cpu_shares: found '999"),
    "a number in quotes": (item("stop_grace_period", f"'{NINES}s'"), "services.a.stop_grace_period: found '999"),
    "a port of many digits": (item("ports", f"[{NINES}]"), "services.a.ports[0]: found '999"),
    "a port with a non-ASCII digit": (item("ports", "['²']"), "services.a.ports[0]: found '²'"),
    "every port": (item("ports", "['1-65535:1-65535']"), "1 services"),
    "every port of several services": (
        services("{{image: x, ports: ['1-65535']}}", 3),
        "services.s1.ports[0]: found more than 70000 ports",
    ),
    "unknown keys": (
        SERVICE + "".join(f"key{index}: 1\n" for index in range(20000)),
        "key0: found the unknown key 'key0'",
    ),
    "unknown dependencies": (item("depends_on", f"[{','.join(f'a{index}' for index in range(20000))}]"), "depends_on.a0"),
    "a large file": (SERVICE + "# " + "x" * 2**21, "compose.yaml: (file): found more than 1 MB"),
    "exponential variables": (
        {
            "compose.yaml": image("$A29").encode(),
            ".env": b"A0=xxxxxxxxxxxxxxxx\n"
            + b"".join(b"A%d=$A%d$A%d\n" % (index, index - 1, index - 1) for index in range(1, 30)),
        },
        ".env: line 21: found variables that expand to more than 16 MB",
    ),
    "another encoding": (
        {"compose.yaml": SERVICE.encode(), ".env": "A=1\nB=é\n".encode("latin-1")},
        ".env: line 2: found the byte 0xe9, which is not valid UTF-8",
    ),
    "an include cycle": ("include: [compose.yaml]\n" + SERVICE, "include[0]: found a cycle"),
    "exponential includes": (
        {f"{index}.yaml": f"include: [{index + 1}.yaml, {index + 1}.yaml]\n".encode() for index in range(20)}
        | {"20.yaml": SERVICE.encode(), "compose.yaml": b"include: [0.yaml]\n"},
        "found more than 200 files in one project",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_processing_is_bounded(name: str, tmp_path: Path) -> None:
    files, expected = CASES[name]
    for path, content in ({"compose.yaml": files.encode()} if isinstance(files, str) else files).items():
        (tmp_path / path).write_bytes(content)

    def set_limits() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEGABYTES * 2**20, MEGABYTES * 2**20))

    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        preexec_fn=set_limits,
        env={"PYTHONPATH": COLLECTIONS},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout
