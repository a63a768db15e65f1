"""Builds images on an engine, each once its parents are there, from the archives of a bundle."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..docker.engine import Engine, EngineError
from ..plan.graph import Operation, Plan, make_plan
from .source import REPOSITORY, ROOTFS, Image

SHOWN_LINES = 15
BUILD_SECONDS = 1800.0
ROOTFS_CHANGES = ('CMD ["/bin/bash"]',)


@dataclass(frozen=True)
class Recipe:
    """What the target host has to know of an image, besides the archive ``<name>.tar`` of the bundle."""

    name: str
    reference: str
    parents: tuple[str, ...]
    dockerfile: str
    args: Mapping[str, str]
    target: str
    from_nothing: bool

    @classmethod
    def of(cls, image: Image) -> Recipe:
        """Return the recipe of an image."""
        source = image.source
        return cls(
            image.name, image.reference, image.parents, source.dockerfile, dict(source.args), source.target, image.from_nothing
        )


class BuildError(Exception):
    """An image could not be built; the message has the last lines of the build's output."""


def present(engine: Engine) -> set[str]:
    """Return the references of the images made here before."""
    found = engine.get("/images/json", filters={"reference": [f"{REPOSITORY}/*"]})
    return {tag for image in found for tag in image["RepoTags"] or ()}


def plan_builds(recipes: Mapping[str, Recipe], references: set[str]) -> Plan:
    """Return the builds of the images whose reference is not among ``references``."""
    return make_plan(
        Operation("build", name, f"no image {recipe.reference}", frozenset(f"build {parent}" for parent in recipe.parents))
        for name, recipe in recipes.items()
        if recipe.reference not in references
    )


def build(engine: Engine, recipe: Recipe, bundle: Path, say: Callable[[str], None]) -> None:
    """Build one image; ``say`` is told the step that a long build is at. Raises ``BuildError``."""
    archive = bundle / f"{recipe.name}.tar"
    if recipe.from_nothing:
        _import(engine, recipe, archive)
        return
    lines: list[str] = []
    with archive.open("rb") as content:
        answer = engine.stream(
            "POST",
            "/build",
            content,
            BUILD_SECONDS,
            t=recipe.reference,
            dockerfile=recipe.dockerfile,
            buildargs=dict(recipe.args),
            target=recipe.target,
            networkmode="host",
            rm=1,
            forcerm=1,
            version=1,
        )
        for document in answer:
            if "error" in document:
                raise BuildError(_failure(recipe.name, lines, document["error"]))
            text = str(document.get("stream", "")).strip()
            if text.startswith("Step "):
                say(text)
            lines.extend(text.splitlines())
            del lines[:-SHOWN_LINES]


def _import(engine: Engine, recipe: Recipe, archive: Path) -> None:
    """Fill a folder by the source's own program, and make an image of it."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
        source, root = Path(folder, "source"), Path(folder, "root")
        root.mkdir(mode=0o755)
        with tarfile.open(archive) as content:
            content.extractall(source, filter="fully_trusted")
        made = subprocess.run([str(source / ROOTFS), str(root)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            lines = made.stdout.splitlines()[-SHOWN_LINES:]
            raise BuildError(_failure(recipe.name, lines, f"{ROOTFS} ended with status {made.returncode}"))
        packed = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
        repository, tag = recipe.reference.split(":")
        with packed:
            stream = engine.stream(
                "POST", "/images/create", packed.stdout, BUILD_SECONDS,
                fromSrc="-", repo=repository, tag=tag, changes=ROOTFS_CHANGES[0],
            )  # fmt: skip
            for document in stream:
                if "error" in document:
                    raise EngineError(0, document["error"])
        if packed.returncode:
            raise BuildError(_failure(recipe.name, [], f"tar ended with status {packed.returncode}"))


def _failure(name: str, lines: list[str], error: str) -> str:
    return "\n".join([f"The image {name} could not be built: {error}", *(f"  | {line}" for line in lines)])
