"""Which release is asked for: the application's own, a file's, or that of one component, with what is said besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.compose.node import Node
from ..module_utils.compose.release import read_rollout, read_weights
from ..module_utils.model.errors import ModelError, Problem
from ..module_utils.model.load import Population, entry_point, load_generator
from ..module_utils.model.release import MAX_USERS, Check, Rollout
from ..module_utils.release.eligibility import ineligible
from .compose_file import read_yaml
from .project import Project

OPTIONS = ("component", "env", "generate_load", "image", "mirror", "release", "users", "weight", "weights")
SOURCE = "-e"


def requested(project: Project, given: Mapping[str, Any]) -> tuple[Rollout | None, tuple[float, ...]]:
    """Return the release, None where nothing says which, and the weights that it is limited to, none where to all of its own.

    ``given`` has what is said of ``OPTIONS``. Raises ``ModelError`` with every fault, ``Refused`` where there can be no load.
    """
    problems: list[Problem] = []
    node = Node(dict(given), (), problems)
    source, rollout = _base(project, given, node)
    if problems:
        raise ModelError(SOURCE, problems)
    if rollout and "weights" in given:
        rollout = replace(rollout, weights=read_weights(node.child("weights", given["weights"])))
    if rollout and "mirror" in given:
        rollout = replace(rollout, mirror=node.child("mirror", given["mirror"]).number(0, 100))
    if rollout:
        rollout = replace(rollout, load=_load(rollout, node, given))
    weights = read_weights(node.child("weight", [given["weight"]])) if "weight" in given else ()
    if problems:
        raise ModelError(SOURCE, problems)
    if rollout and rollout.load:
        load_generator(project.specification.application)
        entry_point(project.specification.application)
    folder = Path(project.specification.source if source == SOURCE else source).parent
    if rollout:
        rollout = replace(rollout, checks=tuple(_with_script(each, folder) for each in rollout.checks))
    faults = ineligible(rollout, project.specification.application) if rollout else []
    if faults:
        place = "x-mesh.release." if source == project.specification.source else ""
        raise ModelError(source, [replace(each, path=place + each.path) for each in faults])
    return rollout, weights


def _base(project: Project, given: Mapping[str, Any], node: Node) -> tuple[str, Rollout | None]:
    own = project.specification.application.release
    if "component" not in given:
        for name in ("env", "image"):
            if name in given:
                node.child(name, given[name]).fail("component=… beside it", found="no component to give it to")
        return _file(str(given["release"])) if "release" in given else (project.specification.source, own)
    version: dict[str, Any] = {}
    if "image" in given:
        version["image"] = given["image"]
    if "env" in given:
        version["environment"] = _environment(node.child("env", given["env"]))
    name = str(given["component"])
    usual = own if own and [each.component for each in own.versions] == [name] else None
    if usual and not version:
        return project.specification.source, usual
    rollout = read_rollout(Node({"components": {name: version}}, (), node.problems))
    return SOURCE, replace(usual, versions=rollout.versions) if usual else rollout


def _file(path: str) -> tuple[str, Rollout]:
    problems: list[Problem] = []
    content = read_yaml(Path(path))
    whole = {"name": Path(path).stem, **content} if isinstance(content, dict) else content
    rollout = read_rollout(Node(whole, (), problems))
    if problems:
        raise ModelError(path, problems)
    return path, rollout


def _load(rollout: Rollout, node: Node, given: Mapping[str, Any]) -> int:
    """Return how many users the load generator has."""
    wanted = boolean(given["generate_load"]) if "generate_load" in given else bool(rollout.load)
    users = node.child("users", given["users"]).integer(1, MAX_USERS) if "users" in given else rollout.load or Population.users
    return users if wanted else 0


def _with_script(check: Check, folder: Path) -> Check:
    """Return ``check`` with the content of its command, where that is a file below ``folder``: the target has none."""
    file = folder / check.command[0] if check.command else folder
    if check.command and "/" in check.command[0] and not Path(check.command[0]).is_absolute() and file.is_file():
        return replace(check, script=file.read_text(encoding="utf-8"))
    return check


def _environment(node: Node) -> dict[str, str]:
    if isinstance(node.value, dict):
        return {name: item.scalar() for name, item in node.mapping().items()}
    pairs = [each.partition("=") for each in str(node.value).split(",")]
    if not all(name and equals for name, equals, _value in pairs):
        node.fail("a mapping, or NAME=value with commas between")
    return {name.strip(): value for name, _equals, value in pairs}
