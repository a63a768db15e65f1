"""Runs the workflow that a request names, and returns what came of it in terms of an Ansible module's result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..drivers.base import DeploymentPart, Scope, TeardownScope
from ..drivers.errors import Busy, DriverError
from ..drivers.registry import Target, TargetOptions, make_driver
from ..images.recipe import Recipe
from ..images.required import images_in_use
from ..images.source import SourceError
from ..model.errors import ModelError, Refused
from ..model.serialization import built
from ..model.specification import Specification
from ..plan.graph import Plan
from ..release.effective import effective
from ..release.state import StateError
from ..runtime.heartbeat import HEARTBEAT_SECONDS, heartbeat
from ..runtime.progress import reporter
from .context import Context, Result
from .deploy import deploy
from .images import HEARTBEAT_SECONDS as IMAGES_HEARTBEAT_SECONDS
from .images import build_and_pull, missing_images, plan_images
from .preview import preview, urls
from .tracing import prepare_store

# Workflows that not every run needs are loaded where they are called.

# All that a workflow raises on purpose: the message says what was found, and the way out.
EXPECTED = (Refused, Busy, ModelError, StateError, DriverError, SourceError, OSError)

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


def run(parameters: Mapping[str, Any], dry: bool) -> Answer:
    """Return the result of the workflow that a module's parameters request; with ``failure`` where it did not go well."""
    request = json.loads(parameters["request"])
    specification: Specification = built(Specification, request["specification"])
    options = TargetOptions(
        target=Target(parameters["target"]),
        docker_host=parameters["docker_host"],
        docker_cert_path=parameters["docker_cert_path"] or "",
        directory=parameters["directory"],
    )
    name, progress = request["workflow"], parameters["progress"]
    try:
        driver = make_driver(options, specification.application.name, specification.folder)
        alive = heartbeat(progress, heartbeat_seconds(name))
        context = Context(driver, specification, request["by"], reporter(progress), alive)
        return _WORKFLOWS[name](context, request["arguments"], dry)
    except EXPECTED as error:
        return {"failure": str(error)}


def heartbeat_seconds(name: str) -> float:
    """Return how long whoever requested the workflow called ``name`` may be silent."""
    return IMAGES_HEARTBEAT_SECONDS if name == "images" else HEARTBEAT_SECONDS


def _planned(result: Result) -> Answer:
    return {"changed": bool(result.plan), "failure": result.failure, **_shown(result.plan)}


def _shown(plan: Plan) -> Answer:
    return {"plan": plan.lines(), "diff": _diff(str(plan))}


def _diff(after: str) -> dict[str, str]:
    """Return a plan as the diff that Ansible shows: nothing before, each operation after."""
    return {"before": "", "after": after, "before_header": "as it is", "after_header": "plan"}


def _deploy(context: Context, arguments: Arguments, dry: bool) -> Answer:
    scope = Scope(tuple(DeploymentPart(each) for each in arguments["parts"]), tuple(arguments["only"]))
    return _planned(deploy(context, scope, arguments["timeout"], dry))


def _teardown(context: Context, arguments: Arguments, dry: bool) -> Answer:
    from .teardown import tear_down

    extent = TeardownScope(arguments["delete_data"], not arguments["keep_infrastructure"])
    if extent.data and not extent.infrastructure:
        told = "allowed: pulumi destroy, as docs/pulumi.md says, then this again without the stack's inventory"
        raise Refused(f"delete_data: found true, and that the volumes are a Pulumi stack's; {told}")
    return _planned(tear_down(context, extent, dry))


def _schema(context: Context, arguments: Arguments, dry: bool) -> Answer:
    return _planned(prepare_store(context, arguments["timeout"], dry))


def _images(context: Context, arguments: Arguments, dry: bool) -> Answer:
    recipes = {each["name"]: Recipe(**each) for each in arguments["recipes"]}
    application = effective(context.specification, context.driver.state.read())
    store = context.driver.images
    plan = plan_images(recipes, missing_images(store, recipes, images_in_use(application, arguments["also"])))
    failure = ""
    if arguments["bundle"] and not dry:
        failure = str(build_and_pull(store, plan, Path(arguments["bundle"]), context.say, context.alive))
    builds = [each.subject for each in plan.operations.values() if each.verb == "build"]
    return {"changed": bool(plan), "failure": failure, "builds": builds, **_shown(plan)}


def _preview(context: Context, arguments: Arguments, dry: bool) -> Answer:
    recipes = {each["name"]: Recipe(**each) for each in arguments["recipes"]}
    found = preview(context, recipes)
    where = urls(context.specification.application, arguments["host"])
    return {"changed": False, "engine": found.reachable, "stages": list(found.stages), "plan": list(found.plan), "urls": where}


def _status(context: Context, arguments: Arguments, dry: bool) -> Answer:
    from .status import status

    return {"changed": False, "status": asdict(status(context, arguments["host"]))}


def _scale(context: Context, arguments: Arguments, dry: bool) -> Answer:
    from .scale import AdviceRounds, Size, scale_or_advise

    size = Size(arguments["component"], arguments["replicas"], arguments["memory"])
    rounds = AdviceRounds(arguments["seconds"], arguments["rounds"], arguments["auto"])
    done = scale_or_advise(context, size, rounds, arguments["timeout"], dry)
    plan = "".join(f"{line}\n" for line in done.plan)
    told = {"plan": list(done.plan), "advice": list(done.advice), "diff": _diff(plan)}
    return {"changed": bool(done.plan), "failure": done.failure, **told}


def _load(context: Context, arguments: Arguments, dry: bool) -> Answer:
    from ..model.load import Population
    from .load import generate_load

    population = Population(arguments["users"], arguments["seconds"], arguments["spawn_rate"])
    report = Path(arguments["report"]) if arguments["report"] else None
    result = generate_load(context, population, report, dry)
    told: Answer = {"changed": True, "failure": result.failure, "generator": result.generator, "target": result.target}
    return told if dry else {**told, "totals": asdict(result.totals), "reported": result.saved}


def _release(context: Context, arguments: Arguments, dry: bool) -> Answer:
    from ..model.release import Rollout
    from .release import Action, ReleaseRequest, release, summary

    request = ReleaseRequest(
        action=Action(arguments["action"]),
        rollout=built(Rollout, arguments["rollout"]),
        named=arguments["named"],
        weights=tuple(arguments["weights"]),
        timeout=arguments["timeout"],
        back_on_interrupt=arguments["back_on_interrupt"],
    )
    result = release(context, request, dry)
    lines = list(result.lines) or summary(result.release)
    shown = asdict(result.release)
    # It makes a request one of the candidates': nobody is to read it in a log.
    del shown["tester"]
    return {
        "changed": result.changed,
        "failure": result.failure,
        "release": shown,
        "summary": lines,
        "generator": context.specification.application.load if result.release.rollout.load else "",
        "diff": _diff("".join(f"{line}\n" for line in lines) if dry else ""),
    }


_WORKFLOWS: dict[str, Callable[[Context, Arguments, bool], Answer]] = {
    "deploy": _deploy,
    "images": _images,
    "load": _load,
    "preview": _preview,
    "release": _release,
    "scale": _scale,
    "status": _status,
    "teardown": _teardown,
    "zipkin_schema": _schema,
}
