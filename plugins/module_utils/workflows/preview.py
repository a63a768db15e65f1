"""One look at everything: which stages of a deployment have something to do."""

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

# What the base image's own program makes it with.
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
    """Whether the target ``reachable``; the ``stages`` to go through, in order, and all that is to do."""

    reachable: bool
    stages: tuple[Stage, ...]
    plan: tuple[str, ...]


def preview(context: Context, recipes: Mapping[str, Recipe]) -> Preview:
    """Return what a deployment would do; without a target every stage has something to do.

    Raises ``DriverError``, ``StateError``, ``ModelError``, ``Refused``.
    """
    if not context.driver.reachable():
        return Preview(False, _stages_from_nothing(context.specification.application), ())
    state = context.driver.state.read()
    view = observe(context.driver, context.specification, state)
    found: dict[Stage, list[str]] = {}
    missing = missing_images(context.driver.images, recipes, images_in_use(view.application))
    found[Stage.IMAGES] = [f"get {image} (missing)" for image in missing]
    if any(each.from_nothing and each.reference in missing for each in recipes.values()) and not shutil.which(ROOTFS_MAKER):
        found[Stage.PLATFORM] = [f"install {ROOTFS_MAKER} (missing)"]
    for part in DeploymentPart:
        found[Stage(part)] = view.plan(Scope((part,))).lines()
    store = tracing_store(view.application)
    if store and not schema_is_loaded(context, state, store):
        found[Stage.TRACING] = [f"load schema {store.name} (missing)"]
    stages = tuple(stage for stage in Stage if found.get(stage))
    return Preview(True, _without_covered(stages), tuple(line for stage in stages for line in found[stage]))


def urls(application: Application, host: str) -> dict[str, list[str]]:
    """Return where each component that publishes ports is found; ``host`` is what the target's host is called."""
    found: dict[str, list[str]] = {}
    for component in application.components:
        for port in component.outer_ports:
            address = host if port.host_ip in EVERY_ADDRESS else port.host_ip
            suffix = "" if port.published == 80 else f":{port.published}"
            found.setdefault(component.name, []).append(f"http://{f'[{address}]' if ':' in address else address}{suffix}/")
    return found


def _stages_from_nothing(application: Application) -> tuple[Stage, ...]:
    """Return the stages that a deployment from nothing goes through."""
    return _without_covered(tuple(stage for stage in Stage if stage != Stage.TRACING or tracing_store(application)))


def _without_covered(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return ``stages`` without those that a later one sees to anyway: containers get what they need first."""
    covered = (Stage.INFRASTRUCTURE, Stage.MESH)
    return tuple(stage for stage in stages if Stage.COMPONENTS not in stages or stage not in covered)
