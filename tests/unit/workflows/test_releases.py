"""Releases on a target in memory: what each action does, and what it refuses."""

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
from memory.disturbed import doing_at, left, outcome
from memory.driver import Point, Points
from memory.releasing import NEW, OLD, PATIENCE, ask, only_forward, settled_on, shares, state, stored, up
from memory.shop import Shop, edited_everywhere, made_once, rollout, with_component

pytestmark = pytest.mark.usefixtures("simulated")


def candidates(shop: Shop) -> list[str]:
    return [each.name for each in shop.world.instances if each.version == Version.CANDIDATE]


def test_a_good_version_goes_through_every_weight_and_becomes_the_components_own() -> None:
    shop = up()
    result = ask(shop.context(through_wire=True))
    assert (result.failure, result.changed, result.release.phase) == ("", True, Phase.PROMOTED)
    assert [each.weight for each in result.release.steps] == [10, 50, 100]
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
def test_a_version_that_is_worse_is_taken_back(image: str, reason: str) -> None:
    shop = up()
    before = outcome(shop.world, "state")
    result = ask(shop.context(), asked=rollout(image))
    assert result.release.phase == Phase.FAILED
    assert reason in result.failure
    assert settled_on(shop, OLD) and not candidates(shop)
    assert outcome(shop.world, "state") == before
    assert shop.world.lost == []


def test_one_weight_is_gone_to_and_the_next_run_goes_on_from_there() -> None:
    shop = up()
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


def test_a_release_starts_from_what_is_deployed_and_applies_no_other_edit() -> None:
    shop = up()
    shop.asked = with_component(with_component(shop.asked, "web", image="web:2"), "api", replicas=2)
    assert ask(shop.context()).release.phase == Phase.PROMOTED
    shop.world.clock.sleep(1.0)
    assert shop.world.having("web") == {"web:1 1": 1.0}
    assert len(shop.world.serving("api")) == 3
    assert deploy(shop.context(), Scope(), PATIENCE, False).plan
    assert shop.world.having("web") == {"web:2 1": 1.0}
    # What was promoted holds for as long as the file says of it what it said.
    assert shop.world.having("api") == {NEW: 1.0}


@pytest.mark.parametrize("weights", [(), (10.0,), (10.0, 50.0)])
def test_promotion_and_abortion_at_any_weight(weights: tuple[float, ...]) -> None:
    for action, phase, own in ((Action.PROMOTE, Phase.PROMOTED, NEW), (Action.ABORT, Phase.ABORTED, OLD)):
        shop = up()
        ask(shop.context(), weights=weights or (0.0,))
        result = ask(shop.context(), action)
        assert (result.failure, result.release.phase) == ("", phase)
        assert settled_on(shop, own)
        assert shop.world.lost == []
        with pytest.raises(Refused, match="has ended"):
            ask(shop.context(), action)


def test_a_release_that_was_taken_back_can_be_begun_again() -> None:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    with pytest.raises(Refused, match="allowed for retry: one that has ended"):
        ask(shop.context(), Action.RETRY)
    ask(shop.context(), Action.ABORT)
    assert ask(shop.context(), Action.RETRY).release.phase == Phase.PROMOTED
    assert settled_on(shop, NEW)


def test_what_has_no_release_is_refused_with_the_way_out() -> None:
    shop = up()
    for action in set(Action) - {Action.ROLL_OUT}:
        with pytest.raises(Refused, match="there is none"):
            ask(shop.context(), action)


def test_another_release_of_the_same_component_is_refused() -> None:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    with pytest.raises(Refused, match="end it first"):
        ask(shop.context(), asked=replace(rollout("api:3"), name="other"))
    with pytest.raises(Refused, match="with another version"):
        ask(shop.context(), asked=rollout("api:3"))


def test_an_image_that_cannot_be_had_is_refused_and_one_that_can_is_pulled() -> None:
    shop = up()
    shop.world.unavailable_images.add("api:9")
    with pytest.raises(Refused, match="cannot get"):
        ask(shop.context(), asked=rollout("api:9"))
    assert not shop.world.leases
    shop.world.unavailable_images.clear()
    assert ask(shop.context(), asked=rollout("api:9")).release.phase == Phase.PROMOTED


