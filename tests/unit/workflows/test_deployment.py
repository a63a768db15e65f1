"""Deployments reach the same result whatever happens, and lose no request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import DeploymentPart, Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Dependency, Kind, Port
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context, Result, observe
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from memory.fault_injection import (
    fail_at,
    fault_at_every_call,
    kill_at_every_change,
    snapshot,
    snapshot_without_ids,
    unavailable_at,
)
from memory.shop import Shop, copied, specification, with_component, with_platform

pytestmark = pytest.mark.usefixtures("simulated")

Change = Callable[[Specification], Specification]
CHANGES: dict[str, Change] = {
    "the image of one instance": lambda spec: with_component(spec, "web", image="web:2"),
    "the image of several": lambda spec: with_component(spec, "api", image="api:2"),
    "the environment of both": lambda spec: with_component(
        with_component(spec, "web", environment=(("VERSION", "2"),)), "api", environment=(("VERSION", "2"),)
    ),
    "ports": lambda spec: with_component(spec, "api", ports=(Port(8080, "http"), Port(9090, "http"))),
    "dependencies": lambda spec: with_component(
        spec, "web", dependencies=(Dependency("api", "service_healthy"), Dependency("side", "service_healthy"))
    ),
    "one dependency less": lambda spec: with_component(spec, "api", dependencies=()),
    "more instances": lambda spec: with_component(spec, "api", replicas=5),
    "fewer instances": lambda spec: with_component(spec, "api", replicas=1, image="api:2"),
    "from one to several, with another image": lambda spec: with_component(spec, "web", replicas=3, image="web:2"),
    "the platform": lambda spec: with_platform(spec, "2"),
    "the store": lambda spec: with_component(spec, "db", image="db:2"),
    "memory": lambda spec: with_component(spec, "api", memory=200 << 20),
}


def run(context: Context) -> Result:
    return deploy(context, Scope(), 60.0, False)


@copied
def deployed_shop() -> Shop:
    shop = Shop()
    assert not run(shop.context()).failure
    shop.world.clock.sleep(1.0)
    shop.world.users = True
    return shop


def changed_shop(change: Change) -> Callable[[], Shop]:
    """Return a function that makes a deployed shop whose file has changed since."""

    def make() -> Shop:
        shop = deployed_shop()
        shop.spec = change(shop.spec)
        return shop

    return make


def test_a_first_deployment_starts_everything_and_a_second_has_nothing_to_do() -> None:
    shop = Shop()
    assert not run(shop.context()).failure
    context = shop.context()
    statuses = observe(context.driver, shop.spec, context.driver.state.read()).observation.statuses()
    assert {instance.name for instance in statuses} == {"db-1", "side-1", "api-1", "api-2", "api-3", "web-1", "edge-1"}
    assert all(status.health == "healthy" for status in statuses.values())
    assert (set(shop.world.volumes), set(shop.world.secrets)) == ({"data"}, {"password"})
    before = snapshot(shop.world)
    assert not run(shop.context()).plan
    assert snapshot(shop.world) == before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_loses_no_request(change: Change) -> None:
    shop = changed_shop(change)()
    assert not run(shop.context()).failure
    shop.world.clock.sleep(5.0)
    assert shop.world.lost == []
    assert not run(shop.context()).plan
    again = Shop(spec=shop.spec)
    run(again.context())
    again.world.clock.sleep(1.0)
    assert snapshot_without_ids(shop.world) == snapshot_without_ids(again.world)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_check_mode_predicts_the_changes_and_changes_nothing(change: Change) -> None:
    shop = changed_shop(change)()
    before, journal = snapshot(shop.world), list(shop.world.journal)
    planned = deploy(shop.context(), Scope(), 60.0, True)
    assert (snapshot(shop.world), shop.world.journal) == (before, journal)
    result = run(shop.context())
    assert planned.plan.lines() == result.plan.lines()
    assert bool(planned.plan) == (snapshot(shop.world) != before)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_killed_deployment_is_resumed_and_loses_no_request(change: Change) -> None:
    make = changed_shop(change)
    undisturbed = make()
    run(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for number, shop in kill_at_every_change(make, run):
        before = dict(shop.world.volumes), dict(shop.world.secrets)
        shop.world.clock.sleep(2.0)
        assert not run(shop.context()).failure, number
        shop.world.clock.sleep(1.0)
        assert snapshot(shop.world) == snapshot(undisturbed.world), number
        assert shop.world.lost == [], number
        assert (shop.world.volumes, shop.world.secrets) == before
        assert not run(shop.context()).plan, number


def test_a_killed_first_deployment_is_resumed() -> None:
    undisturbed = Shop()
    run(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for number, shop in kill_at_every_change(Shop, run):
        assert not run(shop.context()).failure, number
        shop.world.clock.sleep(1.0)
        assert snapshot_without_ids(shop.world) == snapshot_without_ids(undisturbed.world), number


@pytest.mark.parametrize("change", [CHANGES["the image of several"], CHANGES["the image of one instance"]])
def test_a_refused_call_is_reported_and_the_next_run_completes_the_deployment(change: Change) -> None:
    make = changed_shop(change)
    undisturbed = make()
    run(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for call, shop, result in fault_at_every_call(make, run, lambda number, world: fail_at(number)):
        failed = isinstance(result, Exception) or bool(result.failure)
        assert failed or "look at" in call, call
        assert "refused" in (str(result) if isinstance(result, Exception) else result.failure), call
        assert not shop.world.leases
        assert not run(shop.context()).failure
        shop.world.clock.sleep(1.0)
        assert snapshot(shop.world) == snapshot(undisturbed.world), call
        assert shop.world.lost == [], call


def test_a_deployment_waits_for_an_unavailable_engine() -> None:
    make = changed_shop(CHANGES["the image of several"])
    undisturbed = make()
    run(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    waited = 0
    for call, shop, result in fault_at_every_call(make, run, lambda number, world: unavailable_at(number, world, 20.0)):
        if isinstance(result, Exception):
            # Before the first operation.
            shop.world.clock.sleep(30.0)
            result = run(shop.context())
        else:
            waited += 1
        assert not result.failure, call
        shop.world.clock.sleep(1.0)
        assert snapshot(shop.world) == snapshot(undisturbed.world), call
        assert shop.world.lost == [], call
    assert waited > 10


def test_one_component_is_deployed_alone() -> None:
    shop = changed_shop(CHANGES["the environment of both"])()
    result = deploy(shop.context(), Scope(tuple(DeploymentPart), ("web",)), 60.0, False)
    assert {operation.component for operation in result.plan.operations.values()} <= {"web", ""}
    assert shop.world.user_shares("api") == {"api:1 1": 1.0}
    assert shop.world.user_shares("web") == {"web:1 2": 1.0}


def test_a_changed_kind_is_refused_before_any_change() -> None:
    shop = changed_shop(lambda spec: with_component(spec, "side", kind=Kind.STATEFUL))()
    before = snapshot(shop.world)
    with pytest.raises(ModelError, match="as deployed"):
        run(shop.context())
    assert snapshot(shop.world) == before


def test_an_unhealthy_successor_loses_no_request() -> None:
    for name in ("web", "api"):
        shop = changed_shop(lambda spec, name=name: with_component(spec, name, image=f"{name}:never"))()  # type: ignore[misc]
        assert f"{name}-" in run(shop.context()).failure
        shop.world.clock.sleep(10.0)
        assert shop.world.lost == []
        shop.spec = specification()
        assert not run(shop.context()).failure
        assert shop.world.user_shares(name) == {f"{name}:1 1": 1.0}
        assert shop.world.lost == []


def test_a_rejection_by_the_proxies_is_reported_at_once_and_nothing_is_written() -> None:
    shop = changed_shop(CHANGES["ports"])()
    shop.world.rejected = "9090"
    before, began = snapshot(shop.world), shop.world.now
    with pytest.raises(ModelError, match="Envoy says: no 9090 here"):
        run(shop.context())
    assert (snapshot(shop.world), shop.world.now) == (before, began)
    assert not shop.world.leases and shop.world.lost == []
    shop.world.rejected = ""
    assert not run(shop.context()).failure
