"""Plans from the observed to the desired state, without an engine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import DeploymentPart, Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import names
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import ObservedContainer
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.topology import topology
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Plan
from scenarios import PLANS, PUBLISHED, SCENARIOS, web
from world import NETWORK, World, application, effective, render_plan

RECORDS = Path(__file__).parent / "records-0.1"


def deployed_world(**changes: dict[str, Any] | None) -> World:
    """Return a world in which the application is deployed."""
    return World().deploy(application(**changes))


def lines(plan: Plan) -> list[str]:
    return plan.lines()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_plan_equals_its_golden_file(name: str) -> None:
    """If the difference is intended, run python tests/unit/drivers/docker/scenarios.py and review the files."""
    assert render_plan(SCENARIOS[name]()) == (PLANS / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_scenario() -> None:
    assert {path.stem for path in PLANS.iterdir()} == set(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_after_a_plan_is_carried_out_nothing_is_left_to_do(name: str) -> None:
    """After the plan of a scenario, a second plan of the same model is empty."""
    plans: list[tuple[World, EffectiveApplication, Scope | None]] = []

    class RecordingWorld(World):
        def plan(self, model: EffectiveApplication, scope: Scope | None = None) -> Plan:
            plans.append((self, model, scope))
            return super().plan(model, scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scenarios.World", RecordingWorld)
        plan = SCENARIOS[name]()
    world, model, scope = plans[-1]
    world.carry_out(plan.operations.values())
    assert lines(World.plan(world, model, scope)) == []


def test_a_deployed_application_has_nothing_to_do() -> None:
    assert lines(deployed_world().plan(application())) == []


def test_a_first_deployment_creates_everything_in_dependency_order() -> None:
    plan = World().plan(application())
    keys = list(plan.operations)
    assert keys.index("create network app-mesh") < keys.index("create app-db-1-sandbox") < keys.index("create app-db-1")
    assert keys.index("create volume app_data") < keys.index("create app-db-1")
    assert keys.index("create secret password") < keys.index("create app-db-1")
    assert keys.index("await db-1") < keys.index("create app-web-1"), "web waits for a healthy db"
    assert "create app-edge-1" not in keys, "a gateway has no application"


def test_a_stopped_container_is_started() -> None:
    assert lines(deployed_world().change("app-web-1", state="exited").plan(application())) == [
        "start app-web-1 (it is exited)",
        "await web-1 (healthy before the run ends)",
    ]


def test_a_changed_memory_limit_is_corrected_in_place() -> None:
    assert lines(deployed_world().change("app-web-1", memory=128 << 20).plan(application()))[0] == (
        "update app-web-1 (memory 128M → 64M)"
    )


def test_a_raised_memory_limit_is_applied_in_place() -> None:
    raised = application(web={"deploy": {"resources": {"limits": {"memory": "96M"}}}})
    assert lines(deployed_world().plan(raised))[0] == "update app-web-1 (memory 64M → 96M)"


def test_a_removed_memory_limit_replaces_the_container() -> None:
    lifted = lines(deployed_world(web=web(2)).plan(application(web={"deploy": {"replicas": 2}})))
    assert "recreate app-web-1 (memory 64M → unlimited)" in lifted
    assert lines(deployed_world().plan(application(web={"deploy": {}})))[0] == "create app-web-2-sandbox (missing)"


@pytest.mark.parametrize("cpus", ["0.3333333333", "0.1", "1.0000000001", "0.0100000004", "2.7182818285"])
def test_any_cpu_limit_converges(cpus: str) -> None:
    """An engine counts in billionths, a file in any number of decimals."""
    limited = application(web={"deploy": {"resources": {"limits": {"cpus": cpus}}}})
    world = World().deploy(limited)
    assert world.containers["app-web-1"].cpus == round(float(cpus) * 1e9)
    assert lines(world.plan(limited)) == []


def test_a_container_leaves_a_stray_network() -> None:
    world = deployed_world().change("app-web-1-sandbox", networks=("app-mesh", "stray"))
    assert lines(world.plan(application()))[0] == "detach app-web-1-sandbox (it is on the network stray too)"


def test_a_network_that_is_not_in_the_model_is_removed() -> None:
    world = deployed_world()
    world.networks["old"] = "10.1.0.0/16"
    assert lines(world.plan(application())) == ["remove network old (not in the model)"]


def test_a_lost_sandbox_replaces_the_whole_instance() -> None:
    world = deployed_world(db={"deploy": {"replicas": 2}})
    del world.containers["app-db-1-sandbox"]
    replaced = [line for line in lines(world.plan(application(db={"deploy": {"replicas": 2}}))) if "app-db-1" in line]
    assert replaced == [
        "create app-db-1-sandbox (missing)",
        "recreate app-db-1-proxy (its sandbox has changed)",
        "recreate app-db-1 (its sandbox has changed)",
    ]


def test_a_changed_image_changes_no_other_component() -> None:
    plan = World().deploy(application()).plan(application(web={"image": "web:2"}))
    assert {operation.component for operation in plan.operations.values()} == {"web"}


def test_a_new_instance_takes_traffic_once_it_is_healthy() -> None:
    plan = deployed_world().plan(application(web=web(2)))
    assert "await web-2" in plan.operations["admit web-2"].after
    assert not any("web-1" in key or "db-1" in key for key in plan.operations)
    assert not any(key.startswith("write shared/endpoints/") for key in plan.operations)


def test_a_plan_without_components_sends_no_traffic_to_missing_instances() -> None:
    plan = deployed_world().plan(application(web=web(2)), Scope((DeploymentPart.MESH,)))
    assert not any(key.startswith("write shared/endpoints/") for key in plan.operations)


def test_an_instance_is_withdrawn_and_drained_before_it_is_removed() -> None:
    plan = deployed_world(web=web(2)).plan(application())
    assert "withdraw web-2" in plan.operations["drain web-2"].after
    assert "drain web-2" in plan.operations["remove app-web-2"].after & plan.operations["remove app-web-2-proxy"].after
    assert {"remove app-web-2-proxy", "remove app-web-2"} <= plan.operations["remove app-web-2-sandbox"].after


def test_an_unhealthy_workload_is_reported() -> None:
    assert lines(deployed_world().change("app-db-1", health="unhealthy").plan(application())) == ["await db-1 (it is unhealthy)"]


def test_a_changed_policy_writes_files_and_changes_no_container() -> None:
    limited = application(web={"x-mesh": {"policy": {"rate_limit": {"requests_per_second": 5}, "timeout": "1s"}}})
    assert lines(deployed_world().plan(limited)) == [
        "write components/web/inbound.8080.json (its content has changed)",
        "write shared/routes.json (its content has changed)",
    ]


@pytest.mark.parametrize("verb", ["write", "create"])
def test_a_removed_component_is_removed_before_anything_is_created(verb: str) -> None:
    after = application(new={"image": "new:1", "ports": ["81:81"]})
    plan = deployed_world(old=PUBLISHED).plan(after)
    assert "remove app-old-1-sandbox" in plan.operations["create app-new-1-sandbox"].after
    assert plan.operations[f"{verb} " + ("shared/endpoints/new.81.json" if verb == "write" else "app-new-1")]


def test_a_deployment_of_one_component_changes_no_container_of_another() -> None:
    world = deployed_world().change("app-db-1", state="exited").change("app-supervisor", state="exited")
    plan = world.plan(application(web={"image": "web:2"}), Scope(only=("web",)))
    assert {operation.component for operation in plan.operations.values()} == {"web"}


@pytest.mark.parametrize("name", ["db", "edge", "shop"])
def test_a_changed_sandbox_image_alone_replaces_no_instance_that_would_be_interrupted(name: str) -> None:
    model = application({"sandbox": "sandbox:2"}, shop=PUBLISHED)
    plan = deployed_world(shop=PUBLISHED).plan(model)
    assert not any(operation.component == name for operation in plan.operations.values())
    changed = application({"sandbox": "sandbox:2"}, shop={**PUBLISHED, "expose": ["82"]}, db={"expose": ["3307"]}, edge={
        "ports": ["8080:80"]
    })  # fmt: skip
    recreated = deployed_world(shop=PUBLISHED).plan(changed).operations[f"recreate app-{name}-1-sandbox"]
    assert recreated.cause == "its settings have changed", "what is recreated anyway gets the new image too"


def test_the_folder_of_a_removed_instance_is_removed_even_without_its_sandbox() -> None:
    world = deployed_world(web=web(2))
    del world.containers["app-web-2-sandbox"]
    operations = world.plan(application()).operations
    folders = [getattr(operation, "folder", "") for key, operation in operations.items() if key.startswith("remove app-web-2")]
    assert folders == ["web-2", "web-2"]


def former_containers() -> dict[str, ObservedContainer]:
    """Return the containers that version 0.1 created, as an engine reports them."""
    containers = {}
    for record in json.loads((RECORDS / "containers.json").read_text()):
        body, name = record["body"], record["name"]
        labels, host = body["Labels"], body["HostConfig"]
        mesh_endpoint = body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).get(NETWORK)
        sandbox = str(host["NetworkMode"]).partition("container:")[2]
        containers[name] = ObservedContainer(
            name=name,
            component=labels[names.COMPONENT],
            instance=labels[names.INSTANCE],
            role=labels[names.ROLE],
            digest=labels[names.DIGEST],
            image=body["Image"],
            state="running",
            health="",
            memory=host["Memory"],
            cpus=host["NanoCpus"],
            restarts=host["RestartPolicy"]["Name"] == "always",
            networks=(NETWORK,) if mesh_endpoint else (),
            address=mesh_endpoint["IPAMConfig"]["IPv4Address"] if mesh_endpoint else "",
            sandbox_id=sandbox and f"id of {sandbox}",
            kind=labels[names.KIND],
            id=f"id of {name}",
        )
    return containers


def test_an_upgrade_from_0_1_keeps_instances_and_addresses() -> None:
    """The supervisor replaces its keeper, and a gateway no longer resolves names; nothing else changes."""
    secrets = {"password": {"file": "./password", "x-mesh": {"generate": True}}}
    services = json.loads((RECORDS / "services.json").read_text())
    content = {"name": "app", "services": services, "volumes": {"data": None}, "secrets": secrets}
    model = effective(parse(content, "compose.yaml", {}, "app"))
    containers = former_containers()
    subnet = model.subnet or ".".join(containers["app-web-1-sandbox"].address.split(".")[:2]) + ".0.0/16"
    files = json.loads((RECORDS / "files.json").read_text())
    world = World({NETWORK: subnet}, (), {"app_data"}, containers, files, {"password"})
    plan = world.plan(model)
    changed = [str(operation) for key, operation in plan.operations.items() if not key.startswith(("write ", "delete "))]
    assert changed == [
        "recreate app-edge-1-sandbox (its settings have changed)",
        "recreate app-edge-1-proxy (its sandbox has changed)",
        "await edge-1 (healthy before the run ends)",
        "create app-supervisor (missing)",
        "remove app-keeper (not in the model)",
    ]
    addresses_by_name = topology(world.allocation)
    addresses = {container.instance: container.address for container in containers.values() if container.address}
    assert {name: addresses_by_name.address(Instance.parse(name)) for name in addresses} == addresses
    assert {instance.name for instance in world.serving("web")} == {"web-1", "web-2"}


def test_equal_settings_have_the_digest_of_version_0_1() -> None:
    former = former_containers()["app-web-1"]
    world = deployed_world(web=web(2, environment={"COLOUR": "blue"}, healthcheck={"test": ["CMD", "true"], "interval": "2s"}))
    assert world.containers["app-web-1"].digest == former.digest
    assert replace(former, image="web:2").digest == former.digest
