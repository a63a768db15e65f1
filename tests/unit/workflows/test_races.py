"""Two runs at a time, the second begun at each call of the first: one is refused or waits, and nothing is lost or comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Extent, Holder, Purpose, Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy, DriverError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase, Promoted
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import EXPECTED
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import Size, scale
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from memory.disturbed import doing_at
from memory.driver import Point, Points
from memory.releasing import NEW, OLD, PATIENCE, ask, only_forward, settled_on, state, up
from memory.shop import Shop, made_once, rollout, with_component

pytestmark = pytest.mark.usefixtures("simulated")


@made_once
def edited() -> Shop:
    """Return a shop whose file has been edited since it was deployed."""
    shop = up()
    shop.asked = with_component(shop.asked, "web", image="web:2")
    return shop


def scaling(component: str, replicas: int) -> Callable[[Context], Any]:
    return lambda context: scale(context, (Size(component, replicas),), PATIENCE, False)


RUNS: dict[str, Callable[[Context], Any]] = {
    "deployment": lambda context: deploy(context, Scope(), PATIENCE, False),
    "scaling": scaling("side", 2),
    "another scaling": scaling("web", 2),
    "scaling of what is released": scaling("api", 2),
    "release": lambda context: ask(context, asked=rollout(weights=(10.0, 100.0))),
    "teardown": lambda context: tear_down(context, Extent(), False),
}
# What a release does at its many calls is much the same from one to the next.
STRIDES = {"release": 4}
SLOW_SECONDS = 0.11
PAIRS = [
    (first, second)
    for first in ("deployment", "scaling", "release", "teardown")
    for second in ("deployment", "another scaling", "scaling of what is released", "release", "teardown")
]


@dataclass
class Race:
    """What came of two runs: a result, or what was raised on purpose."""

    shop: Shop
    place: str
    results: dict[str, Any]

    def went_well(self, name: str) -> bool:
        """Whether the run called ``name`` took place and did what it was asked."""
        result = self.results.get(name)
        return result is not None and not isinstance(result, Exception) and not result.failure


def race(first: str, second: str, number: int, make: Callable[[], Shop] = edited) -> Race | None:
    """Return what comes of ``second`` being begun at call ``number`` of ``first``, None where there is none."""
    shop, results = make(), {}

    def run(name: str, key: str, points: Points | None = None) -> None:
        try:
            results[key] = RUNS[name](shop.context(points, by=f"whoever has the {key}"))
        except EXPECTED as error:
            results[key] = error

    begun = []
    other = second if second != first else f"second {second}"
    # The second is slow, so that the first gets on between any two of its calls.
    slowly = Points(lambda point: shop.world.clock.sleep(SLOW_SECONDS))
    points = doing_at(number, lambda: begun.append(shop.world.clock.start(lambda: run(second, other, slowly))))
    run(first, first, points)
    if not begun:
        return None
    shop.world.clock.join(begun[0])
    assert begun[0].failure is None, begun[0].failure
    told = {key: result if isinstance(result, Exception) else result.failure for key, result in results.items()}
    return Race(shop, f"{number}: {points.seen[number].name}: {told}", results)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{first}, {second}" for first, second in PAIRS])
def test_two_runs_at_a_time_lose_nothing(first: str, second: str) -> None:
    for number in count(0, STRIDES.get(first, 1)):
        found = race(first, second, number)
        if found is None:
            break
        check(found)


def check(found: Race) -> None:
    shop, place = found.shop, found.place
    stored = state(shop)
    assert not shop.world.leases and not shop.world.generators, place
    for result in found.results.values():
        assert not isinstance(result, DriverError), place
        assert not isinstance(result, Busy) or "whoever has the" in str(result), place
    release = stored.release("api")
    assert not release or not release.in_progress or found.results["release"].failure, place
    torn_down = found.went_well("teardown")
    if torn_down and stored.specification is None:
        assert not shop.world.instances and not shop.world.files, place
        assert not release or not release.standing, place
        return
    assert torn_down <= found.went_well("deployment"), place
    if not torn_down:
        assert shop.world.lost == [], place
    check_scalings(found)
    promoted = release is not None and release.phase == Phase.PROMOTED
    assert promoted == found.went_well("release") or torn_down, place
    assert [each.component for each in stored.promoted] == ["api"] * promoted, place
    assert settled_on(shop, NEW if promoted else OLD), place
    assert only_forward(shop) or not promoted, place
    if found.went_well("deployment"):
        assert shop.world.having("web") == {"web:2 1": 1.0}, place
    shop.asked = stored.specification or shop.asked
    assert not deploy(shop.context(), Scope(), PATIENCE, True).plan, place


def check_scalings(found: Race) -> None:
    running = [each.component for each in found.shop.world.instances if each.version == Version.STABLE]
    for name, component in (("scaling", "side"), ("another scaling", "web"), ("scaling of what is released", "api")):
        stored = [each.component for each in state(found.shop).scaled]
        if found.went_well(name):
            assert component in stored, found.place
            assert running.count(component) == 2, found.place
        else:
            assert component not in stored, found.place


def test_what_a_release_compares_is_not_changed_meanwhile() -> None:
    shop = edited()
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    assert not RUNS["deployment"](shop.context()).failure
    assert not RUNS["scaling"](shop.context()).failure
    shop.asked = with_component(shop.asked, "api", image="api:3")
    for name in ("deployment", "scaling of what is released"):
        with pytest.raises(Busy, match="the first runs it; this would change what it compares"):
            RUNS[name](shop.context())
    with pytest.raises(Busy, match="end it first: -e action=abort"):
        RUNS["teardown"](shop.context())
    shop.world.clock.join(process)
    assert settled_on(shop, NEW)
    assert shop.world.lost == []


def test_a_second_run_of_the_same_release_waits_or_is_refused() -> None:
    for number in count(1, 4):
        found = race("release", "release", number, up)
        if found is None:
            break
        assert found.went_well("release"), found.place
        second = found.results["second release"]
        assert isinstance(second, Busy) or second.release.phase == Phase.PROMOTED, found.place
        assert settled_on(found.shop, NEW), found.place
        assert found.shop.world.lost == [], found.place


def test_a_paused_release_is_not_resumed_by_a_run_that_is_refused() -> None:
    shop = up()
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    ask(shop.context(), Action.PAUSE)
    with pytest.raises(Busy, match="the first"):
        ask(shop.context())
    shop.world.clock.sleep(100.0)
    found = state(shop).release("api")
    assert found and found.weight == 10
    ask(shop.context(), Action.ABORT)
    shop.world.clock.join(process)
    assert settled_on(shop, OLD)


def test_who_has_lost_a_lease_writes_nothing_any_more() -> None:
    shop = edited()
    before = state(shop)
    stolen: list[bool] = []

    def steal() -> None:
        # As where the holder did not renew it in time: another has it meanwhile, and has let go again.
        stolen.append(bool(shop.world.leases.pop("application")))
        with shop.context().driver.state.lease(shop.context(by="the other").holder(Purpose.DEPLOYMENT)):
            pass

    def at(point: Point) -> None:
        if point.name == "observe" and not stolen:
            steal()

    with pytest.raises(Busy, match="lost to another run"):
        RUNS["deployment"](shop.context(Points(at)))
    assert stolen and state(shop) == before
    assert shop.world.having("web") == {"web:1 1": 1.0}


def test_a_promotion_loses_nothing_that_another_stores_meanwhile() -> None:
    """Before each transaction of a release another promotion is stored, whatever the release has read by then."""
    shop = up()
    others: list[Promoted] = []

    def at(point: Point) -> None:
        if point.name == "transaction":
            others.append(Promoted(f"other-{len(others)}", "other:2", (), "other:1", ()))
            store = shop.context(by="another").driver.state
            with store.lease(Holder(Purpose.RELEASE, "another", "other")) as lease, store.transaction(lease) as transaction:
                transaction.state = transaction.state.with_promoted((others[-1],))

    assert ask(shop.context(Points(at)), weights=(100.0,)).release.phase == Phase.PROMOTED
    assert len(others) > 5
    assert {each.component for each in state(shop).promoted} == {"api", *(each.component for each in others)}


@pytest.mark.parametrize("action", [Action.ROLL_OUT, Action.RESUME, Action.PROMOTE, Action.ABORT])
def test_a_second_release_is_refused_while_another_is_run(action: Action) -> None:
    """Each would split the users of both, and take them to and fro."""
    shop = up()
    web = rollout("web:2", "web", (10.0, 100.0))
    if action != Action.ROLL_OUT:
        ask(shop.context(), asked=web, weights=(10.0,), named="web")
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    before = state(shop).release("web"), list(shop.world.moves["web"])
    with pytest.raises(Busy, match="the release api is in progress at 10 %: the first runs it, and one is run at a time"):
        ask(shop.context(), action, asked=web, named="web")
    shop.world.clock.join(process)
    assert process.failure is None
    assert settled_on(shop, NEW) and only_forward(shop)
    assert (state(shop).release("web"), shop.world.moves["web"]) == before
    assert not ask(shop.context(), action, asked=web, named="web").failure
    shop.world.clock.sleep(1.0)
    assert shop.world.having("web") == ({"web:1 1": 1.0} if action == Action.ABORT else {"web:2 2": 1.0})
    assert shop.world.having("api") == {NEW: 1.0} and shop.world.lost == []
    assert not deploy(shop.context(), Scope(), PATIENCE, False).plan


def after(name: str, act: Callable[[], object]) -> Points:
    """Return the points of a process that has to wait at its call ``name``, until ``act`` is over."""
    done: list[str] = []

    def at(point: Point) -> None:
        if point.name == name and not done:
            done.append(name)
            act()

    return Points(at)


def more(shop: Shop) -> Shop:
    """Have the file ask for one more instance."""
    shop.asked = with_component(shop.asked, "side", replicas=2)
    return shop


def test_a_teardown_that_waited_removes_what_has_come_meanwhile() -> None:
    shop = more(edited())
    assert not RUNS["teardown"](shop.context(after("lease application", lambda: RUNS["deployment"](shop.context())))).failure
    assert not shop.world.instances and not shop.world.files
    assert not RUNS["teardown"](shop.context()).plan


def test_a_deployment_and_a_scaling_that_waited_keep_what_has_come_meanwhile() -> None:
    for first, second in (("deployment", "another scaling"), ("another scaling", "deployment")):
        shop = more(edited())
        waited = after("lease application", lambda shop=shop, first=first: RUNS[first](shop.context()))  # type: ignore[misc]
        assert not RUNS[second](shop.context(waited)).failure
        shop.world.clock.sleep(1.0)
        assert shop.world.having("web") == {"web:2 1": 1.0}, second
        assert [sum(each.component == name for each in shop.world.instances) for name in ("web", "side")] == [2, 2], second
        assert not deploy(shop.context(), Scope(), PATIENCE, True).plan, second


def test_a_release_that_waited_goes_on_from_where_it_is() -> None:
    """What it read before is one that no user has yet, or one that has not been taken back yet."""
    shop = up()
    waited = after("lease api", lambda: ask(shop.context(), weights=(10.0,)))
    assert ask(shop.context(waited), weights=(10.0, 100.0)).release.phase == Phase.PROMOTED
    assert settled_on(shop, NEW) and only_forward(shop)
    shop = up()
    ask(shop.context(), weights=(10.0,))
    waited = after("lease api", lambda: ask(shop.context(), Action.ABORT))
    assert ask(shop.context(waited), Action.RESUME).release.phase == Phase.ABORTED
    assert settled_on(shop, OLD) and shop.world.moves["api"][-1] == {OLD: 1.0}
