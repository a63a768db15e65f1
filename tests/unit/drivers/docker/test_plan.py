"""What is there, what is wanted, and the plan between them, without an engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.containers import Setting
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.desired import Desired, desired
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.observe import Found, Observed
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.plan import Current, plan_application
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.addresses import addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application

SERVICES: dict[str, Any] = {
    "edge": {"ports": ["80:80"], "depends_on": ["web"], "x-mesh": {"gateway": True}},
    "web": {
        "image": "web:1",
        "expose": ["8080"],
        "depends_on": {"db": {"condition": "service_healthy"}},
        "deploy": {"resources": {"limits": {"memory": "64M"}}},
    },
    "db": {"image": "db:1", "expose": ["3306"], "volumes": ["data:/data"], "secrets": ["password"]},
}


def application(**changes: dict[str, Any]) -> Application:
    services = {name: {**service, **changes.get(name, {})} for name, service in SERVICES.items()}
    services.update((name, service) for name, service in changes.items() if name not in SERVICES)
    secrets = {"password": {"file": "./password", "x-mesh": {"generate": True}}}
    content = {"name": "app", "services": services, "volumes": {"data": None}, "secrets": secrets}
    return parse(content, "compose.yaml", {}, "app")


def wanted(model: Application) -> Desired:
    images = {name: f"{name}:1" for name in ("envoy", "sandbox", "supervisor")}
    images.update((each.name, each.image) for each in model.components)
    return desired(model, Setting(images, addresses(model), Layout("app"), Path("/app")))


def deployed(model: Application) -> Current:
    """Return what there is when ``model`` runs as it should."""
    goal = wanted(model)
    containers = {}
    for name, each in goal.containers.items():
        joined = str(each.body["HostConfig"]["NetworkMode"]).partition("container:")[2]
        containers[name] = Found(
            name=name,
            component=each.component,
            instance=each.instance,
            role=each.role,
            digest=each.digest,
            image=each.body["Image"],
            running=True,
            state="running",
            health="",
            memory=each.memory,
            cpus=each.cpus,
            restarts=True,
            networks=(goal.infrastructure.network,) if each.role == "sandbox" else (),
            joined=joined and f"id of {joined}",
            kind=each.kind,
            key=f"id of {name}",
        )
    kept = goal.infrastructure
    observed = Observed({kept.network: kept.subnet}, frozenset(kept.volumes), containers)
    return Current(observed, goal.files, frozenset({"password"}))


def plan(model: Application, current: Current) -> list[str]:
    return [str(each) for each in plan_application(wanted(model), current).operations.values()]


def with_container(current: Current, name: str, **changes: Any) -> Current:
    containers = {**current.engine.containers, name: replace(current.engine.containers[name], **changes)}
    return replace(current, engine=replace(current.engine, containers=containers))


def without(current: Current, name: str) -> Current:
    containers = {key: each for key, each in current.engine.containers.items() if key != name}
    return replace(current, engine=replace(current.engine, containers=containers))


def test_nothing_is_to_do_where_all_is_as_wanted() -> None:
    assert plan(application(), deployed(application())) == []


def test_from_nothing_everything_is_made_in_dependency_order() -> None:
    found = plan_application(wanted(application()), Current())
    keys = list(found.operations)
    assert keys.index("create network app-mesh") < keys.index("create app-db-1-sandbox") < keys.index("create app-db-1")
    assert keys.index("create volume app_data") < keys.index("create app-db-1")
    assert keys.index("create secret password") < keys.index("create app-db-1")
    assert keys.index("await db-1") < keys.index("create app-web-1"), "web waits for a healthy db"
    assert "create app-edge-1" not in keys, "a gateway has no application"


def test_a_container_that_has_stopped_is_started() -> None:
    current = with_container(deployed(application()), "app-web-1", running=False, state="exited")
    assert plan(application(), current) == [
        "start app-web-1 (it is exited)",
        "await web-1 (it is to be healthy before the run ends)",
    ]


def test_a_changed_memory_limit_is_put_right_in_place() -> None:
    current = with_container(deployed(application()), "app-web-1", memory=128 << 20)
    assert plan(application(), current)[0] == "update app-web-1 (memory 128M → 64M)"


def test_more_memory_in_the_model_is_given_in_place() -> None:
    more = application(web={"deploy": {"resources": {"limits": {"memory": "96M"}}}})
    assert plan(more, deployed(application()))[0] == "update app-web-1 (memory 64M → 96M)"


def test_a_limit_that_is_lifted_takes_another_container() -> None:
    lifted = application(web={"deploy": {}})
    assert plan(lifted, deployed(application()))[0] == "recreate app-web-1 (memory 64M → unlimited)"


def test_a_stray_network_is_left() -> None:
    current = with_container(deployed(application()), "app-web-1-sandbox", networks=("app-mesh", "stray"))
    assert plan(application(), current)[0] == "detach app-web-1-sandbox (it is on the network stray too)"


def test_a_network_that_is_not_in_the_model_is_removed() -> None:
    current = deployed(application())
    current = replace(current, engine=replace(current.engine, networks={**current.engine.networks, "old": "10.1.0.0/16"}))
    assert plan(application(), current) == ["remove network old (not in the model)"]


def test_a_lost_sandbox_takes_its_neighbours_along() -> None:
    found = plan(application(), without(deployed(application()), "app-web-1-sandbox"))
    assert found[:3] == [
        "create app-web-1-sandbox (missing)",
        "recreate app-web-1-proxy (its sandbox is another one)",
        "recreate app-web-1 (its sandbox is another one)",
    ]


def test_another_image_touches_no_other_component() -> None:
    found = plan(application(web={"image": "web:2"}), deployed(application()))
    assert found == [
        "recreate app-web-1 (its image is web:1, wanted web:2)",
        "await web-1 (it is to be healthy before the run ends)",
    ]


def test_another_instance_takes_traffic_once_it_is_healthy() -> None:
    more = application(web={"deploy": {"replicas": 2, "resources": {"limits": {"memory": "64M"}}}})
    found = plan_application(wanted(more), deployed(application()))
    assert "await web-2" in found.operations["write shared/endpoints/web.8080.json"].after
    assert not any("web-1" in key or "db-1" in key for key in found.operations)


def test_a_plan_without_components_gives_no_traffic_to_instances_that_are_not_there() -> None:
    more = application(web={"deploy": {"replicas": 2, "resources": {"limits": {"memory": "64M"}}}})
    found = plan_application(wanted(more), deployed(application()), ("mesh",))
    assert "write shared/endpoints/web.8080.json" not in found.operations


def test_an_instance_loses_traffic_and_ends_its_requests_before_it_goes() -> None:
    more = application(web={"deploy": {"replicas": 2, "resources": {"limits": {"memory": "64M"}}}})
    found = plan_application(wanted(application()), deployed(more))
    assert "write shared/endpoints/web.8080.json" in found.operations["drain web-2"].after
    assert "drain web-2" in found.operations["remove app-web-2"].after & found.operations["remove app-web-2-proxy"].after
    assert {"remove app-web-2-proxy", "remove app-web-2"} <= found.operations["remove app-web-2-sandbox"].after


def test_an_unhealthy_application_is_told_of() -> None:
    current = with_container(deployed(application()), "app-db-1", health="unhealthy")
    assert plan(application(), current) == ["await db-1 (it is unhealthy)"]


def test_a_policy_writes_files_and_touches_no_container() -> None:
    limited = application(web={"x-mesh": {"policy": {"rate_limit": {"requests_per_second": 5}, "timeout": "1s"}}})
    assert plan(limited, deployed(application())) == [
        "write components/web/inbound.8080.json (its content has changed)",
        "write shared/routes.json (its content has changed)",
    ]


@pytest.mark.parametrize("stray", ["write", "create"])
def test_a_component_that_left_the_model_goes_before_anything_comes(stray: str) -> None:
    before = application(old={"image": "old:1", "ports": ["81:81"]})
    after = application(new={"image": "new:1", "ports": ["81:81"]})
    found = plan_application(wanted(after), deployed(before))
    assert "remove app-old-1-sandbox" in found.operations["create app-new-1-sandbox"].after
    assert found.operations[f"{stray} " + ("shared/endpoints/new.81.json" if stray == "write" else "app-new-1")]
