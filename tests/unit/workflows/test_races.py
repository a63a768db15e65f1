"""Two concurrent runs, the second started at each call of the first: one waits or is refused, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Holder, Purpose, Scope, TeardownScope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy, DriverError
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Phase, PromotedVersion
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import EXPECTED
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import Size, scale
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from memory.driver import Call, Calls
from memory.fault_injection import act_at
from memory.releases import NEW, OLD, PATIENCE, ask, never_moved_back, running_shop, settled_on, state
from memory.shop import Shop, copied, rollout, with_component

pytestmark = pytest.mark.usefixtures("simulated")


@copied
def edited_shop() -> Shop:
    """Return a shop whose file has been edited since it was deployed."""
    shop = running_shop()
    shop.spec = with_component(shop.spec, "web", image="web:2")
    return shop


def scaling_workflow(component: str, replicas: int) -> Callable[[Context], Any]:
    return lambda context: scale(context, (Size(component, replicas),), PATIENCE, False)


RUNS: dict[str, Callable[[Context], Any]] = {
    "deployment": lambda context: deploy(context, Scope(), PATIENCE, False),
    "scaling": scaling_workflow("side", 2),
    "another scaling": scaling_workflow("web", 2),
    "scaling of what is released": scaling_workflow("api", 2),
    "release": lambda context: ask(context, requested=rollout(weights=(10.0, 100.0))),
    "teardown": lambda context: tear_down(context, TeardownScope(), False),
}
# Neighbouring calls of a release are alike.
STRIDES = {"release": 4}
SLOW_SECONDS = 0.11
SINCE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
TOLD = rf"the first has run it since {SINCE}; wait for its end, or end it: .*canary.yml -e action=abort -e release=api"
PAIRS = [
    (first, second)
    for first in ("deployment", "scaling", "release", "teardown")
    for second in ("deployment", "another scaling", "scaling of what is released", "release", "teardown")
]


@dataclass
class Race:
    """The results of two runs, or the expected errors."""

    shop: Shop
    moment: str
    results: dict[str, Any]

    def succeeded(self, name: str) -> bool:
        """Whether the run ``name`` took place and succeeded."""
        result = self.results.get(name)
        return result is not None and not isinstance(result, Exception) and not result.failure


def race(first: str, second: str, number: int, make: Callable[[], Shop] = edited_shop) -> Race | None:
    """Return the outcome of starting ``second`` at call ``number`` of ``first``, None if there is no such call."""
    shop, results = make(), {}

    def run(name: str, key: str, calls: Calls | None = None) -> None:
        try:
            results[key] = RUNS[name](shop.context(calls, by=f"whoever has the {key}"))
        except EXPECTED as error:
            results[key] = error

    started = []
    key_of_second = second if second != first else f"second {second}"
    # The second is slow, so that the first advances between any two of its calls.
    slow_calls = Calls(lambda call: shop.world.clock.sleep(SLOW_SECONDS))
    calls = act_at(number, lambda: started.append(shop.world.clock.start(lambda: run(second, key_of_second, slow_calls))))
    run(first, first, calls)
    if not started:
        return None
    shop.world.clock.join(started[0])
    assert started[0].failure is None, started[0].failure
    messages = {key: result if isinstance(result, Exception) else result.failure for key, result in results.items()}
    return Race(shop, f"{number}: {calls.log[number].name}: {messages}", results)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{first}, {second}" for first, second in PAIRS])
def test_concurrent_runs_lose_nothing(first: str, second: str) -> None:
    for number in count(0, STRIDES.get(first, 1)):
        outcome = race(first, second, number)
        if outcome is None:
            break
        check(outcome)


def check(outcome: Race) -> None:
    shop, moment = outcome.shop, outcome.moment
    current = state(shop)
    assert not shop.world.leases and not shop.world.generators, moment
    for result in outcome.results.values():
        assert not isinstance(result, DriverError), moment
        assert not isinstance(result, Busy) or "whoever has the" in str(result), moment
    release = current.release("api")
    assert not release or not release.in_progress or outcome.results["release"].failure, moment
    torn_down = outcome.succeeded("teardown")
    if torn_down and current.specification is None:
        assert not shop.world.instances and not shop.world.files, moment
        assert not release or not release.standing, moment
        return
    assert torn_down <= outcome.succeeded("deployment"), moment
    if not torn_down:
        assert shop.world.lost == [], moment
    check_scalings(outcome)
    promoted = release is not None and release.phase == Phase.PROMOTED
    assert promoted == outcome.succeeded("release") or torn_down, moment
    assert [promotion.component for promotion in current.promoted] == ["api"] * promoted, moment
    assert settled_on(shop, NEW if promoted else OLD), moment
    assert never_moved_back(shop) or not promoted, moment
    if outcome.succeeded("deployment"):
        assert shop.world.user_shares("web") == {"web:2 1": 1.0}, moment
    shop.spec = current.specification or shop.spec
    assert not deploy(shop.context(), Scope(), PATIENCE, True).plan, moment


def check_scalings(outcome: Race) -> None:
    running = [instance.component for instance in outcome.shop.world.instances if instance.version == Version.STABLE]
    for name, component in (("scaling", "side"), ("another scaling", "web"), ("scaling of what is released", "api")):
        recorded = [scaled.component for scaled in state(outcome.shop).scaled]
        if outcome.succeeded(name):
            assert component in recorded, outcome.moment
            assert running.count(component) == 2, outcome.moment
        else:
            assert component not in recorded, outcome.moment


def test_a_component_in_a_release_cannot_be_changed_meanwhile() -> None:
    shop = edited_shop()
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    assert not RUNS["deployment"](shop.context()).failure
    assert not RUNS["scaling"](shop.context()).failure
    shop.spec = with_component(shop.spec, "api", image="api:3")
    for name in ("deployment", "scaling of what is released"):
        with pytest.raises(Busy, match=rf"this would change what it compares: .* {TOLD}"):
            RUNS[name](shop.context())
    with pytest.raises(Busy, match=f"the release api is in progress: {TOLD}"):
        RUNS["teardown"](shop.context())
    shop.world.clock.join(process)
    assert settled_on(shop, NEW)
    assert shop.world.lost == []


def test_a_second_run_of_the_same_release_waits_or_is_refused() -> None:
    for number in count(1, 4):
        outcome = race("release", "release", number, running_shop)
        if outcome is None:
            break
        assert outcome.succeeded("release"), outcome.moment
        second = outcome.results["second release"]
        assert isinstance(second, Busy) or second.release.phase == Phase.PROMOTED, outcome.moment
        assert settled_on(outcome.shop, NEW), outcome.moment
        assert outcome.shop.world.lost == [], outcome.moment


def test_a_refused_run_does_not_resume_a_paused_release() -> None:
    shop = running_shop()
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    ask(shop.context(), Action.PAUSE)
    with pytest.raises(Busy, match="the first"):
        ask(shop.context())
    shop.world.clock.sleep(100.0)
    release = state(shop).release("api")
    assert release and release.weight == 10
    ask(shop.context(), Action.ABORT)
    shop.world.clock.join(process)
    assert settled_on(shop, OLD)


def test_a_run_that_lost_its_lease_changes_nothing() -> None:
    shop = edited_shop()
    before = state(shop)
    stolen: list[bool] = []

    def steal() -> None:
        # As if the holder had not renewed it in time: another run has held and released it meanwhile.
        stolen.append(bool(shop.world.leases.pop("application")))
        with shop.context().driver.state.lease(shop.context(by="the other").holder(Purpose.DEPLOYMENT)):
            pass

    def at(call: Call) -> None:
        if call.name == "observe" and not stolen:
            steal()

    with pytest.raises(Busy, match="lost to another run"):
        RUNS["deployment"](shop.context(Calls(at)))
    assert stolen and state(shop) == before
    assert shop.world.user_shares("web") == {"web:1 1": 1.0}


def test_a_promotion_loses_nothing_that_another_stores_meanwhile() -> None:
    """Before each transaction of a release another promotion is stored, whatever the release has read by then."""
    shop = running_shop()
    others: list[PromotedVersion] = []

    def at(point: Call) -> None:
        if point.name == "transaction":
            others.append(PromotedVersion(f"other-{len(others)}", "other:2", (), "other:1", ()))
            store = shop.context(by="another").driver.state
            with store.lease(Holder(Purpose.RELEASE, "another", "other")) as lease, store.transaction(lease) as transaction:
                transaction.state = transaction.state.with_promoted((others[-1],))

    assert ask(shop.context(Calls(at)), weights=(100.0,)).release.phase == Phase.PROMOTED
    assert len(others) > 5
    assert {promoted.component for promoted in state(shop).promoted} == {"api", *(promoted.component for promoted in others)}


@pytest.mark.parametrize("action", [Action.ROLL_OUT, Action.RESUME, Action.PROMOTE, Action.ABORT])
def test_a_second_release_is_refused_while_another_runs(action: Action) -> None:
    """Otherwise each of two runs would split the users of both by its own copy of the state."""
    shop = running_shop()
    web = rollout("web:2", "web", (10.0, 100.0))
    if action != Action.ROLL_OUT:
        ask(shop.context(), requested=web, weights=(10.0,), named="web")
    process = shop.world.clock.start(lambda: ask(shop.context(by="the first")))
    while not (release := state(shop).release("api")) or release.weight < 10:
        shop.world.clock.sleep(0.1)
    before = state(shop).release("web"), list(shop.world.share_history["web"])
    refusal = "the release api is in progress at 10 %, and only one can run at a time; the first has run it since"
    with pytest.raises(Busy, match=refusal):
        ask(shop.context(), action, requested=web, named="web")
    shop.world.clock.join(process)
    assert process.failure is None
    assert settled_on(shop, NEW) and never_moved_back(shop)
    assert (state(shop).release("web"), shop.world.share_history["web"]) == before
    assert not ask(shop.context(), action, requested=web, named="web").failure
    shop.world.clock.sleep(1.0)
    assert shop.world.user_shares("web") == ({"web:1 1": 1.0} if action == Action.ABORT else {"web:2 2": 1.0})
    assert shop.world.user_shares("api") == {NEW: 1.0} and shop.world.lost == []
    assert not deploy(shop.context(), Scope(), PATIENCE, False).plan


def after(name: str, act: Callable[[], object]) -> Calls:
    """Return the calls of a process that waits at its call ``name`` until ``act`` has ended."""
    done: list[str] = []

    def on_call(call: Call) -> None:
        if call.name == name and not done:
            done.append(name)
            act()

    return Calls(on_call)


def with_another_instance(shop: Shop) -> Shop:
    """Return ``shop`` with one more instance in its file."""
    shop.spec = with_component(shop.spec, "side", replicas=2)
    return shop


def test_a_teardown_that_waited_removes_what_was_deployed_meanwhile() -> None:
    shop = with_another_instance(edited_shop())
    assert not RUNS["teardown"](shop.context(after("lease application", lambda: RUNS["deployment"](shop.context())))).failure
    assert not shop.world.instances and not shop.world.files
    assert not RUNS["teardown"](shop.context()).plan


def test_a_deployment_and_a_scaling_that_waited_keep_what_was_changed_meanwhile() -> None:
    for first, second in (("deployment", "another scaling"), ("another scaling", "deployment")):
        shop = with_another_instance(edited_shop())
        waited = after("lease application", lambda shop=shop, first=first: RUNS[first](shop.context()))  # type: ignore[misc]
        assert not RUNS[second](shop.context(waited)).failure
        shop.world.clock.sleep(1.0)
        assert shop.world.user_shares("web") == {"web:2 1": 1.0}, second
        components = [instance.component for instance in shop.world.instances]
        assert (components.count("web"), components.count("side")) == (2, 2), second
        assert not deploy(shop.context(), Scope(), PATIENCE, True).plan, second


def test_a_release_that_waited_resumes_from_the_stored_state() -> None:
    """Before the wait it read a release that no user had yet, or one that was not rolled back yet."""
    shop = running_shop()
    waited = after("lease api", lambda: ask(shop.context(), weights=(10.0,)))
    assert ask(shop.context(waited), weights=(10.0, 100.0)).release.phase == Phase.PROMOTED
    assert settled_on(shop, NEW) and never_moved_back(shop)
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    waited = after("lease api", lambda: ask(shop.context(), Action.ABORT))
    assert ask(shop.context(waited), Action.RESUME).release.phase == Phase.ABORTED
    assert settled_on(shop, OLD) and shop.world.share_history["api"][-1] == {OLD: 1.0}
