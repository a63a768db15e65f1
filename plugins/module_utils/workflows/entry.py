"""Runs the workflow that a request names, and returns its result as that of an Ansible module."""

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
from ..model.serialization import from_json
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

# Workflows that not every run needs are imported where they are called.

# All errors that a workflow raises on purpose: the message says what was found and what to do.
EXPECTED = (Refused, Busy, ModelError, StateError, DriverError, SourceError, OSError)

Arguments = Mapping[str, Any]
ModuleResult = dict[str, Any]


def run(parameters: Mapping[str, Any], dry: bool) -> ModuleResult:
    """Return the result of the workflow that a module's parameters request; it has a ``failure`` if it did not succeed."""
    request = json.loads(parameters["request"])
    specification: Specification = from_json(Specification, request["specification"])
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
    """Return the seconds after which the requester of the workflow called ``name`` counts as gone."""
    return IMAGES_HEARTBEAT_SECONDS if name == "images" else HEARTBEAT_SECONDS


def _workflow_result(result: Result) -> ModuleResult:
    return {"changed": bool(result.plan), "failure": result.failure, **_plan_result(result.plan)}


def _plan_result(plan: Plan) -> ModuleResult:
    return {"plan": plan.lines(), "diff": _diff(str(plan))}


def _diff(after: str) -> dict[str, str]:
    """Return a plan as the diff that Ansible shows: nothing before, each operation after."""
    return {"before": "", "after": after, "before_header": "as it is", "after_header": "plan"}


def _deploy(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    scope = Scope(tuple(DeploymentPart(part) for part in arguments["parts"]), tuple(arguments["only"]))
    return _workflow_result(deploy(context, scope, arguments["timeout"], dry))


def _teardown(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    from .teardown import tear_down

    scope = TeardownScope(arguments["delete_data"], not arguments["keep_infrastructure"])
    if scope.data and not scope.infrastructure:
        allowed = "pulumi destroy, as docs/pulumi.md says, then this again without the stack's inventory"
        raise Refused(f"delete_data: found true, and that the volumes are a Pulumi stack's; allowed: {allowed}")
    return _workflow_result(tear_down(context, scope, dry))


def _schema(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    return _workflow_result(prepare_store(context, arguments["timeout"], dry))


def _images(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    recipes = {recipe["name"]: Recipe(**recipe) for recipe in arguments["recipes"]}
    application = effective(context.specification, context.driver.state.read())
    store = context.driver.images
    plan = plan_images(recipes, missing_images(store, recipes, images_in_use(application, arguments["also"])))
    failure = ""
    if arguments["bundle"] and not dry:
        failure = str(build_and_pull(store, plan, Path(arguments["bundle"]), context.say, context.alive))
    builds = [operation.subject for operation in plan.operations.values() if operation.verb == "build"]
    return {"changed": bool(plan), "failure": failure, "builds": builds, **_plan_result(plan)}


def _preview(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    recipes = {recipe["name"]: Recipe(**recipe) for recipe in arguments["recipes"]}
    result = preview(context, recipes)
    return {
        "changed": False,
        "engine": result.reachable,
        "stages": list(result.stages),
        "plan": list(result.plan),
        "urls": urls(context.specification.application, arguments["host"]),
    }


def _status(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    from .status import status

    return {"changed": False, "status": asdict(status(context, arguments["host"]))}


def _scale(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    from .scale import AdviceRounds, Size, scale_or_advise

    size = Size(arguments["component"], arguments["replicas"], arguments["memory"])
    rounds = AdviceRounds(arguments["seconds"], arguments["rounds"], arguments["auto"])
    report = scale_or_advise(context, size, rounds, arguments["timeout"], dry)
    plan = "".join(f"{line}\n" for line in report.plan)
    return {
        "changed": bool(report.plan),
        "failure": report.failure,
        "plan": list(report.plan),
        "advice": list(report.advice),
        "diff": _diff(plan),
    }


def _load(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    from ..model.load import Population
    from .load import generate_load

    population = Population(arguments["users"], arguments["seconds"], arguments["spawn_rate"])
    report = Path(arguments["report"]) if arguments["report"] else None
    result = generate_load(context, population, report, dry)
    fields: ModuleResult = {"changed": True, "failure": result.failure, "generator": result.generator, "target": result.target}
    return fields if dry else {**fields, "totals": asdict(result.totals), "reported": result.saved}


def _release(context: Context, arguments: Arguments, dry: bool) -> ModuleResult:
    from ..model.release import Rollout
    from .release import Action, ReleaseRequest, release, summary

    request = ReleaseRequest(
        action=Action(arguments["action"]),
        rollout=from_json(Rollout, arguments["rollout"]),
        name=arguments["named"],
        weights=tuple(arguments["weights"]),
        timeout=arguments["timeout"],
        back_on_interrupt=arguments["back_on_interrupt"],
    )
    result = release(context, request, dry)
    lines = list(result.lines) or summary(result.release)
    fields = asdict(result.release)
    # A secret: requests that carry it go to the candidates, so it must not get into logs.
    del fields["tester"]
    return {
        "changed": result.changed,
        "failure": result.failure,
        "release": fields,
        "summary": lines,
        "generator": context.specification.application.load if result.release.rollout.load else "",
        "diff": _diff("".join(f"{line}\n" for line in lines) if dry else ""),
    }


_WORKFLOWS: dict[str, Callable[[Context, Arguments, bool], ModuleResult]] = {
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
