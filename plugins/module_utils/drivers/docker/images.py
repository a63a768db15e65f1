"""Builds images on an engine, each once its parents are there, from the archives of a bundle."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ...images.recipe import Recipe
from ...images.source import REPOSITORY, ROOTFS
from ...plan.execute import Outcome, execute
from ...plan.graph import Operation, Plan, make_plan
from .client import Engine, EngineError

SHOWN_LINES = 15
BUILDS_AT_A_TIME = 4
QUIET_SECONDS = 10.0
BUILD_SECONDS = 1800.0
LAYER_DONE = ("Already exists", "Pull complete")
LAYER_STATES = ("Pulling fs layer", "Downloading", "Extracting", *LAYER_DONE)
ROOTFS_CHANGES = ('CMD ["/bin/bash"]',)




class BuildError(Exception):
    """An image could not be built; the message has the last lines of the build's output."""


def present(engine: Engine) -> set[str]:
    """Return the references of the images made here before."""
    found = engine.get("/images/json", filters={"reference": [f"{REPOSITORY}/*"]})
    return {tag for image in found for tag in image["RepoTags"] or ()}


def missing_images(engine: Engine, recipes: Mapping[str, Recipe], needed: Mapping[str, str]) -> list[str]:
    """Return the references that the engine lacks: of ``recipes`` those that ``needed`` images come from, then others."""
    known = present(engine) if engine.answers() else set()
    built = {recipe.reference: recipe for recipe in recipes.values()}
    missing: list[str] = []

    def want(reference: str) -> None:
        if reference in known or reference in missing:
            return
        for parent in built[reference].parents if reference in built else ():
            want(recipes[parent].reference)
        missing.append(reference)

    for reference in dict.fromkeys(needed.values()):
        if reference in built or not is_there(engine, reference):
            want(reference)
    return missing


def plan_images(recipes: Mapping[str, Recipe], missing: list[str]) -> Plan:
    """Return the builds and pulls of the references in ``missing``."""
    built = {recipe.reference: recipe for recipe in recipes.values()}
    return make_plan(
        Operation("build", built[each].name, f"no image {each}", frozenset(f"build {name}" for name in built[each].parents))
        if each in built
        else Operation("pull", each, "missing")
        for each in missing
    )


def pull(engine: Engine, reference: str, say: Callable[[str], None]) -> None:
    """Pull an image; ``say`` is told now and then how many of its layers are there. Raises ``BuildError``."""
    layers: dict[str, bool] = {}
    say = _now_and_then(say)
    name, _, tag = reference.partition("@") if "@" in reference else reference.rpartition(":")
    if not name or "/" in tag:
        name, tag = reference, "latest"
    for document in engine.stream("POST", "/images/create", timeout=BUILD_SECONDS, fromImage=name, tag=tag):
        if "error" in document:
            raise BuildError(f"{reference} could not be pulled: {document['error']}")
        if document.get("status") in LAYER_STATES:
            layers[document["id"]] = document["status"] in LAYER_DONE
            say(f"{sum(layers.values())} of {len(layers)} layers")


def is_there(engine: Engine, reference: str) -> bool:
    """Whether the engine has an image; one without a name needs none."""
    if not reference or not engine.answers():
        return not reference
    try:
        engine.get(f"/images/{reference}/json")
    except EngineError as error:
        if error.status == 404:
            return False
        raise
    return True


def build(engine: Engine, recipe: Recipe, bundle: Path, say: Callable[[str], None]) -> None:
    """Build one image; ``say`` is told the step that a long build is at. Raises ``BuildError``."""
    archive = bundle / f"{recipe.name}.tar"
    if recipe.from_nothing:
        _import(engine, recipe, archive)
        return
    lines: list[str] = []
    say = _now_and_then(say)
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


def carry_out(engine: Engine, plan: Plan, recipes: Mapping[str, Recipe], bundle: Path, say: Callable[[str], None]) -> Outcome:
    """Build and pull side by side, a few at a time; the archives are in the tar file ``bundle``."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
        with tarfile.open(bundle) as archives:
            archives.extractall(folder, filter="data")

        def get(operation: Operation) -> None:
            name, started = operation.subject, time.monotonic()

            def tell(step: str) -> None:
                say(f"image {name}: {step}")

            if operation.verb == "pull":
                pull(engine, name, tell)
            else:
                build(engine, recipes[name], Path(folder), tell)
            say(f"image {name}: ready after {time.monotonic() - started:.0f} s")

        return execute(plan, get, BUILDS_AT_A_TIME)


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes a line on when nothing has been said for a while: a quick build is one line in all."""
    last = time.monotonic()

    def passed_on(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            say(line)

    return passed_on