@pytest.mark.parametrize("action", [Action.ROLL_OUT, Action.PROMOTE, Action.ABORT, Action.RESUME, Action.PAUSE, Action.STATUS])
@pytest.mark.parametrize("weights", [None, (10.0,)])
def test_check_mode_tells_the_truth_and_changes_nothing(action: Action, weights: tuple[float, ...] | None) -> None:
    shop = up()
    if weights:
        ask(shop.context(), weights=weights)
    elif action != Action.ROLL_OUT:
        return
    before, journal = left(shop.world), list(shop.world.journal)
    planned = ask(shop.context(), action, dry=True)
    assert (left(shop.world), shop.world.journal) == (before, journal)
    done = ask(shop.context(), action)
    assert planned.changed == done.changed == (left(shop.world) != before)


def test_check_mode_of_a_weight_that_is_reached_already_says_that_nothing_changes() -> None:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    before = left(shop.world)
    planned = ask(shop.context(), weights=(10.0,), dry=True)
    done = ask(shop.context(), weights=(10.0,))
    assert planned.changed == done.changed == (left(shop.world) != before)


def while_shifting(act: Callable[[Shop], object], weight: float = 10.0) -> Shop:
    """Return a shop whose release has had something happen to it at a weight."""
    shop = up()
    done: list[bool] = []

    def at(point: object) -> None:
        release = (shop.world.state.release("api") if shop.world.state else None) if not done else None
        if release and release.phase == Phase.SHIFTING and release.weight == weight:
            done.append(True)
            act(shop)

    shop.said.append(ask(shop.context(Points(at))).failure)
    assert done
    return shop


def test_pause_holds_a_release_until_it_is_resumed() -> None:
    def pause(shop: Shop) -> None:
        assert "requested" in ask(shop.context(), Action.PAUSE).lines[0]
        began = shop.world.now

        def resume() -> None:
            shop.world.clock.sleep(100.0)
            assert stored(shop).weight == 10
            ask(shop.context(), Action.RESUME)

        shop.world.clock.start(resume)
        assert shop.world.now == began

    shop = while_shifting(pause)
    assert stored(shop).phase == Phase.PROMOTED
    assert stored(shop).steps[0].seconds > 99


def reaches_less_than_ten(shop: Shop) -> bool:
    return not shop.world.state or stored(shop).weight < 10


def test_promotion_and_abortion_of_a_release_that_another_run_has() -> None:
    promoted = while_shifting(lambda shop: ask(shop.context(), Action.PROMOTE))
    assert stored(promoted).phase == Phase.PROMOTED
    assert [each.decision for each in stored(promoted).steps] == [Decision.WAIT]
    assert settled_on(promoted, NEW)
    aborted = while_shifting(lambda shop: ask(shop.context(), Action.ABORT))
    assert stored(aborted).phase == Phase.ABORTED
    assert settled_on(aborted, OLD)
    assert "rolled back" in aborted.said[-1]


def test_an_interrupted_run_holds_the_release_or_takes_it_back() -> None:
    for back, phase, weight in ((False, Phase.SHIFTING, 10), (True, Phase.FAILED, 0)):
        shop = up()
        result = ask(shop.context(alive=partial(reaches_less_than_ten, shop)), back=back)
        assert "gone" in result.failure
        assert (stored(shop).phase, stored(shop).weight) == (phase, weight)
        assert not shop.world.leases
        if not back:
            assert ask(shop.context()).release.phase == Phase.PROMOTED
            assert only_forward(shop)


@dataclass
class Demanded:
    """A release that was asked for something by another process, what that was told, and where it was then."""

    shop: Shop
    answer: str
    place: str


