"""Releases on a target in memory: what each action does, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check, ComponentVersion
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import Decision, Phase
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release_target import DriverTarget
from memory.clock import Process
from memory.disturbed import doing_at, left, outcome
from memory.driver import Points
from memory.releasing import NEW, OLD, PATIENCE, ask, only_forward, settled_on, shares, stored, up
from memory.shop import Shop, made_once, rollout, with_component

pytestmark = pytest.mark.usefixtures("simulated")

SINCE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


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
    with pytest.raises(Refused, match=rf"begun by me at {SINCE}; end it first: -e release=api "):
        ask(shop.context(), asked=replace(rollout("api:3"), name="other"))
    with pytest.raises(Refused, match=rf"with another version; it was begun by me at {SINCE}; end it first: -e release=api "):
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
