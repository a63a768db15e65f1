"""The requested release: the application's, a file's, or that of one component, with the options of the request."""

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
EXTRA_VARS = "-e"


def requested_rollout(project: Project, options: Mapping[str, Any]) -> tuple[Rollout | None, tuple[float, ...]]:
    """Return the release, None if none is specified, and the weights that it is limited to, none for all of its own.

    ``options`` has those of ``OPTIONS`` that are set. Raises ``ModelError`` with all problems, ``Refused`` if load is impossible.
    """
    problems: list[Problem] = []
    node = Node(dict(options), (), problems)
    source, rollout = _base(project, options, node)
    if problems:
        raise ModelError(EXTRA_VARS, problems)
    if rollout and "weights" in options:
        rollout = replace(rollout, weights=read_weights(node.child("weights", options["weights"])))
    if rollout and "mirror" in options:
        rollout = replace(rollout, mirror=node.child("mirror", options["mirror"]).number(0, 100))
    if rollout:
        rollout = replace(rollout, load=_load(rollout, node, options))
    weights = read_weights(node.child("weight", [options["weight"]])) if "weight" in options else ()
    if problems:
        raise ModelError(EXTRA_VARS, problems)
    if rollout and rollout.load:
        load_generator(project.specification.application)
        entry_point(project.specification.application)
    folder = Path(project.specification.source if source == EXTRA_VARS else source).parent
    if rollout:
        rollout = replace(rollout, checks=tuple(_with_script(check, folder) for check in rollout.checks))
    problems = ineligible(rollout, project.specification.application) if rollout else []
    if problems:
        prefix = "x-mesh.release." if source == project.specification.source else ""
        raise ModelError(source, [replace(problem, path=prefix + problem.path) for problem in problems])
    return rollout, weights


def _base(project: Project, options: Mapping[str, Any], node: Node) -> tuple[str, Rollout | None]:
    own = project.specification.application.release
    if "component" not in options:
        for name in ("env", "image"):
            if name in options:
                node.child(name, options[name]).fail("component=… beside it", actual="no component that it applies to")
        return _file(str(options["release"])) if "release" in options else (project.specification.source, own)
    changes: dict[str, Any] = {}
    if "image" in options:
        changes["image"] = options["image"]
    if "env" in options:
        changes["environment"] = _environment(node.child("env", options["env"]))
    name = str(options["component"])
    default = own if own and [version.component for version in own.versions] == [name] else None
    if default and not changes:
        return project.specification.source, default
    rollout = read_rollout(Node({"components": {name: changes}}, (), node.problems))
    return EXTRA_VARS, replace(default, versions=rollout.versions) if default else rollout


def _file(path: str) -> tuple[str, Rollout]:
    problems: list[Problem] = []
    content = read_yaml(Path(path))
    document = {"name": Path(path).stem, **content} if isinstance(content, dict) else content
    rollout = read_rollout(Node(document, (), problems))
    if problems:
        raise ModelError(path, problems)
    return path, rollout


def _load(rollout: Rollout, node: Node, options: Mapping[str, Any]) -> int:
    """Return the number of users of the load generator, 0 for none."""
    enabled = boolean(options["generate_load"]) if "generate_load" in options else bool(rollout.load)
    users = rollout.load or Population.users
    if "users" in options:
        users = node.child("users", options["users"]).integer(1, MAX_USERS)
    return users if enabled else 0


def _with_script(check: Check, folder: Path) -> Check:
    """Return ``check`` with the content of its command if that is a file below ``folder``, which the target lacks."""
    file = folder / check.command[0] if check.command else folder
    if check.command and "/" in check.command[0] and not Path(check.command[0]).is_absolute() and file.is_file():
        return replace(check, script=file.read_text(encoding="utf-8"))
    return check


def _environment(node: Node) -> dict[str, str]:
    if isinstance(node.value, dict):
        return {name: item.scalar() for name, item in node.mapping().items()}
    pairs = [pair.partition("=") for pair in str(node.value).split(",")]
    if not all(name and equals for name, equals, _value in pairs):
        node.fail("a mapping, or comma-separated NAME=value pairs")
    return {name.strip(): value for name, _equals, value in pairs}