def demanded(number: int, make: Callable[[], Shop], weights: tuple[float, ...], action: Action, slow: float) -> Demanded | None:
    """Return what comes of ``action`` at call ``number`` of a release, None where there is none.

    ``slow`` is how many seconds pass before each call of who asks for it.
    """
    shop = make()
    answers: list[str] = []

    def demand() -> None:
        slowly = Points(lambda point: shop.world.clock.sleep(slow)) if slow else None
        try:
            done = ask(shop.context(slowly, by="another"), action)
            answers.append(done.lines[0] if done.lines else done.release.phase)
        except (Refused, Busy) as error:
            answers.append(str(error))

    begun: list[Process] = []
    points = doing_at(number, lambda: begun.append(shop.world.clock.start(demand)))
    result = ask(shop.context(points), weights=weights)
    if not begun:
        return None
    shop.world.clock.join(begun[0])
    return Demanded(shop, answers[0], f"{number}: {points.seen[number].name}: {answers} {result.failure}")


@made_once
def at_10() -> Shop:
    shop = up()
    ask(shop.context(), weights=(10.0,))
    return shop


@pytest.mark.parametrize(("action", "slow"), [(Action.ABORT, 0.0), (Action.PROMOTE, 0.0), (Action.ABORT, 0.11)])
@pytest.mark.parametrize(("make", "weights"), [(up, (10.0, 100.0)), (at_10, (10.0,))], ids=["to the end", "resumed at 10"])
def test_what_is_demanded_is_met_wherever_the_release_is_or_refused(
    make: Callable[[], Shop], weights: tuple[float, ...], action: Action, slow: float
) -> None:
    answers = []
    # At 0 it would be over before the run has seen anything.
    for number in count(1, 2 if make is up else 1):
        found = demanded(number, make, weights, action, slow)
        if found is None:
            break
        answers.append(found.answer)
        phase = stored(found.shop).phase
        if found.answer.startswith("requested") or found.answer in (Phase.ABORTED, Phase.PROMOTED):
            assert phase == (Phase.ABORTED if action == Action.ABORT else Phase.PROMOTED), found.place
        elif "being promoted" in found.answer:
            assert phase == Phase.PROMOTED, found.place
        else:
            assert "there is none" in found.answer or (phase == Phase.PROMOTED and "has ended" in found.answer), found.place
        assert found.shop.world.lost == [], found.place
        if phase.ended:
            assert settled_on(found.shop, NEW if phase == Phase.PROMOTED else OLD), found.place
    assert len(answers) > 10
    if make is up:
        assert sum(each.startswith("requested") for each in answers) > 5
        assert sum("being promoted" in each for each in answers) > 5


@dataclass
class Pauser:
    """Another process that pauses a release for a while: the answer, and how often users were moved meanwhile."""

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
        moves = len(shop.world.moves["api"])
        shop.world.clock.sleep(100.0)
        self.paused.append((len(shop.world.moves["api"]) - moves, stored(shop).phase))
        ask(shop.context(), Action.RESUME)


def test_a_pause_holds_the_release_wherever_it_is_or_is_refused() -> None:
    number, held = 1, 0
    while True:
        shop = up()
        pauser = Pauser(shop)
        answers, paused = pauser.answers, pauser.paused
        points = doing_at(number, pauser.begin)
        result = ask(shop.context(points), weights=(10.0, 100.0))
        if number >= len(points.seen):
            break
        place = f"{number}: {points.seen[number].name}: {answers} {paused} {result.failure}"
        assert result.release.phase == Phase.PROMOTED, place
        # A step that has begun is taken.
        assert all(moves <= 1 and not phase.ended for moves, phase in paused), place
        assert paused or "requested" not in answers[0], place
        held += len(paused)
        number += 2
    assert held > 25


@pytest.mark.parametrize("back", [False, True], ids=["holds", "goes back"])
def test_a_run_that_is_interrupted_anywhere_holds_or_goes_back(back: bool) -> None:
    number, seen = 1, set()
    while True:
        shop = up()
        gone: list[bool] = []
        points = doing_at(number, lambda gone=gone: gone.append(True))  # type: ignore[misc]
        result = ask(shop.context(points, alive=lambda gone=gone: not gone), weights=(10.0, 100.0), back=back)  # type: ignore[misc]
        if number >= len(points.seen):
            break
        place = f"{number}: {points.seen[number].name}: {result.failure}"
        phase = stored(shop).phase
        seen.add(phase)
        if back and not phase.promoting:
            assert phase in (Phase.FAILED, Phase.PROMOTED), place
            assert settled_on(shop, NEW if phase == Phase.PROMOTED else OLD), place
        elif not phase.ended:
            assert "run again to resume" in result.failure, place
            assert ask(shop.context(), Action.RESUME).release.phase == Phase.PROMOTED, place
            assert settled_on(shop, NEW) and only_forward(shop), place
        assert shop.world.lost == [], place
        number += 2
    assert seen >= ({Phase.FAILED, Phase.PROMOTED} if back else {Phase.SHIFTING, Phase.PROMOTED}), seen


