"""Releases that are killed, refused something, or left without an engine, at each of their calls: nobody is left in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import TargetUnavailable
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from memory.disturbed import failing_at, faults, kills, left, unavailable_at
from memory.driver import Point, Points
from memory.releasing import NEW, OLD, PATIENCE, ask, asking, only_forward, settled_on, state, stored, up
from memory.shop import Shop, made_once, rollout

pytestmark = pytest.mark.usefixtures("simulated")

WEIGHTS = (10.0, 100.0)


@made_once
def at_10() -> Shop:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    return shop


@made_once
def rolling_back() -> Shop:
    """Return a shop whose release was left while it was being rolled back, with all candidates still there."""
    for _unused, shop in kills(at_10, asking(Action.ABORT)):
        if stored(shop).phase == Phase.ROLLING_BACK:
            return shop
    raise AssertionError


COURSES: dict[str, tuple[Callable[[], Shop], Action, str]] = {
    "a good version": (up, Action.ROLL_OUT, "api:2"),
    "a bad version": (up, Action.ROLL_OUT, "api:bad"),
    "promotion": (at_10, Action.PROMOTE, "api:2"),
    "abortion": (at_10, Action.ABORT, "api:2"),
    "resumption": (at_10, Action.RESUME, "api:2"),
    "a rollback that goes on": (rolling_back, Action.RESUME, "api:2"),
}


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_killed_release_goes_on_to_the_same_end(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    asked = rollout(image, weights=WEIGHTS)
    workflow = asking(action, asked=asked)
    undisturbed = make()
    workflow(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for number, shop in kills(make, workflow):
        shop.world.clock.sleep(3.0)
        found = state(shop).release("api")
        assert set(shop.world.having("api")) <= {OLD, f"{image} 2"}, number
        if action == Action.ROLL_OUT or (found and found.in_progress):
            workflow(shop.context())
        shop.world.clock.sleep(1.0)
        assert left(shop.world) == left(undisturbed.world), number
        assert shop.world.lost == [], number
        if action in (Action.ROLL_OUT, Action.PROMOTE, Action.RESUME) and stored(shop).phase == Phase.PROMOTED:
            assert only_forward(shop), (number, shop.world.moves["api"])


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_after_a_kill_a_deployment_leaves_the_release_as_it_is(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    for number, shop in kills(make, asking(action, asked=rollout(image, weights=WEIGHTS))):
        shop.world.clock.sleep(1.0)
        releases = state(shop).releases
        assert not deploy(shop.context(), Scope(), PATIENCE, False).failure, number
        shop.world.clock.sleep(1.0)
        # Users may be given the weight that was stored before the end came; never what nobody asked for.
        assert state(shop).releases == releases, number
        assert set(shop.world.having("api")) <= {OLD, f"{image} 2"}, number
        assert shop.world.lost == [], number
        assert not deploy(shop.context(), Scope(), PATIENCE, False).plan, number


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_what_the_target_refuses_leaves_nobody_in_between(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    asked = rollout(image, weights=WEIGHTS)
    ended = {Phase.PROMOTED: "api:2 2", Phase.FAILED: OLD, Phase.ABORTED: OLD}
    for place, shop, result in faults(make, asking(action, asked=asked), lambda number, world: failing_at(number)):
        told = f"{place}: {result if isinstance(result, Exception) else result.failure}"
        shop.world.clock.sleep(1.0)
        having = shop.world.having("api")
        assert shop.world.lost == [], told
        assert not shop.world.leases and not shop.world.generators, told
        found = state(shop).release("api")
        if isinstance(result, Exception):
            # Nothing was begun.
            assert having == make().world.having("api"), told
        else:
            assert having in ({OLD: 1.0}, {NEW: 1.0}), told
        if found and found.in_progress:
            ask(shop.context(), Action.RESUME)
            found = stored(shop)
        assert not found or (found.phase in ended and settled_on(shop, ended[found.phase])), told


@pytest.mark.parametrize(("seconds", "everything"), [(100.0, False), (10.0, True)], ids=["the engine", "all of it"])
@pytest.mark.parametrize("course", [COURSES["a good version"], COURSES["a bad version"]], ids=["good", "bad"])
def test_a_target_that_is_gone_for_a_while_leaves_nobody_in_between(
    course: tuple[Callable[[], Shop], Action, str], seconds: float, everything: bool
) -> None:
    make, action, image = course
    asked = rollout(image, weights=WEIGHTS)
    workflow = asking(action, asked=asked)
    promoted = 0
    for place, shop, result in faults(
        make, workflow, lambda number, world: unavailable_at(number, world, seconds, everything)
    ):
        told = f"{place}: {result if isinstance(result, Exception) else result.failure}"
        shop.world.clock.sleep(seconds + 1.0)
        having = shop.world.having("api")
        assert shop.world.lost == [], told
        assert having in ({OLD: 1.0}, {NEW: 1.0}), told
        found = state(shop).release("api")
        if found and found.in_progress:
            ask(shop.context(), Action.RESUME)
        found = state(shop).release("api")
        promoted += bool(found and found.phase == Phase.PROMOTED)
        assert not found or settled_on(shop, NEW if found.phase == Phase.PROMOTED else OLD), told
    assert promoted or image != "api:2"


def test_an_engine_that_is_gone_for_a_minute_while_users_are_watched_takes_no_good_version_back() -> None:
    """The proxies still tell how it does."""
    shop = up()
    since: list[float] = []

    def at(point: Point) -> None:
        if not since and point.name == "started" and (release := state(shop).release("api")) and release.weight == 10:
            since.append(shop.world.now)
        if point.engine and since and shop.world.now - since[0] < 60.0:
            raise TargetUnavailable("the engine does not answer")

    asked = rollout(weights=WEIGHTS)
    result = ask(shop.context(Points(at)), asked=replace(asked, gate=replace(asked.gate, hold=90.0, wait=120.0)))
    assert since and result.release.phase == Phase.PROMOTED, result.failure
    assert settled_on(shop, NEW) and only_forward(shop)
    assert shop.world.lost == []
