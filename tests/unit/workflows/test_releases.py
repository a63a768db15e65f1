"""Releases on a target in memory: the effect of each action, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import count

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError, Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check, ComponentVersion
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision, Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import _WORKFLOWS
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release_target import DriverTarget
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.report import report
from memory.clock import Process
from memory.driver import Call, Calls
from memory.fault_injection import act_at, snapshot, snapshot_without_ids
from memory.releases import NEW, OLD, PATIENCE, ask, never_moved_back, running_shop, settled_on, shares, state, stored_release
from memory.shop import Shop, copied, edited_everywhere, rollout, with_component

pytestmark = pytest.mark.usefixtures("simulated")

SINCE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def candidates(shop: Shop) -> list[str]:
    return [instance.name for instance in shop.world.instances if instance.version == Version.CANDIDATE]


def test_a_good_version_goes_through_every_weight_and_is_promoted() -> None:
    shop = running_shop()
    result = ask(shop.context(through_wire=True))
    assert (result.failure, result.changed, result.release.phase) == ("", True, Phase.PROMOTED)
    assert [step.weight for step in result.release.steps] == [10, 50, 100]
    assert shares(shop, NEW) == [0, 0.1, 0.5, 1]
    assert settled_on(shop, NEW) and not candidates(shop)
    assert shop.world.lost == []
    assert not deploy(shop.context(), Scope(), PATIENCE, False).plan


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("api:bad", "errors are worse"),
        ("api:slow", "slow requests are worse"),
        ("api:dies", "has ended"),
        ("api:never", "not healthy"),
    ],
)
def test_a_worse_version_is_rolled_back(image: str, reason: str) -> None:
    shop = running_shop()
    before = snapshot_without_ids(shop.world, "state")
    result = ask(shop.context(), requested=rollout(image))
    assert result.release.phase == Phase.FAILED
    assert reason in result.failure
    assert settled_on(shop, OLD) and not candidates(shop)
    assert snapshot_without_ids(shop.world, "state") == before
    assert shop.world.lost == []


def test_a_release_stops_at_one_weight_and_the_next_run_resumes_there() -> None:
    shop = running_shop()
    result = ask(shop.context(), weights=(10.0,))
    assert (result.failure, result.release.phase, result.release.weight) == ("", Phase.SHIFTING, 10)
    with pytest.raises(Refused, match="only ever move forward"):
        ask(shop.context(), weights=(5.0,))
    again = ask(shop.context(), weights=(50.0,))
    assert (again.release.weight, again.release.passed) == (50, 50)
    assert ask(shop.context(), Action.STATUS).lines == ("api: shifting at 50 %",)
    assert ask(shop.context(), Action.RESUME).release.phase == Phase.PROMOTED
    assert shares(shop, NEW) == [0, 0.1, 0.5, 1]
    assert shop.world.lost == []


def test_a_release_starts_from_the_deployed_version_and_applies_no_other_edit() -> None:
    shop = running_shop()
    shop.spec = with_component(with_component(shop.spec, "web", image="web:2"), "api", replicas=2)
    assert ask(shop.context()).release.phase == Phase.PROMOTED
    shop.world.clock.sleep(1.0)
    assert shop.world.user_shares("web") == {"web:1 1": 1.0}
    assert len(shop.world.serving("api")) == 3
    assert deploy(shop.context(), Scope(), PATIENCE, False).plan
    assert shop.world.user_shares("web") == {"web:2 1": 1.0}
    # A promotion holds until the file changes the promoted component.
    assert shop.world.user_shares("api") == {NEW: 1.0}


@pytest.mark.parametrize("weights", [(), (10.0,), (10.0, 50.0)])
def test_promote_and_abort_at_any_weight(weights: tuple[float, ...]) -> None:
    for action, phase, label in ((Action.PROMOTE, Phase.PROMOTED, NEW), (Action.ABORT, Phase.ABORTED, OLD)):
        shop = running_shop()
        ask(shop.context(), weights=weights or (0.0,))
        result = ask(shop.context(), action)
        assert (result.failure, result.release.phase) == ("", phase)
        assert settled_on(shop, label)
        assert shop.world.lost == []
        with pytest.raises(Refused, match="has ended"):
            ask(shop.context(), action)


def test_a_rolled_back_release_can_be_retried() -> None:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    with pytest.raises(Refused, match="allowed for retry: one that has ended"):
        ask(shop.context(), Action.RETRY)
    ask(shop.context(), Action.ABORT)
    assert ask(shop.context(), Action.RETRY).release.phase == Phase.PROMOTED
    assert settled_on(shop, NEW)


def test_actions_without_a_release_are_refused_with_the_remedy() -> None:
    shop = running_shop()
    for action in set(Action) - {Action.ROLL_OUT}:
        with pytest.raises(Refused, match="there is none"):
            ask(shop.context(), action)


def test_another_release_of_the_same_component_is_refused() -> None:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    with pytest.raises(Refused, match=rf"begun by me at {SINCE}; end it first: -e release=api "):
        ask(shop.context(), requested=replace(rollout("api:3"), name="other"))
    with pytest.raises(Refused, match=rf"with another version; it was begun by me at {SINCE}; end it first: -e release=api "):
        ask(shop.context(), requested=rollout("api:3"))


def test_an_unavailable_image_is_refused_and_an_available_one_is_pulled() -> None:
    shop = running_shop()
    shop.world.unavailable_images.add("api:9")
    with pytest.raises(Refused, match="cannot get"):
        ask(shop.context(), requested=rollout("api:9"))
    assert not shop.world.leases
    shop.world.unavailable_images.clear()
    assert ask(shop.context(), requested=rollout("api:9")).release.phase == Phase.PROMOTED


@pytest.mark.parametrize("action", [Action.ROLL_OUT, Action.PROMOTE, Action.ABORT, Action.RESUME, Action.PAUSE, Action.STATUS])
@pytest.mark.parametrize("weights", [None, (10.0,)])
def test_check_mode_predicts_the_changes_and_changes_nothing(action: Action, weights: tuple[float, ...] | None) -> None:
    shop = running_shop()
    if weights:
        ask(shop.context(), weights=weights)
    elif action != Action.ROLL_OUT:
        return
    before, journal = snapshot(shop.world), list(shop.world.journal)
    planned = ask(shop.context(), action, dry=True)
    assert (snapshot(shop.world), shop.world.journal) == (before, journal)
    result = ask(shop.context(), action)
    assert planned.changed == result.changed == (snapshot(shop.world) != before)


def test_check_mode_reports_no_change_at_a_reached_weight() -> None:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    before = snapshot(shop.world)
    planned = ask(shop.context(), weights=(10.0,), dry=True)
    result = ask(shop.context(), weights=(10.0,))
    assert planned.changed == result.changed == (snapshot(shop.world) != before)


def while_shifting(act: Callable[[Shop], object], weight: float = 10.0) -> Shop:
    """Return a shop after a release during which ``act`` ran at ``weight``."""
    shop = running_shop()
    acted: list[bool] = []

    def on_call(call: object) -> None:
        release = (shop.world.state.release("api") if shop.world.state else None) if not acted else None
        if release and release.phase == Phase.SHIFTING and release.weight == weight:
            acted.append(True)
            act(shop)

    shop.messages.append(ask(shop.context(Calls(on_call))).failure)
    assert acted
    return shop


def test_pause_holds_a_release_until_it_is_resumed() -> None:
    def pause(shop: Shop) -> None:
        assert "requested" in ask(shop.context(), Action.PAUSE).lines[0]
        began = shop.world.now

        def resume() -> None:
            shop.world.clock.sleep(100.0)
            assert stored_release(shop).weight == 10
            ask(shop.context(), Action.RESUME)

        shop.world.clock.start(resume)
        assert shop.world.now == began

    shop = while_shifting(pause)
    assert stored_release(shop).phase == Phase.PROMOTED
    assert stored_release(shop).steps[0].seconds > 99


def is_below_ten(shop: Shop) -> bool:
    return not shop.world.state or stored_release(shop).weight < 10


def test_promote_and_abort_a_release_of_another_run() -> None:
    promoted = while_shifting(lambda shop: ask(shop.context(), Action.PROMOTE))
    assert stored_release(promoted).phase == Phase.PROMOTED
    assert [step.decision for step in stored_release(promoted).steps] == [Decision.WAIT]
    assert settled_on(promoted, NEW)
    aborted = while_shifting(lambda shop: ask(shop.context(), Action.ABORT))
    assert stored_release(aborted).phase == Phase.ABORTED
    assert settled_on(aborted, OLD)
    assert "rolled back" in aborted.messages[-1]


def test_an_interrupted_run_holds_the_release_or_rolls_it_back() -> None:
    for back, phase, weight in ((False, Phase.SHIFTING, 10), (True, Phase.FAILED, 0)):
        shop = running_shop()
        result = ask(shop.context(alive=partial(is_below_ten, shop)), back=back)
        assert "gone" in result.failure
        assert (stored_release(shop).phase, stored_release(shop).weight) == (phase, weight)
        assert not shop.world.leases
        if not back:
            assert ask(shop.context()).release.phase == Phase.PROMOTED
            assert never_moved_back(shop)


@dataclass
class DemandOutcome:
    """A release with a demand by another process, the answer to that, and the moment of the demand."""

    shop: Shop
    answer: str
    moment: str


def demand_at(
    number: int, make: Callable[[], Shop], weights: tuple[float, ...], action: Action, slow: float
) -> DemandOutcome | None:
    """Return the outcome of ``action`` at call ``number`` of a release, None if there is no such call.

    ``slow`` is the time in seconds before each call of the demanding process.
    """
    shop = make()
    answers: list[str] = []

    def demand() -> None:
        slow_calls = Calls(lambda call: shop.world.clock.sleep(slow)) if slow else None
        try:
            result = ask(shop.context(slow_calls, by="another"), action)
            answers.append(result.lines[0] if result.lines else result.release.phase)
        except (Refused, Busy) as error:
            answers.append(str(error))

    started: list[Process] = []
    calls = act_at(number, lambda: started.append(shop.world.clock.start(demand)))
    result = ask(shop.context(calls), weights=weights)
    if not started:
        return None
    shop.world.clock.join(started[0])
    return DemandOutcome(shop, answers[0], f"{number}: {calls.log[number].name}: {answers} {result.failure}")


@copied
def at_10() -> Shop:
    shop = running_shop()
    ask(shop.context(), weights=(10.0,))
    return shop


@pytest.mark.parametrize(("action", "slow"), [(Action.ABORT, 0.0), (Action.PROMOTE, 0.0), (Action.ABORT, 0.11)])
@pytest.mark.parametrize(
    ("make", "weights"), [(running_shop, (10.0, 100.0)), (at_10, (10.0,))], ids=["to the end", "resumed at 10"]
)
def test_a_demand_at_any_call_is_met_or_refused(
    make: Callable[[], Shop], weights: tuple[float, ...], action: Action, slow: float
) -> None:
    answers = []
    # At 0 the demand would be over before the run reads anything.
    for number in count(1, 2 if make is running_shop else 1):
        outcome = demand_at(number, make, weights, action, slow)
        if outcome is None:
            break
        answers.append(outcome.answer)
        phase = stored_release(outcome.shop).phase
        if outcome.answer.startswith("requested") or outcome.answer in (Phase.ABORTED, Phase.PROMOTED):
            assert phase == (Phase.ABORTED if action == Action.ABORT else Phase.PROMOTED), outcome.moment
        elif "being promoted" in outcome.answer:
            assert phase == Phase.PROMOTED, outcome.moment
        else:
            assert "there is none" in outcome.answer or (phase == Phase.PROMOTED and "has ended" in outcome.answer), (
                outcome.moment
            )
        assert outcome.shop.world.lost == [], outcome.moment
        if phase.ended:
            assert settled_on(outcome.shop, NEW if phase == Phase.PROMOTED else OLD), outcome.moment
    assert len(answers) > 10
    if make is running_shop:
        assert sum(answer.startswith("requested") for answer in answers) > 5
        assert sum("being promoted" in answer for answer in answers) > 5


@dataclass
class Pauser:
    """Another process that pauses a release for a while: the answers, and how often users were moved meanwhile."""

    shop: Shop
    answers: list[str] = field(default_factory=list)
    paused: list[tuple[int, Phase]] = field(default_factory=list)

    def begin(self) -> None:
        self.shop.world.clock.start(self._pause)

    def _pause(self) -> None:
        shop = self.shop
        try:
            self.answers.append(ask(shop.context(), Action.PAUSE).lines[0])
        except Refused as error:
            self.answers.append(str(error))
        if not self.answers[0].startswith("requested"):
            return
        moves = len(shop.world.share_history["api"])
        shop.world.clock.sleep(100.0)
        self.paused.append((len(shop.world.share_history["api"]) - moves, stored_release(shop).phase))
        ask(shop.context(), Action.RESUME)


def test_a_pause_at_any_call_holds_the_release_or_is_refused() -> None:
    number, holds = 1, 0
    while True:
        shop = running_shop()
        pauser = Pauser(shop)
        answers, paused = pauser.answers, pauser.paused
        calls = act_at(number, pauser.begin)
        result = ask(shop.context(calls), weights=(10.0, 100.0))
        if number >= len(calls.log):
            break
        moment = f"{number}: {calls.log[number].name}: {answers} {paused} {result.failure}"
        assert result.release.phase == Phase.PROMOTED, moment
        # A step in progress is completed.
        assert all(moves <= 1 and not phase.ended for moves, phase in paused), moment
        assert paused or "requested" not in answers[0], moment
        holds += len(paused)
        number += 2
    assert holds > 25


@pytest.mark.parametrize("back", [False, True], ids=["holds", "rolls back"])
def test_a_run_interrupted_at_any_call_holds_or_rolls_back(back: bool) -> None:
    number, phases = 1, set()
    while True:
        shop = running_shop()
        interrupted: list[bool] = []
        calls = act_at(number, lambda interrupted=interrupted: interrupted.append(True))  # type: ignore[misc]
        result = ask(shop.context(calls, alive=lambda interrupted=interrupted: not interrupted), weights=(10.0, 100.0), back=back)  # type: ignore[misc]
        if number >= len(calls.log):
            break
        moment = f"{number}: {calls.log[number].name}: {result.failure}"
        phase = stored_release(shop).phase
        phases.add(phase)
        if back and not phase.promoting:
            assert phase in (Phase.FAILED, Phase.PROMOTED), moment
            assert settled_on(shop, NEW if phase == Phase.PROMOTED else OLD), moment
        elif not phase.ended:
            assert "run again to resume" in result.failure, moment
            assert ask(shop.context(), Action.RESUME).release.phase == Phase.PROMOTED, moment
            assert settled_on(shop, NEW) and never_moved_back(shop), moment
        assert shop.world.lost == [], moment
        number += 2
    assert phases >= ({Phase.FAILED, Phase.PROMOTED} if back else {Phase.SHIFTING, Phase.PROMOTED}), phases


@pytest.mark.parametrize(
    ("seconds", "problem", "phase"), [(3.0, "", Phase.PROMOTED), (3.0, "no", Phase.FAILED), (99.0, "", Phase.FAILED)]
)
def test_a_release_waits_for_a_slow_check_until_its_timeout(
    monkeypatch: pytest.MonkeyPatch, seconds: float, problem: str, phase: Phase
) -> None:
    shop = running_shop()

    def check(target: DriverTarget, check: Check) -> Future[str]:
        result: Future[str] = Future()

        def answer() -> None:
            shop.world.clock.sleep(seconds)
            result.set_result(problem)

        shop.world.clock.start(answer)
        return result

    monkeypatch.setattr(DriverTarget, "start_check", check)
    requested = replace(rollout(), checks=(Check("page", url="http://localhost/", timeout=5.0, interval=1.0),))
    result = ask(shop.context(), requested=requested)
    assert result.release.phase == phase
    assert settled_on(shop, NEW if phase == Phase.PROMOTED else OLD)
    # Users get candidates only after the checks have passed without users.
    assert phase == Phase.PROMOTED or shares(shop, NEW) == [0]


def test_a_release_generates_load_if_requested() -> None:
    for load, phase in ((0, Phase.FAILED), (100, Phase.PROMOTED)):
        shop = running_shop()
        shop.world.rate = 0.5
        shop.world.clock.sleep(400.0)
        requested = rollout()
        result = ask(shop.context(), requested=replace(requested, load=load, gate=replace(requested.gate, wait=120.0)))
        assert result.release.phase == phase, result.failure
        assert not shop.world.generators


def test_two_components_are_released_together() -> None:
    shop = running_shop()
    both = replace(rollout(), versions=(ComponentVersion("api", "api:2"), ComponentVersion("web", "web:2")), name="both")
    result = ask(shop.context(), requested=both, named="both")
    assert result.release.phase == Phase.PROMOTED
    shop.world.clock.sleep(1.0)
    assert (shop.world.user_shares("api"), shop.world.user_shares("web")) == ({"api:2 1": 1.0}, {"web:2 1": 1.0})
    assert shop.world.lost == []


def test_kept_candidates_stay_until_an_abort() -> None:
    shop = running_shop()
    assert ask(shop.context(), requested=replace(rollout("api:bad"), keep_candidate=True)).release.standing
    shop.world.clock.sleep(1.0)
    assert candidates(shop) and shop.world.user_shares("api") == {OLD: 1.0}
    assert ask(shop.context(), Action.ABORT).release.standing is False
    assert not candidates(shop)


@pytest.mark.parametrize("weights", [(0.0,), (10.0,)])
def test_check_mode_reports_an_abort_and_a_promotion_but_no_rollout(weights: tuple[float, ...]) -> None:
    shop = running_shop()
    ask(shop.context(), weights=weights)
    aborted = ask(shop.context(), Action.ABORT, dry=True)
    assert aborted.lines == (
        f"api: shifting at {weights[0]:g} %, would be rolled back",
        "0 % of the users have the candidates",
        "remove the candidates",
    )
    promoted = ask(shop.context(), Action.PROMOTE, dry=True)
    assert promoted.lines[0] == f"api: shifting at {weights[0]:g} %" and promoted.lines[-1] == "promote"
    assert not any("the gate" in line for line in promoted.lines)


def effects(shop: Shop) -> tuple[dict[str, str], dict[str, object]]:
    """Return the mesh files without what differs between testers, and the rest of the world."""
    tester = stored_release(shop).tester
    files = shop.world.files.items()
    contents = {path: re.sub('"version_info": "[^"]*"', "", content.replace(tester, "")) for path, content in files}
    return contents, snapshot(shop.world)


@pytest.mark.parametrize("action", [Action.PROMOTE, Action.RESUME, Action.ABORT])
def test_no_other_edit_of_the_file_is_reported_or_applied_by_any_action_on_a_release(action: Action) -> None:
    plain, edited = running_shop(), running_shop()
    edited.spec = edited_everywhere(edited.spec)
    for requested in (Action.ROLL_OUT, action):
        weights = (10.0,) if requested == Action.ROLL_OUT else ()
        lines = [ask(shop.context(), requested, weights=weights, dry=True).lines for shop in (plain, edited)]
        assert lines[0] == lines[1], requested
        for shop in (plain, edited):
            assert not ask(shop.context(), requested, weights=weights).failure
            shop.world.clock.sleep(1.0)
        assert effects(edited) == effects(plain), requested
    deploy(edited.context(), Scope(), PATIENCE, False)
    edited.world.clock.sleep(1.0)
    # The file has moved on from what it said when the release was promoted.
    assert edited.world.user_shares("api") == {"api:3 1": 1.0}


@pytest.mark.parametrize("dry", [True, False], ids=["check mode", "run"])
@pytest.mark.parametrize("image", ["api:2", "api:bad"])
def test_the_testers_secret_is_in_no_result_report_or_message(image: str, dry: bool) -> None:
    shop = running_shop()
    arguments = {
        "action": "roll_out", "rollout": asdict(rollout(image)), "named": "api", "weights": [], "back_on_interrupt": False,
        "timeout": 20,
    }  # fmt: skip
    result = _WORKFLOWS["release"](shop.context(), arguments, dry)
    again = _WORKFLOWS["release"](shop.context(), {**arguments, "action": "retry"}, dry) if not dry else {}
    status = _WORKFLOWS["status"](shop.context(), {"host": "here"}, False)
    testers = [release.tester for release in state(shop).releases]
    assert dry or (all(testers) and len(testers) == 1)
    assert "tester" not in result["release"]
    shown = json.dumps([result, again, status]) + "".join(shop.messages) + ("" if dry else report(result["release"]))
    assert not any(tester in shown for tester in testers)
    # Nor under another name.
    assert not re.search(r"[0-9a-f]{32}", shown)


def test_an_edit_that_a_deployment_would_refuse_blocks_no_release() -> None:
    shop = running_shop()
    shop.spec = with_component(shop.spec, "side", kind=Kind.STATEFUL)
    with pytest.raises(ModelError, match="as deployed"):
        deploy(shop.context(), Scope(), PATIENCE, True)
    assert ask(shop.context(), dry=True).changed
    assert ask(shop.context()).release.phase == Phase.PROMOTED


def abort_at(shop: Shop, answers: list[str], stores: Iterator[int], number: int, call: Call) -> None:
    """Ask for an abort just before the state is written for the time ``number``, and keep the answer."""
    if call.name == "transaction" and next(stores) == number:
        try:
            answers.append(ask(shop.context(by="another"), Action.ABORT).lines[0])
        except Refused as error:
            answers.append(str(error))


def test_an_abort_that_comes_just_before_a_release_is_stored_is_met_or_refused() -> None:
    """At each time that a promotion stores something: what is accepted then the run has to see afterwards."""
    accepted = []
    for number in count():
        shop, stores = at_10(), count()
        answers: list[str] = []

        ask(shop.context(Calls(partial(abort_at, shop, answers, stores, number))), weights=(100.0,))
        if not answers:
            break
        accepted.append(answers[0].startswith("requested"))
        assert stored_release(shop).phase == (Phase.ABORTED if accepted[-1] else Phase.PROMOTED), f"{number}: {answers}"
    assert accepted == sorted(accepted, reverse=True) and {True, False} == set(accepted)


def pause_at(pauser: Pauser, stores: Iterator[int], number: int, call: Call) -> None:
    """Begin a pause just before the state is written for the time ``number``."""
    if call.name == "transaction" and next(stores) == number:
        pauser.begin()


def test_a_pause_that_comes_just_before_a_release_is_stored_is_met_or_refused() -> None:
    for number in count():
        pauser = Pauser(at_10())
        result = ask(pauser.shop.context(Calls(partial(pause_at, pauser, count(), number))), weights=(100.0,))
        if not pauser.answers:
            break
        place = f"{number}: {pauser.answers} {pauser.paused} {result.failure}"
        assert result.release.phase == Phase.PROMOTED, place
        assert pauser.paused or not pauser.answers[0].startswith("requested"), place
        assert all(moves <= 1 and not phase.ended for moves, phase in pauser.paused), place
    assert number > 5


def test_an_abort_ends_the_wait_for_candidates_that_do_not_become_healthy() -> None:
    shop = running_shop()
    began = shop.world.now

    def abort() -> None:
        shop.world.clock.sleep(3.0)
        assert ask(shop.context(by="another"), Action.ABORT).lines[0].startswith("requested")

    process = shop.world.clock.start(abort)
    result = ask(shop.context(), requested=rollout("api:never"))
    assert process.ended and process.failure is None
    assert (result.release.phase, shop.world.now - began < PATIENCE / 2) == (Phase.ABORTED, True)
    assert settled_on(shop, OLD) and not candidates(shop)