@pytest.mark.parametrize(
    ("seconds", "wrong", "phase"), [(3.0, "", Phase.PROMOTED), (3.0, "no", Phase.FAILED), (99.0, "", Phase.FAILED)]
)
def test_a_slow_check_is_waited_for_in_its_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float, wrong: str, phase: Phase
) -> None:
    shop = up()

    def check(target: DriverTarget, check: Check) -> Future[str]:
        found: Future[str] = Future()

        def answer() -> None:
            shop.world.clock.sleep(seconds)
            found.set_result(wrong)

        shop.world.clock.start(answer)
        return found

    monkeypatch.setattr(DriverTarget, "check", check)
    asked = replace(rollout(), checks=(Check("page", url="http://localhost/", timeout=5.0, interval=1.0),))
    result = ask(shop.context(), asked=asked)
    assert result.release.phase == phase
    assert settled_on(shop, NEW if phase == Phase.PROMOTED else OLD)
    # Users are given the candidates only once the checks have held before any has them.
    assert phase == Phase.PROMOTED or shares(shop, NEW) == [0]


def test_too_little_traffic_is_made_up_for_where_the_release_says_so() -> None:
    for load, phase in ((0, Phase.FAILED), (100, Phase.PROMOTED)):
        shop = up()
        shop.world.rate = 0.5
        shop.world.clock.sleep(400.0)
        asked = rollout()
        result = ask(shop.context(), asked=replace(asked, load=load, gate=replace(asked.gate, wait=120.0)))
        assert result.release.phase == phase, result.failure
        assert not shop.world.generators


def test_two_components_are_released_together() -> None:
    shop = up()
    both = replace(rollout(), versions=(ComponentVersion("api", "api:2"), ComponentVersion("web", "web:2")), name="both")
    result = ask(shop.context(), asked=both, named="both")
    assert result.release.phase == Phase.PROMOTED
    shop.world.clock.sleep(1.0)
    assert (shop.world.having("api"), shop.world.having("web")) == ({"api:2 1": 1.0}, {"web:2 1": 1.0})
    assert shop.world.lost == []


def test_kept_candidates_stay_until_they_are_taken_away() -> None:
    shop = up()
    assert ask(shop.context(), asked=replace(rollout("api:bad"), keep_candidate=True)).release.standing
    shop.world.clock.sleep(1.0)
    assert candidates(shop) and shop.world.having("api") == {OLD: 1.0}
    assert ask(shop.context(), Action.ABORT).release.standing is False
    assert not candidates(shop)


@pytest.mark.parametrize("weights", [(0.0,), (10.0,)])
def test_check_mode_tells_of_an_abort_and_of_a_promotion_and_of_no_rollout(weights: tuple[float, ...]) -> None:
    shop = up()
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
    """Return the mesh's files, as a release of any other tester has them too, and all else that there is."""
    tester = stored(shop).tester
    files = {path: re.sub('"version_info": "[^"]*"', "", each.replace(tester, "")) for path, each in shop.world.files.items()}
    return files, left(shop.world)


@pytest.mark.parametrize("action", [Action.PROMOTE, Action.RESUME, Action.ABORT])
def test_no_other_edit_of_the_file_is_told_of_or_applied_whatever_is_asked_of_a_release(action: Action) -> None:
    plain, edited = up(), up()
    edited.asked = edited_everywhere(edited.asked)
    for asked in (Action.ROLL_OUT, action):
        weights = (10.0,) if asked == Action.ROLL_OUT else ()
        told = [ask(shop.context(), asked, weights=weights, dry=True).lines for shop in (plain, edited)]
        assert told[0] == told[1], asked
        for shop in (plain, edited):
            assert not ask(shop.context(), asked, weights=weights).failure
            shop.world.clock.sleep(1.0)
        assert effects(edited) == effects(plain), asked
    deploy(edited.context(), Scope(), PATIENCE, False)
    edited.world.clock.sleep(1.0)
    # The file has moved on from what it said when the release was promoted.
    assert edited.world.having("api") == {"api:3 1": 1.0}


