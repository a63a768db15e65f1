"""Builds or pulls the missing images of an application; each image is built after its parents."""

from __future__ import annotations

import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..drivers.base import ImageStore
from ..drivers.errors import Cancelled
from ..images.context import unpack
from ..images.recipe import Recipe
from ..plan.execute import Outcome, execute
from ..plan.graph import Operation, Plan, make_plan

MAX_BUILDS = 4
REPORT_SECONDS = 10.0
# Longer than for other workflows: a slow host must not end a build that takes minutes.
HEARTBEAT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Build(Operation):
    """Build the image called ``subject``."""

    verb: ClassVar[str] = "build"
    recipe: Recipe


@dataclass(frozen=True, kw_only=True)
class Pull(Operation):
    """Pull the image ``subject``."""

    verb: ClassVar[str] = "pull"


def missing_images(store: ImageStore, recipes: Mapping[str, Recipe], required: Mapping[str, str]) -> list[str]:
    """Return the ``required`` references that ``store`` lacks, and the missing parents before the images built from them."""
    by_reference = {recipe.reference: recipe for recipe in recipes.values()}
    absent = set(store.missing([*required.values(), *by_reference]))
    missing: list[str] = []

    def add(reference: str) -> None:
        if reference not in absent or reference in missing:
            return
        for parent in by_reference[reference].parents if reference in by_reference else ():
            add(recipes[parent].reference)
        missing.append(reference)

    for reference in dict.fromkeys(required.values()):
        add(reference)
    return missing


def plan_images(recipes: Mapping[str, Recipe], missing: list[str]) -> Plan:
    """Return the builds and pulls of the references in ``missing``."""
    by_reference = {recipe.reference: recipe for recipe in recipes.values()}
    return make_plan(
        Build(
            subject=by_reference[reference].name,
            cause=f"no image {reference}",
            after=frozenset(Build.key_of(name) for name in by_reference[reference].parents),
            recipe=by_reference[reference],
        )
        if reference in by_reference
        else Pull(subject=reference, cause="missing")
        for reference in missing
    )


def build_and_pull(
    store: ImageStore,
    plan: Plan,
    bundle: Path,
    say: Callable[[str], None],
    alive: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Build and pull images, a few at a time; the archives of the contexts are in the tar file ``bundle``.

    ``say`` reports the progress of each. Once the requester is not ``alive`` any more, all fail with ``Cancelled``.
    """
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
        with tarfile.open(bundle) as archives:
            unpack(archives, Path(folder))

        def get(operation: Operation) -> None:
            name, started = operation.subject, time.monotonic()
            report = throttled(lambda step: say(f"image {name}: {step} ({time.monotonic() - started:.0f} s)"))

            def report_step(step: str) -> None:
                if not alive():
                    raise Cancelled("interrupted")
                report(step)

            report_step("starting")
            if isinstance(operation, Build):
                store.build(operation.recipe, Path(folder, f"{name}.tar"), report_step)
            else:
                store.pull(name, report_step)
            say(f"image {name}: ready after {time.monotonic() - started:.0f} s")

        return execute(plan, get, MAX_BUILDS)


def throttled(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that passes a line on to ``say`` if the last one was ``REPORT_SECONDS`` ago, and drops it otherwise."""
    last_report = time.monotonic()

    def say_throttled(line: str) -> None:
        nonlocal last_report
        if time.monotonic() - last_report >= REPORT_SECONDS:
            last_report = time.monotonic()
            say(line)

    return say_throttled
