"""Gets the images of an application: what is missing is built, each once its parents are there, or pulled."""

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

BUILDS_AT_A_TIME = 4
QUIET_SECONDS = 10.0
# A slow host must not end a build that takes minutes, so this is longer than for what waits for users.
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


def missing_images(store: ImageStore, recipes: Mapping[str, Recipe], needed: Mapping[str, str]) -> list[str]:
    """Return the references that ``store`` lacks: of ``recipes`` those that ``needed`` images come from, then others."""
    built = {recipe.reference: recipe for recipe in recipes.values()}
    lacking = set(store.missing([*needed.values(), *built]))
    missing: list[str] = []

    def want(reference: str) -> None:
        if reference not in lacking or reference in missing:
            return
        for parent in built[reference].parents if reference in built else ():
            want(recipes[parent].reference)
        missing.append(reference)

    for reference in dict.fromkeys(needed.values()):
        want(reference)
    return missing


def plan_images(recipes: Mapping[str, Recipe], missing: list[str]) -> Plan:
    """Return the builds and pulls of the references in ``missing``."""
    built = {recipe.reference: recipe for recipe in recipes.values()}
    return make_plan(
        Build(
            subject=built[each].name,
            cause=f"no image {each}",
            after=frozenset(Build.key_of(name) for name in built[each].parents),
            recipe=built[each],
        )
        if each in built
        else Pull(subject=each, cause="missing")
        for each in missing
    )


def build_and_pull(
    store: ImageStore,
    plan: Plan,
    bundle: Path,
    say: Callable[[str], None],
    alive: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Build and pull side by side, a few at a time; the archives are in the tar file ``bundle``.

    ``say`` reports the progress of each. Once whoever requested them is not ``alive`` any more all fail by ``Cancelled``.
    """
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
        with tarfile.open(bundle) as archives:
            unpack(archives, Path(folder))

        def get(operation: Operation) -> None:
            name, started = operation.subject, time.monotonic()
            told = throttled(lambda step: say(f"image {name}: {step} ({time.monotonic() - started:.0f} s)"))

            def tell(step: str) -> None:
                if not alive():
                    raise Cancelled("interrupted")
                told(step)

            tell("beginning")
            if isinstance(operation, Build):
                store.build(operation.recipe, Path(folder, f"{name}.tar"), tell)
            else:
                store.pull(name, tell)
            say(f"image {name}: ready after {time.monotonic() - started:.0f} s")

        return execute(plan, get, BUILDS_AT_A_TIME)


def throttled(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes a line on when nothing has been said for ``QUIET_SECONDS``: a quick build is one line in all."""
    last = time.monotonic()

    def passed_on(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            say(line)

    return passed_on
