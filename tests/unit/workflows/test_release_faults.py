"""Releases that are killed, refused a call, or left without an engine, at each of their calls: users end on one version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import TargetUnavailable
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from memory.driver import Call, Calls
from memory.fault_injection import fail_at, fault_at_every_call, kill_at_every_change, snapshot, unavailable_at
from memory.releases import (
    NEW,
    OLD,
    PATIENCE,
    ask,
    never_moved_back,
    release_workflow,
    running_shop,
    settled_on,
    state,
    stored_release,
)
from memory.shop import Shop, copied, rollout

pytestmark = pytest.mark.usefixtures("simulated")

WEIGHTS = (10.0, 100.0)


@copied
def at_10() -> Shop:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    return shop


@copied
def rolling_back() -> Shop:
    """Return a shop whose release was killed during the rollback, with all candidates still running."""
    for _unused, shop in kill_at_every_change(at_10, release_workflow(Action.ABORT)):
        if stored_release(shop).phase == Phase.ROLLING_BACK:
            return shop
    raise AssertionError


COURSES: dict[str, tuple[Callable[[], Shop], Action, str]] = {
    "a good version": (running_shop, Action.ROLL_OUT, "api:2"),
    "a bad version": (running_shop, Action.ROLL_OUT, "api:bad"),
    "promotion": (at_10, Action.PROMOTE, "api:2"),
    "abort": (at_10, Action.ABORT, "api:2"),
    "resume": (at_10, Action.RESUME, "api:2"),
    "a resumed rollback": (rolling_back, Action.RESUME, "api:2"),
}


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_killed_release_resumes_and_ends_the_same(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    requested = rollout(image, weights=WEIGHTS)
    workflow = release_workflow(action, requested=requested)
    undisturbed = make()
    workflow(undisturbed.context())
    undisturbed.world.clock.sleep(1.0)
    for number, shop in kill_at_every_change(make, workflow):
        shop.world.clock.sleep(3.0)
        release = state(shop).release("api")
        assert set(shop.world.user_shares("api")) <= {OLD, f"{image} 2"}, number
        if action == Action.ROLL_OUT or (release and release.in_progress):
            workflow(shop.context())
        shop.world.clock.sleep(1.0)
        assert snapshot(shop.world) == snapshot(undisturbed.world), number
        assert shop.world.lost == [], number
        if action in (Action.ROLL_OUT, Action.PROMOTE, Action.RESUME) and stored_release(shop).phase == Phase.PROMOTED:
            assert never_moved_back(shop), (number, shop.world.share_history["api"])


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_deployment_after_a_kill_does_not_change_the_release(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    for number, shop in kill_at_every_change(make, release_workflow(action, requested=rollout(image, weights=WEIGHTS))):
        shop.world.clock.sleep(1.0)
        releases = state(shop).releases
        assert not deploy(shop.context(), Scope(), PATIENCE, False).failure, number
        shop.world.clock.sleep(1.0)
        # Users may be moved to the weight stored before the kill, never to one that was not requested.
        assert state(shop).releases == releases, number
        assert set(shop.world.user_shares("api")) <= {OLD, f"{image} 2"}, number
        assert shop.world.lost == [], number
        assert not deploy(shop.context(), Scope(), PATIENCE, False).plan, number


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_refused_call_leaves_all_users_on_one_version(course: tuple[Callable[[], Shop], Action, str]) -> None:
    make, action, image = course
    requested = rollout(image, weights=WEIGHTS)
    ended = {Phase.PROMOTED: "api:2 2", Phase.FAILED: OLD, Phase.ABORTED: OLD}
    for call, shop, result in fault_at_every_call(
        make, release_workflow(action, requested=requested), lambda number, world: fail_at(number)
    ):
        message = f"{call}: {result if isinstance(result, Exception) else result.failure}"
        shop.world.clock.sleep(1.0)
        shares = shop.world.user_shares("api")
        assert shop.world.lost == [], message
        assert not shop.world.leases and not shop.world.generators, message
        release = state(shop).release("api")
        if isinstance(result, Exception):
            # The release did not start.
            assert shares == make().world.user_shares("api"), message
        else:
            assert shares in ({OLD: 1.0}, {NEW: 1.0}), message
        if release and release.in_progress:
            ask(shop.context(), Action.RESUME)
            release = stored_release(shop)
        assert not release or (release.phase in ended and settled_on(shop, ended[release.phase])), message


@pytest.mark.parametrize(("seconds", "everything"), [(100.0, False), (10.0, True)], ids=["the engine", "everything"])
@pytest.mark.parametrize("course", [COURSES["a good version"], COURSES["a bad version"]], ids=["good", "bad"])
def test_an_unavailable_target_leaves_all_users_on_one_version(
    course: tuple[Callable[[], Shop], Action, str], seconds: float, everything: bool
) -> None:
    make, action, image = course
    requested = rollout(image, weights=WEIGHTS)
    workflow = release_workflow(action, requested=requested)
    promoted = 0
    for call, shop, result in fault_at_every_call(
        make, workflow, lambda number, world: unavailable_at(number, world, seconds, everything)
    ):
        message = f"{call}: {result if isinstance(result, Exception) else result.failure}"
        shop.world.clock.sleep(seconds + 1.0)
        shares = shop.world.user_shares("api")
        assert shop.world.lost == [], message
        assert shares in ({OLD: 1.0}, {NEW: 1.0}), message
        release = state(shop).release("api")
        if release and release.in_progress:
            ask(shop.context(), Action.RESUME)
        release = state(shop).release("api")
        promoted += bool(release and release.phase == Phase.PROMOTED)
        assert not release or settled_on(shop, NEW if release.phase == Phase.PROMOTED else OLD), message
    assert promoted or image != "api:2"


def test_an_engine_that_is_gone_for_a_minute_while_a_step_is_watched_causes_no_rollback_of_a_good_version() -> None:
    """The proxies still report how both versions perform."""
    shop = running_shop()
    since: list[float] = []

    def on_call(call: Call) -> None:
        if not since and call.name == "started at" and (release := state(shop).release("api")) and release.weight == 10:
            since.append(shop.world.now)
        if call.engine and since and shop.world.now - since[0] < 60.0:
            raise TargetUnavailable("the engine does not answer")

    requested = rollout(weights=WEIGHTS)
    gate = replace(requested.gate, hold=90.0, wait=120.0)
    result = ask(shop.context(Calls(on_call)), requested=replace(requested, gate=gate))
    assert since and result.release.phase == Phase.PROMOTED, result.failure
    assert settled_on(shop, NEW) and never_moved_back(shop)
    assert shop.world.lost == []
