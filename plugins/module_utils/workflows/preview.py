"""One look at everything: which stages of a deployment have something to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..drivers.docker.client import Engine
from ..drivers.docker.images import missing_images
from ..drivers.docker.plan import COMPONENTS, INFRASTRUCTURE, MESH, plan_application
from ..drivers.docker.setting import Task, lines
from ..images.needed import in_use
from ..images.recipe import Recipe
from ..model.application import Application
from .deploy import look
from .tracing import schema_is_loaded, tracing_store

PLATFORM, IMAGES, TRACING = "platform", "images", "tracing"
STAGES = (PLATFORM, IMAGES, INFRASTRUCTURE, MESH, TRACING, COMPONENTS)


@dataclass(frozen=True)
class Survey:
    """The ``stages`` to go through, in order, and all that is to do."""

    stages: tuple[str, ...]
    plan: tuple[str, ...]


def survey(engine: Engine, task: Task, recipes: Mapping[str, Recipe]) -> Survey:
    """Return what is to do on an engine that answers. Raises ``EngineError``, ``ModelError``."""
    needed = in_use(task.setting.images, task.application)
    found = {IMAGES: [f"get {image} (missing)" for image in missing_images(engine, recipes, needed)]}
    wanted, current = look(engine, task)
    for part in (INFRASTRUCTURE, MESH, COMPONENTS):
        found[part] = lines(plan_application(wanted, current, (part,)))
    store = tracing_store(task.application)
    if store and not schema_is_loaded(engine, task.setting.layout, store):
        found[TRACING] = [f"load schema {store.name} (missing)"]
    stages = tuple(stage for stage in STAGES if found.get(stage))
    return Survey(_without_covered(stages), tuple(line for stage in stages for line in found[stage]))


def stages_of(application: Application) -> tuple[str, ...]:
    """Return the stages that a deployment from nothing goes through."""
    return _without_covered(tuple(stage for stage in STAGES if stage != TRACING or tracing_store(application)))


def urls(application: Application) -> dict[str, list[str]]:
    """Return where each component that publishes ports is found on the engine's host."""
    found: dict[str, list[str]] = {}
    for component in application.components:
        for port in component.outer_ports:
            suffix = "" if port.published == 80 else f":{port.published}"
            found.setdefault(component.name, []).append(f"http://{port.host_ip or 'localhost'}{suffix}/")
    return found


def _without_covered(stages: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``stages`` without those that a later one sees to anyway: containers get what they need first."""
    return tuple(stage for stage in stages if COMPONENTS not in stages or stage not in (INFRASTRUCTURE, MESH))
