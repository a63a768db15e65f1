"""Scenarios and their plans, by name. Each plan's text is a file of ``plans/``, which `test_plan.py` compares.

`python tests/unit/drivers/docker/scenarios.py` rewrites the files; review the difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import ALL_PARTS, DeploymentPart, Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Candidate, Split
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Plan
from world import World, application, render_plan

PLANS = Path(__file__).parent / "plans"
PUBLISHED: dict[str, Any] = {"image": "old:1", "ports": ["81:81"]}
NEW_WEB = {"image": "web:2"}


def web(replicas: int = 1, **changes: Any) -> dict[str, Any]:
    return {"deploy": {"replicas": replicas, "resources": {"limits": {"memory": "64M"}}}, **changes}


def db(replicas: int = 1, **changes: Any) -> dict[str, Any]:
    return {"deploy": {"replicas": replicas}, **changes}


def with_candidate(model: EffectiveApplication, replicas: int = 1, **split: Any) -> EffectiveApplication:
    """Return ``model`` with a candidate of web beside it."""
    return replace(model, candidates={"web": Candidate("web", replicas, "web:2")}, splits=(Split("web", **split),))


def from_to(before: EffectiveApplication, after: EffectiveApplication, scope: Scope | None = None) -> Callable[[], Plan]:
    """Return a function that plans from a deployment of ``before`` to ``after``."""
    return lambda: World().deploy(before).plan(after, scope)


def after_kill(before: EffectiveApplication, after: EffectiveApplication, last_key: str) -> Callable[[], Plan]:
    """Return a function that plans after a run from ``before`` to ``after`` died after the operation ``last_key``."""
    return lambda: World().deploy(before).deploy_until(after, last_key).plan(after)


def after_change(name: str, **changes: Any) -> Callable[[], Plan]:
    """Return a function that plans after the container ``name`` was changed by hand."""
    return lambda: World().deploy(application()).change(name, **changes).plan(application())


def after_removal(*names: str) -> Callable[[], Plan]:
    """Return a function that plans after containers were removed by hand."""

    def plan() -> Plan:
        world = World().deploy(application())
        for name in names:
            del world.containers[name]
        return world.plan(application())

    return plan


def with_keeper() -> Plan:
    """Plan with the supervisor's predecessor still running, as versions before 0.2 left it."""
    world = World().deploy(application())
    keeper = replace(world.containers.pop("app-supervisor"), name="app-keeper", role="keeper", kind="keeper", image="keeper:1")
    world.containers["app-keeper"] = keeper
    return world.plan(application())


def with_stray_network() -> Plan:
    world = World().deploy(application())
    world.networks["old"] = "10.1.0.0/16"
    return world.plan(application())


def with_another_range() -> Plan:
    """Plan with another address range in the file than the deployed one."""
    world = World().deploy(application())
    return world.plan(replace(application(), subnet="10.200.0.0/16"))


def with_former_version() -> Plan:
    """Plan without an allocation in the state store, as after versions before 0.2."""
    world = World().deploy(application())
    world.allocation = {}
    return world.plan(application())


