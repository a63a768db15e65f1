"""Scaling, load, teardown, status, preview and the tracing schema on a target in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Extent, Scope, Unreachable
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy, DriverError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import Population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context, Result
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.load import make_load
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.preview import Stage, preview
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import Rounds, Size, scale, scale_or_advise
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.status import status
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.tracing import prepare_store
from memory.disturbed import failing_at, faults, kills, left, outcome
from memory.driver import Killed, MemoryProxies
from memory.releasing import PATIENCE, ask, state, stored, up
from memory.shop import MIB, TRACED, Shop, edited_everywhere, made_once, rollout, specification, with_component

pytestmark = pytest.mark.usefixtures("simulated")

SIZES = {
    "more": Size("api", 4),
    "fewer": Size("api", 1),
    "one to two": Size("web", 2),
    "memory": Size("api", None, 200 * MIB),
    "both": Size("web", 3, 150 * MIB),
    "as it is": Size("api", 3),
}


def scaling(size: Size, dry: bool = False) -> Callable[[Context], Result]:
    return lambda context: scale(context, (size,), PATIENCE, dry)


def tearing(extent: Extent, dry: bool = False) -> Callable[[Context], Result]:
    return lambda context: tear_down(context, extent, dry)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_component_is_scaled_without_a_lost_request_and_keeps_its_size(size: Size) -> None:
    shop = up()
    # Another edit of the file is not applied.
    shop.asked = with_component(shop.asked, "side", image="side:2")
    before, journal = left(shop.world), list(shop.world.journal)
    planned = scaling(size, dry=True)(shop.context())
    assert (left(shop.world), shop.world.journal) == (before, journal)
    done = scaling(size)(shop.context())
    assert (done.failure, done.plan.lines()) == ("", planned.plan.lines())
    shop.world.clock.sleep(1.0)
    running = [each for each in shop.world.instances.values() if each.shape.component == size.component]
    assert len(running) == (size.replicas or len(running))
    assert {each.memory for each in running} == {size.memory or 100 * MIB}
    assert {each.shape.image for each in shop.world.instances.values() if each.shape.component == "side"} == {"side:1"}
    assert shop.world.lost == []
    shop.asked = specification()
    assert not deploy(shop.context(), Scope(), PATIENCE, False).plan


@pytest.mark.parametrize("size", [SIZES["more"], SIZES["fewer"], SIZES["both"]])
def test_a_killed_or_refused_scaling_is_gone_on_with(size: Size) -> None:
    undisturbed = up()
    scaling(size)(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    found = [(str(number), shop) for number, shop in kills(up, scaling(size))]
    found += [(place, shop) for place, shop, _unused in faults(up, scaling(size), lambda number, world: failing_at(number))]
    for place, shop in found:
        shop.world.clock.sleep(1.0)
        assert not scaling(size)(shop.context()).failure, place
        shop.world.clock.sleep(1.0)
        assert left(shop.world) == left(undisturbed.world), place
        assert shop.world.lost == [], place


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (Size("nobody", 1), "allowed: api, db, side, users, web"),
        (Size("edge", 2), "found 'edge'"),
        (Size("db", 2), "is stateful"),
        (Size("api", 99), "0 to 14"),
        (Size("api", None, 1 * MIB), "it uses 16M now"),
    ],
)
def test_a_size_that_cannot_be_given_is_refused(size: Size, told: str) -> None:
    shop = up()
    before = left(shop.world)
    for dry in (True, False):
        with pytest.raises(Refused, match=told):
            scaling(size, dry)(shop.context())
    assert left(shop.world) == before


def test_advice_is_given_and_followed() -> None:
    shop = up()
    shop.world.memory_use["side"] = 90 * MIB
    shop.asked = with_component(shop.asked, "api", image="api:slow")
    deploy(shop.context(), Scope(), PATIENCE, False)
    told = scale_or_advise(shop.context(), Size(""), Rounds(5.0, 1, False), PATIENCE, False)
    assert [line.partition(":")[0] for line in told.advice] == ["side", "api"] and not told.plan
    dry = scale_or_advise(shop.context(), Size(""), Rounds(5.0, 1, True), PATIENCE, True)
    done = scale_or_advise(shop.context(), Size(""), Rounds(5.0, 1, True), PATIENCE, False)
    assert dry.plan == done.plan
    assert {each.component: each.replicas for each in state(shop).scaled} == {"side": 1, "api": 4}
    assert shop.world.lost == []
    with pytest.raises(Refused, match="rounds, seconds"):
        scale_or_advise(shop.context(), Size(""), Rounds(0.0, 1, False), PATIENCE, False)


def test_load_is_made_and_reported(tmp_path: Path) -> None:
    shop = up()
    report = tmp_path / "report.html"
    population = Population(10, 20)
    assert make_load(shop.context(), population, report, True).failure == ""
    assert not report.exists()
    done = make_load(shop.context(), population, report, False)
    assert (done.failure, done.target, done.saved) == ("", "http://127.0.0.1:8000", True)
    assert done.totals.requests == 1000
    assert not shop.world.generators
    gone = make_load(shop.context(alive=lambda: False), population, None, False)
    assert "ended early" in gone.failure and not shop.world.generators


def test_load_on_what_is_not_up_is_refused() -> None:
    for dry in (True, False):
        with pytest.raises(Refused, match="allowed: an application that is up"):
            make_load(Shop().context(), Population(), None, dry)


EXTENTS = {"keeps data": Extent(), "keeps the network": Extent(False, False), "all of it": Extent(True)}


@pytest.mark.parametrize("extent", EXTENTS.values(), ids=EXTENTS)
def test_a_teardown_takes_what_it_says_and_a_deployment_brings_it_back(extent: Extent) -> None:
    shop = up()
    scaling(SIZES["more"])(shop.context())
    ask(shop.context())
    shop.world.users = False
    before, kept = left(shop.world), (dict(shop.world.volumes), dict(shop.world.secrets))
    planned = tearing(extent, dry=True)(shop.context())
    assert left(shop.world) == before
    done = tearing(extent)(shop.context())
    assert (done.failure, done.plan.lines()) == ("", planned.plan.lines())
    assert not shop.world.instances and not shop.world.files
    assert (dict(shop.world.volumes), dict(shop.world.secrets)) == (({}, {}) if extent.data else kept)
    assert bool(shop.world.networks) != extent.infrastructure
    assert not tearing(extent, dry=True)(shop.context()).plan
    assert not tearing(extent)(shop.context()).plan
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    assert len(shop.world.serving("api")) == (3 if extent.data else 4)
    assert {each.shape.image for each in shop.world.instances.values() if each.shape.component == "api"} == {
        "api:1" if extent.data else "api:2"
    }


@pytest.mark.parametrize("extent", [EXTENTS["keeps data"], EXTENTS["all of it"]], ids=["keeps data", "all of it"])
def test_a_killed_or_refused_teardown_is_gone_on_with(extent: Extent) -> None:
    undisturbed = up()
    tearing(extent)(undisturbed.context())
    found = [(str(number), shop) for number, shop in kills(up, tearing(extent))]
    found += [(place, shop) for place, shop, _unused in faults(up, tearing(extent), lambda number, world: failing_at(number))]
    for place, shop in found:
        assert not tearing(extent)(shop.context()).failure, place
        assert not tearing(extent, dry=True)(shop.context()).plan, place
        assert left(shop.world) == left(undisturbed.world), place


def test_a_teardown_ends_a_release_that_nobody_runs_and_it_does_not_come_back() -> None:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    shop.world.users = False
    assert not tearing(Extent())(shop.context()).failure
    assert (stored(shop).phase, stored(shop).standing) == (Phase.ABORTED, False)
    with pytest.raises(Refused, match="not deployed"):
        ask(shop.context())
    with pytest.raises(Refused, match="it is not deployed"):
        scaling(SIZES["more"])(shop.context())
    assert not shop.world.instances
    deploy(shop.context(), Scope(), PATIENCE, False)
    assert {each.version for each in shop.world.instances} == {"stable"}


def test_a_teardown_removes_what_killed_runs_have_left() -> None:
    shop = up()
    with pytest.raises(Killed):
        make_load(_dying(shop), Population(10, 100), None, False)
    assert shop.world.generators
    tearing(Extent())(shop.context())
    assert not shop.world.generators


def _dying(shop: Shop) -> Context:
    context = shop.context()

    def alive() -> bool:
        context.driver.points.kill()  # type: ignore[attr-defined]
        raise Killed

    return shop.context(context.driver.points, alive=alive)  # type: ignore[attr-defined]


def test_status_tells_of_instances_releases_holders_and_what_a_deployment_would_do() -> None:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    assert status(shop.context(), "here").pending == ()
    shop.asked = with_component(shop.asked, "web", image="web:2")
    with shop.context(by="somebody").driver.state.lease(shop.context(by="somebody").holder("scaling")):  # type: ignore[arg-type]
        found = status(shop.context(), "here")
    assert {each.instance.name for each in found.instances} >= {"api-1", "api-candidate-1", "web-1", "edge-1"}
    assert all(each.status.serving for each in found.instances if each.instance.component not in ("edge", "users"))
    assert [(each.name, each.weight, each.components) for each in found.releases] == [("api", 10, ("api",))]
    assert [(each.purpose, each.by) for each in found.holders] == [("scaling", "somebody")]
    assert found.pending
    assert found.urls == {"edge": ("http://here:8000/",)}


def test_preview_names_the_stages_that_have_something_to_do() -> None:
    shop = Shop()
    assert preview(shop.context(), {}).stages == (Stage.COMPONENTS,)
    shop = up()
    assert preview(shop.context(), {}).stages == ()
    shop.asked = with_component(shop.asked, "web", image="web:9")
    assert preview(shop.context(), {}).stages == (Stage.IMAGES, Stage.COMPONENTS)
    shop.world.answers = False
    assert preview(shop.context(), {}).answers is False


@made_once
def traced() -> Shop:
    return Shop(specification(TRACED))


def prepare(context: Context, dry: bool = False) -> Result:
    return prepare_store(context, PATIENCE, dry)


def test_the_schema_is_loaded_once_and_check_mode_says_so() -> None:
    shop = traced()
    planned = prepare(shop.context(), dry=True)
    assert not shop.world.journal
    done = prepare(shop.context())
    assert (done.failure, done.plan.lines()) == ("", planned.plan.lines())
    assert "load schema db" in done.plan.operations
    assert list(shop.world.tables.values()) == [{"zipkin_spans", "zipkin_annotations"}]
    assert not prepare(shop.context(), dry=True).plan and not prepare(shop.context()).plan
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    # Another volume of the same name has no tables.
    tearing(Extent(data=True))(shop.context())
    assert "load schema db" in prepare(shop.context()).plan.operations


def test_a_killed_or_refused_loading_is_gone_on_with() -> None:
    undisturbed = traced()
    prepare(undisturbed.context())
    found: list[tuple[str, Shop, Any]] = [(str(number), shop, None) for number, shop in kills(traced, prepare)]
    found += faults(traced, prepare, lambda number, world: failing_at(number))
    for place, shop, result in found:
        assert result is None or isinstance(result, (DriverError, Busy)) or result.failure or "look at" in place, place
        assert not prepare(shop.context()).failure, place
        shop.world.clock.sleep(1.0)
        undisturbed.world.clock.sleep(1.0)
        assert outcome(shop.world) == outcome(undisturbed.world), place
        assert [len(each) for each in shop.world.tables.values()] == [2], place
        assert state(shop).tracing_schema, place


def test_a_release_that_makes_load_needs_what_makes_it() -> None:
    asked = specification()
    shop = Shop(replace(asked, application=replace(asked.application, load="")))
    deploy(shop.context(), Scope(), PATIENCE, False)
    before = left(shop.world)
    with pytest.raises(Refused, match=r"x-mesh\.load"):
        ask(shop.context(), asked=replace(rollout(), load=10))
    assert left(shop.world) == before


def test_advice_is_not_by_the_history_of_a_caller_that_is_silent_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = up()
    shop.asked = with_component(shop.asked, "api", image="api:slow")
    deploy(shop.context(), Scope(), PATIENCE, False)
    shop.world.clock.sleep(100.0)
    shop.asked = specification()
    deploy(shop.context(), Scope(), PATIENCE, False)
    shop.world.clock.sleep(1.0)
    totals, looks = MemoryProxies.totals, iter([Unreachable(True)])

    def silent(proxies: MemoryProxies, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        return (next(looks, None) if instance.component == "web" else None) or totals(proxies, instance, clusters)

    monkeypatch.setattr(MemoryProxies, "totals", silent)
    assert not scale_or_advise(shop.context(), Size("api"), Rounds(5.0, 1, False), PATIENCE, False).advice
    assert not list(looks)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_scaling_applies_no_other_edit_of_the_file_be_it_of_the_same_component(size: Size) -> None:
    plain, edited = up(), up()
    edited.asked = edited_everywhere(edited.asked)
    planned = [scaling(size, dry=True)(shop.context()).plan.lines() for shop in (plain, edited)]
    assert planned[0] == planned[1]
    for shop in (plain, edited):
        assert not scaling(size)(shop.context()).failure
        shop.world.clock.sleep(1.0)
    assert edited.world.files == plain.world.files
    assert left(edited.world) == left(plain.world)
