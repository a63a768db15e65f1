"""Scaling, load, teardown, status, preview and the tracing schema on a target in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope, TeardownScope, Unreachable
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy, DriverError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import Population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context, Result
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.load import generate_load
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.preview import Stage, preview
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import AdviceRounds, Size, scale, scale_or_advise
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.status import status
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.tracing import prepare_store
from memory.driver import Killed, MemoryProxies
from memory.fault_injection import fail_at, fault_at_every_call, kill_at_every_change, snapshot, snapshot_without_ids
from memory.releases import PATIENCE, ask, running_shop, state, stored_release
from memory.shop import MIB, TRACED, Shop, copied, edited_everywhere, rollout, specification, with_component

pytestmark = pytest.mark.usefixtures("simulated")

SIZES = {
    "more": Size("api", 4),
    "fewer": Size("api", 1),
    "one to two": Size("web", 2),
    "memory": Size("api", None, 200 * MIB),
    "both": Size("web", 3, 150 * MIB),
    "unchanged": Size("api", 3),
}


def interrupted_shops(workflow: Callable[[Context], Result]) -> Iterator[tuple[str, Shop]]:
    """Yield the shop after a kill of ``workflow`` before each of its changes, and after a refusal of each of its calls."""
    for number, shop in kill_at_every_change(running_shop, workflow):
        yield str(number), shop
    for call, shop, _result in fault_at_every_call(running_shop, workflow, lambda number, world: fail_at(number)):
        yield call, shop


def scaling_workflow(size: Size, dry: bool = False) -> Callable[[Context], Result]:
    return lambda context: scale(context, (size,), PATIENCE, dry)


def teardown_workflow(scope: TeardownScope, dry: bool = False) -> Callable[[Context], Result]:
    return lambda context: tear_down(context, scope, dry)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_component_is_scaled_without_a_lost_request_and_keeps_its_size(size: Size) -> None:
    shop = running_shop()
    # An unrelated edit of the file is not applied.
    shop.spec = with_component(shop.spec, "side", image="side:2")
    before, journal = snapshot(shop.world), list(shop.world.journal)
    planned = scaling_workflow(size, dry=True)(shop.context())
    assert (snapshot(shop.world), shop.world.journal) == (before, journal)
    result = scaling_workflow(size)(shop.context())
    assert (result.failure, result.plan.lines()) == ("", planned.plan.lines())
    shop.world.clock.sleep(1.0)
    running = [instance for instance in shop.world.instances.values() if instance.shape.component == size.component]
    assert len(running) == (size.replicas or len(running))
    assert {instance.memory for instance in running} == {size.memory or 100 * MIB}
    assert {instance.shape.image for instance in shop.world.instances.values() if instance.shape.component == "side"} == {
        "side:1"
    }
    assert shop.world.lost == []
    shop.spec = specification()
    assert not deploy(shop.context(), Scope(), PATIENCE, False).plan


@pytest.mark.parametrize("size", [SIZES["more"], SIZES["fewer"], SIZES["both"]])
def test_a_killed_or_refused_scaling_is_resumed(size: Size) -> None:
    undisturbed = running_shop()
    scaling_workflow(size)(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for call, shop in interrupted_shops(scaling_workflow(size)):
        shop.world.clock.sleep(1.0)
        assert not scaling_workflow(size)(shop.context()).failure, call
        shop.world.clock.sleep(1.0)
        assert snapshot(shop.world) == snapshot(undisturbed.world), call
        assert shop.world.lost == [], call


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (Size("nobody", 1), "allowed: api, db, side, users, web"),
        (Size("edge", 2), "found 'edge'"),
        (Size("db", 2), "is stateful"),
        (Size("api", 99), "0 to 14"),
        (Size("api", None, 1 * MIB), "it uses 16M now"),
    ],
)
def test_an_impossible_size_is_refused(size: Size, reason: str) -> None:
    shop = running_shop()
    before = snapshot(shop.world)
    for dry in (True, False):
        with pytest.raises(Refused, match=reason):
            scaling_workflow(size, dry)(shop.context())
    assert snapshot(shop.world) == before


def test_advice_is_given_and_followed() -> None:
    shop = running_shop()
    shop.world.memory_use["side"] = 90 * MIB
    shop.spec = with_component(shop.spec, "api", image="api:slow")
    deploy(shop.context(), Scope(), PATIENCE, False)
    advised = scale_or_advise(shop.context(), Size(""), AdviceRounds(5.0, 1, False), PATIENCE, False)
    assert [line.partition(":")[0] for line in advised.advice] == ["side", "api"] and not advised.plan
    dry = scale_or_advise(shop.context(), Size(""), AdviceRounds(5.0, 1, True), PATIENCE, True)
    result = scale_or_advise(shop.context(), Size(""), AdviceRounds(5.0, 1, True), PATIENCE, False)
    assert dry.plan == result.plan
    assert {scaled.component: scaled.replicas for scaled in state(shop).scaled} == {"side": 1, "api": 4}
    assert shop.world.lost == []
    with pytest.raises(Refused, match="rounds, seconds"):
        scale_or_advise(shop.context(), Size(""), AdviceRounds(0.0, 1, False), PATIENCE, False)


def test_load_is_generated_and_reported(tmp_path: Path) -> None:
    shop = running_shop()
    report = tmp_path / "report.html"
    population = Population(10, 20)
    assert generate_load(shop.context(), population, report, True).failure == ""
    assert not report.exists()
    result = generate_load(shop.context(), population, report, False)
    assert (result.failure, result.target, result.saved) == ("", "http://127.0.0.1:8000", True)
    assert result.totals.requests == 1000
    assert not shop.world.generators
    interrupted = generate_load(shop.context(alive=lambda: False), population, None, False)
    assert "ended early" in interrupted.failure and not shop.world.generators


def test_load_on_an_application_that_is_not_running_is_refused() -> None:
    for dry in (True, False):
        with pytest.raises(Refused, match="allowed: an application that is up"):
            generate_load(Shop().context(), Population(), None, dry)


SCOPES = {"keeps data": TeardownScope(), "keeps the network": TeardownScope(False, False), "everything": TeardownScope(True)}


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_a_teardown_removes_its_scope_and_a_deployment_restores_it(scope: TeardownScope) -> None:
    shop = running_shop()
    scaling_workflow(SIZES["more"])(shop.context())
    ask(shop.context())
    shop.world.users = False
    before, data = snapshot(shop.world), (dict(shop.world.volumes), dict(shop.world.secrets))
    planned = teardown_workflow(scope, dry=True)(shop.context())
    assert snapshot(shop.world) == before
    result = teardown_workflow(scope)(shop.context())
    assert (result.failure, result.plan.lines()) == ("", planned.plan.lines())
    assert not shop.world.instances and not shop.world.files
    assert (dict(shop.world.volumes), dict(shop.world.secrets)) == (({}, {}) if scope.data else data)
    assert bool(shop.world.networks) != scope.infrastructure
    assert not teardown_workflow(scope, dry=True)(shop.context()).plan
    assert not teardown_workflow(scope)(shop.context()).plan
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    assert len(shop.world.serving("api")) == (3 if scope.data else 4)
    assert {instance.shape.image for instance in shop.world.instances.values() if instance.shape.component == "api"} == {
        "api:1" if scope.data else "api:2"
    }


@pytest.mark.parametrize("scope", [SCOPES["keeps data"], SCOPES["everything"]], ids=["keeps data", "everything"])
def test_a_killed_or_refused_teardown_is_resumed(scope: TeardownScope) -> None:
    undisturbed = running_shop()
    teardown_workflow(scope)(undisturbed.context())
    for call, shop in interrupted_shops(teardown_workflow(scope)):
        assert not teardown_workflow(scope)(shop.context()).failure, call
        assert not teardown_workflow(scope, dry=True)(shop.context()).plan, call
        assert snapshot(shop.world) == snapshot(undisturbed.world), call


def test_a_teardown_ends_an_idle_release_for_good() -> None:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    shop.world.users = False
    assert not teardown_workflow(TeardownScope())(shop.context()).failure
    assert (stored_release(shop).phase, stored_release(shop).standing) == (Phase.ABORTED, False)
    with pytest.raises(Refused, match="not deployed"):
        ask(shop.context())
    with pytest.raises(Refused, match="it is not deployed"):
        scaling_workflow(SIZES["more"])(shop.context())
    assert not shop.world.instances
    deploy(shop.context(), Scope(), PATIENCE, False)
    assert {instance.version for instance in shop.world.instances} == {"stable"}


def test_a_teardown_removes_the_leftovers_of_killed_runs() -> None:
    shop = running_shop()
    with pytest.raises(Killed):
        generate_load(_context_that_dies(shop), Population(10, 100), None, False)
    assert shop.world.generators
    teardown_workflow(TeardownScope())(shop.context())
    assert not shop.world.generators


def _context_that_dies(shop: Shop) -> Context:
    context = shop.context()

    def alive() -> bool:
        context.driver.calls.kill()  # type: ignore[attr-defined]
        raise Killed

    return shop.context(context.driver.calls, alive=alive)  # type: ignore[attr-defined]


def test_status_has_instances_releases_holders_and_pending_changes() -> None:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    assert status(shop.context(), "here").pending == ()
    shop.spec = with_component(shop.spec, "web", image="web:2")
    with shop.context(by="somebody").driver.state.lease(shop.context(by="somebody").holder("scaling")):  # type: ignore[arg-type]
        report = status(shop.context(), "here")
    assert {instance.instance.name for instance in report.instances} >= {"api-1", "api-candidate-1", "web-1", "edge-1"}
    assert all(instance.status.serving for instance in report.instances if instance.instance.component not in ("edge", "users"))
    assert [(release.name, release.weight, release.components) for release in report.releases] == [("api", 10, ("api",))]
    assert [(holder.purpose, holder.by) for holder in report.holders] == [("scaling", "somebody")]
    assert report.pending
    assert report.urls == {"edge": ("http://here:8000/",)}


def test_preview_names_the_stages_with_changes() -> None:
    shop = Shop()
    assert preview(shop.context(), {}).stages == (Stage.COMPONENTS,)
    shop = running_shop()
    assert preview(shop.context(), {}).stages == ()
    shop.spec = with_component(shop.spec, "web", image="web:9")
    assert preview(shop.context(), {}).stages == (Stage.IMAGES, Stage.COMPONENTS)
    shop.world.answers = False
    assert preview(shop.context(), {}).reachable is False


@copied
def traced_shop() -> Shop:
    return Shop(specification(TRACED))


def prepare_tracing(context: Context, dry: bool = False) -> Result:
    return prepare_store(context, PATIENCE, dry)


def test_the_schema_is_loaded_once_and_check_mode_predicts_it() -> None:
    shop = traced_shop()
    planned = prepare_tracing(shop.context(), dry=True)
    assert not shop.world.journal
    result = prepare_tracing(shop.context())
    assert (result.failure, result.plan.lines()) == ("", planned.plan.lines())
    assert "load schema db" in result.plan.operations
    assert list(shop.world.tables.values()) == [{"zipkin_spans", "zipkin_annotations"}]
    assert not prepare_tracing(shop.context(), dry=True).plan and not prepare_tracing(shop.context()).plan
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    # A new volume of the same name has no tables.
    teardown_workflow(TeardownScope(data=True))(shop.context())
    assert "load schema db" in prepare_tracing(shop.context()).plan.operations


def test_a_killed_or_refused_schema_load_is_resumed() -> None:
    undisturbed = traced_shop()
    prepare_tracing(undisturbed.context())
    cases: list[tuple[str, Shop, Any]] = [
        (str(number), shop, None) for number, shop in kill_at_every_change(traced_shop, prepare_tracing)
    ]
    cases += fault_at_every_call(traced_shop, prepare_tracing, lambda number, world: fail_at(number))
    for call, shop, result in cases:
        assert result is None or isinstance(result, (DriverError, Busy)) or result.failure or "look at" in call, call
        assert not prepare_tracing(shop.context()).failure, call
        shop.world.clock.sleep(1.0)
        undisturbed.world.clock.sleep(1.0)
        assert snapshot_without_ids(shop.world) == snapshot_without_ids(undisturbed.world), call
        assert [len(tables) for tables in shop.world.tables.values()] == [2], call
        assert state(shop).tracing_schema, call


def test_a_release_that_generates_load_needs_a_generator() -> None:
    spec = specification()
    shop = Shop(replace(spec, application=replace(spec.application, load="")))
    deploy(shop.context(), Scope(), PATIENCE, False)
    before = snapshot(shop.world)
    with pytest.raises(Refused, match=r"x-mesh\.load"):
        ask(shop.context(), requested=replace(rollout(), load=10))
    assert snapshot(shop.world) == before


def test_the_history_of_a_caller_that_is_silent_at_first_is_not_part_of_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = running_shop()
    shop.spec = with_component(shop.spec, "api", image="api:slow")
    deploy(shop.context(), Scope(), PATIENCE, False)
    shop.world.clock.sleep(100.0)
    shop.spec = specification()
    deploy(shop.context(), Scope(), PATIENCE, False)
    shop.world.clock.sleep(1.0)
    totals, samples = MemoryProxies.totals, iter([Unreachable(True)])

    def silent(proxies: MemoryProxies, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        return (next(samples, None) if instance.component == "web" else None) or totals(proxies, instance, clusters)

    monkeypatch.setattr(MemoryProxies, "totals", silent)
    assert not scale_or_advise(shop.context(), Size("api"), AdviceRounds(5.0, 1, False), PATIENCE, False).advice
    assert not list(samples)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_scaling_applies_no_other_edit_of_the_file_not_even_of_the_same_component(size: Size) -> None:
    plain, edited = running_shop(), running_shop()
    edited.spec = edited_everywhere(edited.spec)
    planned = [scaling_workflow(size, dry=True)(shop.context()).plan.lines() for shop in (plain, edited)]
    assert planned[0] == planned[1]
    for shop in (plain, edited):
        assert not scaling_workflow(size)(shop.context()).failure
        shop.world.clock.sleep(1.0)
    assert edited.world.files == plain.world.files
    assert snapshot(edited.world) == snapshot(plain.world)
