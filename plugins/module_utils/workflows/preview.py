"""A preview of a deployment: the stages that have something to do, and their operations."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..drivers.base import DeploymentPart, Scope
from ..images.recipe import Recipe
from ..images.required import images_in_use
from ..model.application import Application
from .context import Context, observe
from .images import missing_images
from .tracing import schema_is_loaded, tracing_store

# The program that builds the base image.
ROOTFS_MAKER = "debootstrap"
EVERY_ADDRESS = ("", "0.0.0.0", "::")


class Stage(StrEnum):
    """The stages of a deployment, in their order; each is a role."""

    PLATFORM = "platform"
    IMAGES = "images"
    INFRASTRUCTURE = "infrastructure"
    MESH = "mesh"
    TRACING = "tracing"
    COMPONENTS = "components"


@dataclass(frozen=True)
class Preview:
    """Whether the target is ``reachable``, the ``stages`` with something to do, in order, and their operations."""

    reachable: bool
    stages: tuple[Stage, ...]
    plan: tuple[str, ...]


def preview(context: Context, recipes: Mapping[str, Recipe]) -> Preview:
    """Return what a deployment would do; if the target is not reachable, all stages.

    Raises ``DriverError``, ``StateError``, ``ModelError``, ``Refused``.
    """
    if not context.driver.reachable():
        return Preview(False, _stages_from_nothing(context.specification.application), ())
    state = context.driver.state.read()
    view = observe(context.driver, context.specification, state)
    operations: dict[Stage, list[str]] = {}
    missing = missing_images(context.driver.images, recipes, images_in_use(view.application))
    operations[Stage.IMAGES] = [f"get {image} (missing)" for image in missing]
    builds_base = any(recipe.from_nothing and recipe.reference in missing for recipe in recipes.values())
    if builds_base and not shutil.which(ROOTFS_MAKER):
        operations[Stage.PLATFORM] = [f"install {ROOTFS_MAKER} (missing)"]
    for part in DeploymentPart:
        operations[Stage(part)] = view.plan(Scope((part,))).lines()
    store = tracing_store(view.application)
    if store and not schema_is_loaded(context, state, store):
        operations[Stage.TRACING] = [f"load schema {store.name} (missing)"]
    stages = tuple(stage for stage in Stage if operations.get(stage))
    return Preview(True, _without_covered(stages), tuple(line for stage in stages for line in operations[stage]))


def urls(application: Application, host: str) -> dict[str, list[str]]:
    """Return the URLs of each component that publishes ports; ``host`` is the name of the target's host."""
    result: dict[str, list[str]] = {}
    for component in application.components:
        for port in component.outer_ports:
            address = host if port.host_ip in EVERY_ADDRESS else port.host_ip
            suffix = "" if port.published == 80 else f":{port.published}"
            result.setdefault(component.name, []).append(f"http://{f'[{address}]' if ':' in address else address}{suffix}/")
    return result


def _stages_from_nothing(application: Application) -> tuple[Stage, ...]:
    """Return the stages of a first deployment."""
    return _without_covered(tuple(stage for stage in Stage if stage != Stage.TRACING or tracing_store(application)))


def _without_covered(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return ``stages`` without those that the components stage includes."""
    covered = (Stage.INFRASTRUCTURE, Stage.MESH)
    return tuple(stage for stage in stages if Stage.COMPONENTS not in stages or stage not in covered)