SCENARIOS: dict[str, Callable[[], Plan]] = {
    "from nothing": lambda: World().plan(application()),
    "from nothing, three instances": lambda: World().plan(application(web=web(3))),
    "the infrastructure alone": lambda: World().plan(application(), Scope((DeploymentPart.INFRASTRUCTURE,))),
    "the mesh alone": lambda: World().plan(application(), Scope((DeploymentPart.MESH,))),
    "nothing to do": from_to(application(), application()),
    "another image, one instance": from_to(application(), application(web=NEW_WEB)),
    "another image, two instances": from_to(application(web=web(2)), application(web=web(2, **NEW_WEB))),
    "another image, three instances": from_to(application(web=web(3)), application(web=web(3, **NEW_WEB))),
    "another variable, one instance": from_to(application(), application(web={"environment": {"A": "1"}})),
    "another variable, three instances": from_to(application(web=web(3)), application(web=web(3, environment={"A": "1"}))),
    "more memory, three instances": from_to(
        application(web=web(3)),
        application(web={"deploy": {"replicas": 3, "resources": {"limits": {"memory": "96M"}}}}),
    ),
    "a memory limit removed, three instances": from_to(application(web=web(3)), application(web={"deploy": {"replicas": 3}})),
    "another proxy, three instances": from_to(application(web=web(3)), application({"envoy": "envoy:2"}, web=web(3))),
    "another sandbox": from_to(application(), application({"sandbox": "sandbox:2"})),
    "another sandbox, three instances": from_to(application(web=web(3)), application({"sandbox": "sandbox:2"}, web=web(3))),
    "all platform images changed": from_to(
        application(),
        application(
            {"envoy": "envoy:2", "sandbox": "sandbox:2", "supervisor": "supervisor:2"}, web=NEW_WEB, db={"image": "db:2"}
        ),
    ),
    "another supervisor": from_to(application(), application({"supervisor": "supervisor:2"})),
    "another port, one instance": from_to(application(), application(web={"expose": ["9090"]})),
    "another port, three instances": from_to(application(web=web(3)), application(web=web(3, expose=["9090"]))),
    "another dependency, one instance": from_to(
        application(mail={"image": "mail:1", "expose": ["25"]}),
        application(mail={"image": "mail:1", "expose": ["25"]}, web={"depends_on": ["db", "mail"]}),
    ),
    "another dependency, three instances": from_to(
        application(mail={"image": "mail:1", "expose": ["25"]}, web=web(3)),
        application(mail={"image": "mail:1", "expose": ["25"]}, web=web(3, depends_on=["db", "mail"])),
    ),
    "a stateful component, another image": from_to(application(), application(db={"image": "db:2"})),
    "a stateful component, two instances, another image": from_to(application(db=db(2)), application(db=db(2, image="db:2"))),
    "a published port, another image": from_to(application(shop=PUBLISHED), application(shop={**PUBLISHED, "image": "old:2"})),
    "a gateway, another port published": from_to(application(), application(edge={"ports": ["8080:80"]})),
    "a gateway, another proxy": from_to(application(), application({"envoy": "envoy:2"})),
    "scaled up": from_to(application(), application(web=web(3))),
    "scaled down": from_to(application(web=web(3)), application(web=web(1))),
    "scaled to zero": from_to(application(web=web(2)), application(web=web(0))),
    "scaled up with another image": from_to(application(), application(web=web(3, **NEW_WEB))),
    "scaled down with another image": from_to(application(web=web(3)), application(web=web(2, **NEW_WEB))),
    "scaled down to one with another image": from_to(application(web=web(3)), application(web=web(1, **NEW_WEB))),
    "a stateful component scaled down": from_to(application(db=db(2)), application(db=db(1))),
    "a candidate added": from_to(application(), with_candidate(application()), Scope(ALL_PARTS, ("web",))),
    "a candidate scaled up": from_to(
        with_candidate(application(web=web(2))),
        with_candidate(application(web=web(2)), 2, weight=100.0),
        Scope(ALL_PARTS, ("web",)),
    ),
    "a candidate promoted": from_to(
        with_candidate(application(web=web(2)), 2, weight=100.0, closed=Version.STABLE),
        with_candidate(application(web=web(2, **NEW_WEB)), 2, weight=100.0, closed=Version.STABLE),
        Scope(ALL_PARTS, ("web",)),
    ),
    "a candidate removed": from_to(
        with_candidate(application(), closed=Version.CANDIDATE), application(), Scope(ALL_PARTS, ("web",))
    ),
    "killed, withdrawn": after_kill(application(web=web(3)), application(web=web(3, **NEW_WEB)), "withdraw web-2"),
    "killed, replaced and not admitted": after_kill(
        application(web=web(3)), application(web=web(3, **NEW_WEB)), "recreate app-web-2"
    ),
    "killed, sandbox replaced": after_kill(
        application(web=web(3)), application({"sandbox": "sandbox:2"}, web=web(3)), "recreate app-web-2-sandbox"
    ),
    "killed, a successor without its application": after_kill(application(), application(web=NEW_WEB), "create app-web-2-proxy"),
    "killed, a successor not admitted": after_kill(application(), application(web=NEW_WEB), "await web-2"),
    "killed, a successor admitted, the old instance serves": after_kill(application(), application(web=NEW_WEB), "admit web-2"),
    "killed, the old instance withdrawn": after_kill(application(), application(web=NEW_WEB), "withdraw web-1"),
    "killed, the old instance half removed": after_kill(application(), application(web=NEW_WEB), "remove app-web-1-proxy"),
    "killed, scaling up": after_kill(application(), application(web=web(3)), "create app-web-3"),
    "killed, from nothing": after_kill(application(web=None, edge=None), application(), "create app-web-1-sandbox"),
    "a component removed": from_to(
        application(mail={"image": "mail:1", "expose": ["25"]}, web={"depends_on": ["db", "mail"]}), application()
    ),
    "a component renamed with its published port": from_to(
        application(old=PUBLISHED), application(new={"image": "new:1", "ports": ["81:81"]})
    ),
    "the keeper of version 0.1": with_keeper,
    "deployed by version 0.1": with_former_version,
    "a network with another range": with_another_range,
    "a network that is not in the model": with_stray_network,
    "a lost sandbox": after_removal("app-web-1-sandbox"),
    "a lost application": after_removal("app-web-1"),
    "a lost instance": after_removal("app-web-1-sandbox", "app-web-1-proxy", "app-web-1"),
    "a lost database": after_removal("app-db-1-sandbox", "app-db-1-proxy", "app-db-1"),
    "a stopped sandbox": after_change("app-web-1-sandbox", state="exited"),
}


def main() -> None:
    """Write all plans."""
    PLANS.mkdir(exist_ok=True)
    for stale in PLANS.glob("*.txt"):
        stale.unlink()
    for name, plan in SCENARIOS.items():
        (PLANS / f"{name}.txt").write_text(render_plan(plan()), encoding="utf-8")


if __name__ == "__main__":
    main()
