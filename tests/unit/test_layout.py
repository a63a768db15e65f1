"""Which package may import which, by all imports in the code, at any level of a file.

Three rules are less strict than they might be:

- `release` and `release.analysis` may import each other: a gate's decision is part of a stored release.
- `mesh` and `images` import nothing but the model: the file is read before images are named.
- `drivers.registry` imports the one driver that it makes inside the function, since a module's start time counts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
UTILS = PLUGINS / "module_utils"
COLLECTION = "ansible_collections.evenkeel.mesh.plugins"
PACKAGES = ("compose", "drivers", "images", "mesh", "model", "plan", "release", "runtime", "workflows")
BELOW_DRIVERS = ("drivers.base", "drivers.errors", "images", "mesh", "model", "plan", "release.state", "runtime")
WORKFLOWS = ("workflows", "drivers.base", "drivers.errors", "images", "mesh", "model", "plan", "release", "runtime")

# What files below a path may import from the collection, by prefixes below module_utils; the longest path applies.
ALLOWED = {
    "compose": ("compose", "model"),
    "model": ("model",),
    "mesh": ("mesh", "model"),
    "plan": ("plan",),
    "release": ("release", "model"),
    "images": ("images", "model"),
    "runtime": ("runtime",),
    "drivers/base.py": ("model", "plan", "images", "release.state"),
    "drivers/errors.py": (),
    "drivers/registry.py": ("model", "drivers.base", "drivers.docker"),
    "drivers/docker": ("drivers.docker", *BELOW_DRIVERS),
    "drivers/kubernetes": ("drivers.kubernetes", *BELOW_DRIVERS),
    "workflows": WORKFLOWS,
    "workflows/entry.py": (*WORKFLOWS, "drivers.registry"),
}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if path.name != "__init__.py")


FILES = files(UTILS)


def name_of(path: Path) -> str:
    return str(path.relative_to(UTILS))


def imports(path: Path, top: bool = False) -> Iterator[str]:
    """Yield the imports of a file from the collection, dotted and below ``plugins``; with ``top``, of its top level only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = (PLUGINS.name, *path.relative_to(PLUGINS).parts[:-1])
    for node in tree.body if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            outside = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            base = ".".join(filter(None, (outside, node.module)))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            local_name = name.removeprefix(f"{COLLECTION.rpartition('.')[0]}.")
            if local_name.startswith(f"{PLUGINS.name}."):
                yield local_name.removeprefix(f"{PLUGINS.name}.")


def imported_utils(path: Path, top: bool = False) -> list[str]:
    """Return the imports of a file from module_utils, without that prefix."""
    names = [name.removeprefix("module_utils.") for name in imports(path, top) if name.startswith("module_utils.")]
    return [name for name in names if any(name.startswith(f"{package}.") for package in PACKAGES)]


def allowed_imports(path: Path) -> tuple[str, ...]:
    name = name_of(path)
    folder = max((prefix for prefix in ALLOWED if name == prefix or name.startswith(f"{prefix}/")), key=len)
    return ALLOWED[folder]


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_rules_match_the_existing_files() -> None:
    assert {path.relative_to(UTILS).parts[0] for path in FILES} == set(PACKAGES)
    assert len(FILES) > 100
    assert "mesh.files.served_addresses" in imported_utils(UTILS / "drivers" / "docker" / "observation.py")
    assert "drivers.docker.driver.DockerDriver" in imported_utils(UTILS / "drivers" / "registry.py")
    assert "drivers.registry.make_driver" in imported_utils(UTILS / "workflows" / "entry.py")
    assert "runtime.library.Library" in imported_utils(PLUGINS / "modules" / "workflow.py")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_imports_only_lower_layers(path: Path) -> None:
    assert [name for name in imported_utils(path) if not is_within(name, allowed_imports(path))] == []
    assert [name for name in imports(path) if not name.startswith("module_utils.")] == [], "the library has no other plugins"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_not_just_an_alias(path: Path) -> None:
    """No file exists just to re-export names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert any(isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)) for node in tree.body)
    assert not any(isinstance(node, ast.Assign) and "__all__" in ast.unparse(node) for node in tree.body)


def test_init_files_are_empty() -> None:
    assert [str(path) for path in UTILS.rglob("__init__.py") if path.stat().st_size] == []


def test_the_registry_imports_no_driver_at_import_time() -> None:
    registry = UTILS / "drivers" / "registry.py"
    assert [
        name for name in imported_utils(registry, top=True) if is_within(name, ("drivers.docker", "drivers.kubernetes"))
    ] == []


@pytest.mark.parametrize("path", files(PLUGINS / "modules"), ids=lambda path: path.name)
def test_a_module_imports_only_the_library_loader(path: Path) -> None:
    assert [name for name in imported_utils(path) if not is_within(name, ("runtime.library",))] == []


@pytest.mark.parametrize("folder", ["action", "plugin_utils", "inventory"])
def test_controller_code_imports_no_driver_and_no_workflow(folder: str) -> None:
    for path in files(PLUGINS / folder):
        forbidden = [name for name in imported_utils(path) if is_within(name, ("drivers", "mesh", "plan", "workflows"))]
        assert forbidden == [], path.name


def test_hosts_need_only_the_standard_library() -> None:
    """Besides the collection itself: hosts have Python, and nothing else for sure."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            forbidden = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
            assert forbidden <= ({"yaml"} if name_of(path).startswith("compose/") else set()), path