@pytest.mark.parametrize("dry", [True, False], ids=["check mode", "run"])
@pytest.mark.parametrize("image", ["api:2", "api:bad"])
def test_what_makes_a_request_the_candidates_is_in_no_result_report_or_line(image: str, dry: bool) -> None:
    shop = up()
    arguments = {
        "action": "roll_out", "rollout": asdict(rollout(image)), "named": "api", "weights": [], "back_on_interrupt": False,
        "timeout": 20,
    }  # fmt: skip
    result = _WORKFLOWS["release"](shop.context(), arguments, dry)
    again = _WORKFLOWS["release"](shop.context(), {**arguments, "action": "retry"}, dry) if not dry else {}
    status = _WORKFLOWS["status"](shop.context(), {"host": "here"}, False)
    testers = [each.tester for each in state(shop).releases]
    assert dry or (all(testers) and len(testers) == 1)
    assert "tester" not in result["release"]
    shown = json.dumps([result, again, status]) + "".join(shop.said) + ("" if dry else report(result["release"]))
    assert not any(tester in shown for tester in testers)
    # Nor under another name.
    assert not re.search(r"[0-9a-f]{32}", shown)


def test_an_edit_that_a_deployment_would_refuse_is_in_the_way_of_no_release() -> None:
    shop = up()
    shop.asked = with_component(shop.asked, "side", kind=Kind.STATEFUL)
    with pytest.raises(ModelError, match="as deployed"):
        deploy(shop.context(), Scope(), PATIENCE, True)
    assert ask(shop.context(), dry=True).changed
    assert ask(shop.context()).release.phase == Phase.PROMOTED


def abort_at(shop: Shop, answers: list[str], stores: Iterator[int], number: int, point: Point) -> None:
    """Ask for an abort just before the state is written for the time ``number``, and keep the answer."""
    if point.name == "transaction" and next(stores) == number:
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

        ask(shop.context(Points(partial(abort_at, shop, answers, stores, number))), weights=(100.0,))
        if not answers:
            break
        accepted.append(answers[0].startswith("requested"))
        assert stored(shop).phase == (Phase.ABORTED if accepted[-1] else Phase.PROMOTED), f"{number}: {answers}"
    assert accepted == sorted(accepted, reverse=True) and {True, False} == set(accepted)


def pause_at(pauser: Pauser, stores: Iterator[int], number: int, point: Point) -> None:
    """Begin a pause just before the state is written for the time ``number``."""
    if point.name == "transaction" and next(stores) == number:
        pauser.begin()


def test_a_pause_that_comes_just_before_a_release_is_stored_is_met_or_refused() -> None:
    for number in count():
        pauser = Pauser(at_10())
        result = ask(pauser.shop.context(Points(partial(pause_at, pauser, count(), number))), weights=(100.0,))
        if not pauser.answers:
            break
        place = f"{number}: {pauser.answers} {pauser.paused} {result.failure}"
        assert result.release.phase == Phase.PROMOTED, place
        assert pauser.paused or not pauser.answers[0].startswith("requested"), place
        assert all(moves <= 1 and not phase.ended for moves, phase in pauser.paused), place
    assert number > 5


def test_an_abort_ends_the_wait_for_candidates_that_do_not_become_healthy() -> None:
    shop = up()
    began = shop.world.now

    def abort() -> None:
        shop.world.clock.sleep(3.0)
        assert ask(shop.context(by="another"), Action.ABORT).lines[0].startswith("requested")

    process = shop.world.clock.start(abort)
    result = ask(shop.context(), asked=rollout("api:never"))
    assert process.ended and process.failure is None
    assert (result.release.phase, shop.world.now - began < PATIENCE / 2) == (Phase.ABORTED, True)
    assert settled_on(shop, OLD) and not candidates(shop)
