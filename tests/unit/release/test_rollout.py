"""The course of a release on a pretended target: what it does in which order, and that it can be gone on with anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import LATENCY_BOUNDS, Check, Gate, Rollout, Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.rollout import Conductor
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ABORTED,
    FAILED,
    PROMOTED,
    ROLLING_BACK,
    SHIFTING,
    Release,
    release_from_wire,
    release_to_wire,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.target import Fault, Interrupted

ROLLOUT = Rollout("orders", (Version("orders", "orders:2"),), (10.0, 50.0, 100.0), gate=Gate(hold=1, wait=120))
REQUESTS_PER_SECOND = 200


class Killed(BaseException):
    """The process that conducts ends, in the middle of something."""


@dataclass
class World:
    """What outlives a conductor: the record, what is in effect, the requests so far, and the clock."""

    bad_share: float = 0.0
    record: Release = field(default_factory=lambda: Release(ROLLOUT))
    applied: Release | None = None
    split: float = 0.0
    weights: list[float] = field(default_factory=list)
    promoted: bool = False
    clock: float = 0.0
    totals: dict[str, tuple[int, int]] = field(default_factory=lambda: {"candidate": (0, 0), "stable": (1000, 0)})
    done: list[str] = field(default_factory=list)


class Pretended:
    """A target that does what it is told to ``world``, and is killed at its operation number ``killed_at``.

    Checks take ``check_seconds``, and then tell what ``behaviour`` has for them.
    """

    def __init__(
        self,
        world: World,
        killed_at: int = -1,
        behaviour: Mapping[str, Callable[[], str]] | None = None,
        check_seconds: float = 0.0,
    ) -> None:
        self.world = world
        self._left = killed_at
        self._behaviour = behaviour or {}
        self._check_seconds = check_seconds
        self._checks: list[tuple[float, Future[str]]] = []

    def _note(self, what: str) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1
        self.world.done.append(what)

    def keep(self, release: Release) -> None:
        self._note("keep")
        self.world.record = release_from_wire(release_to_wire(release))

    def apply(self, release: Release) -> None:
        self._note(f"apply {release.phase} {release.scale:g} {'standing' if release.standing else 'gone'}")
        self.world.record = self.world.applied = release
        self._note("applied")
        reason = self._behaviour["unhealthy"]() if "unhealthy" in self._behaviour else ""
        if reason:
            raise Fault(reason)

    def shift(self, release: Release) -> None:
        self._note(f"shift {release.phase} {release.weight:g}" + (f" without {release.closed}" if release.closed else ""))
        self.world.record = release
        self._note("recorded")
        self.world.split = release.weight
        self.world.weights.append(release.weight)

    def promote(self, release: Release) -> None:
        self._note("promote")
        self.world.promoted = True

    def settled(self) -> bool:
        return True

    def look(self) -> Mapping[str, Mapping[str, tuple[Totals, Totals]]]:
        found = []
        for name in ("candidate", "stable"):
            requests, errors = self.world.totals[name]
            found.append(Totals(requests, errors, 0, requests, (requests,) * len(LATENCY_BOUNDS)))
        return {"orders": {"front-end-1": (found[0], found[1])}}

    def dead(self) -> str:
        return self._behaviour["dead"]() if "dead" in self._behaviour else ""

    def attend(self) -> None:
        if self._behaviour.get("gone", str)():
            raise Interrupted("gone")

    def request(self) -> str:
        return self._behaviour["request"]() if "request" in self._behaviour else ""

    def check(self, check: Check) -> Future[str]:
        begun: Future[str] = Future()
        self._checks.append((self.world.clock + self._check_seconds, begun))
        return begun

    def load(self) -> AbstractContextManager[None]:
        return nullcontext()

    def sleep(self, seconds: float) -> None:
        world = self.world
        world.clock += seconds
        for at, check in self._checks:
            if not check.done() and world.clock >= at:
                check.set_result(self._behaviour.get("check", str)())
        for name, share in (("candidate", world.split / 100), ("stable", 1 - world.split / 100)):
            requests, errors = world.totals[name]
            more = round(REQUESTS_PER_SECOND * seconds * share)
            bad = round(more * world.bad_share) if name == "candidate" else 0
            world.totals[name] = requests + more, errors + bad


def conductor(target: Pretended) -> Conductor:
    return Conductor(target.world.record, target, lambda line: None, lambda: target.world.clock, target.sleep)


def conduct(target: Pretended, weights: tuple[float, ...] = ROLLOUT.weights) -> Release:
    return conductor(target).conduct(weights)


def test_a_good_candidate_goes_through_every_weight_and_is_promoted() -> None:
    target = Pretended(World())
    ended = conduct(target)
    assert ended.phase == PROMOTED
    assert [step.weight for step in ended.steps] == [10, 50, 100]
    assert target.world.promoted
    assert [each for each in target.world.done if each.startswith(("apply", "shift", "promote"))] == [
        "apply deploying 10 standing",
        "shift shifting 0",
        "shift shifting 10",
        "apply shifting 50 standing",
        "shift shifting 50",
        "apply shifting 100 standing",
        "shift shifting 100",
        "shift shifting 100",
        "shift shifting 100 without stable",
        "apply promoting 100 standing",
        "shift clearing 0 without candidate",
        "promote",
        "apply promoted 100 gone",
    ]


def test_a_bad_candidate_is_taken_back() -> None:
    target = Pretended(World(bad_share=0.1))
    ended = conduct(target)
    assert (ended.phase, ended.standing, target.world.split) == (FAILED, False, 0)
    assert "errors are worse" in ended.reason
    assert not target.world.promoted


def test_a_way_back_that_fails_is_gone_on_with() -> None:
    world = World(bad_share=0.1)
    target = Pretended(world, behaviour={"unhealthy": lambda: "no engine" if world.record.phase == ROLLING_BACK else ""})
    with pytest.raises(Fault, match="no engine"):
        conduct(target)
    assert (world.record.phase, world.split) == (ROLLING_BACK, 0)
    assert conduct(Pretended(world)).phase == FAILED


def test_a_candidate_can_be_kept() -> None:
    world = World(bad_share=0.1, record=Release(replace(ROLLOUT, keep_candidate=True)))
    ended = conduct(Pretended(world))
    assert (ended.phase, ended.standing, world.split) == (FAILED, True, 0)


@pytest.mark.parametrize("fault", ["unhealthy", "dead"])
def test_a_candidate_that_does_not_live_is_taken_back(fault: str) -> None:
    world = World()
    target = Pretended(world, behaviour={fault: lambda: "" if world.record.phase == ROLLING_BACK else "it ended"})
    ended = conduct(target)
    assert (ended.phase, ended.reason, target.world.split) == (FAILED, "it ended", 0)


CHECKED = replace(ROLLOUT, checks=(Check("smoke", command=("smoke",), timeout=60.0),))


def checked(bad_share: float = 0.0) -> World:
    return World(bad_share, record=Release(CHECKED))


def test_checks_that_hold_are_made_again_and_again() -> None:
    made = iter(range(1000))
    assert conduct(Pretended(checked(), behaviour={"check": lambda: "" if next(made) >= 0 else "never"})).phase == PROMOTED
    assert next(made) >= len(ROLLOUT.weights)


def test_a_check_that_does_not_hold_takes_the_candidate_back_before_any_user_has_it() -> None:
    world = checked()
    ended = conduct(Pretended(world, behaviour={"check": lambda: "no socks"}))
    assert (ended.phase, ended.reason) == (FAILED, "check smoke: no socks")
    assert set(world.weights) == {0}


def test_a_check_that_does_not_hold_any_more_takes_the_candidate_back() -> None:
    made = iter(range(1000))
    ended = conduct(Pretended(checked(), behaviour={"check": lambda: "no socks" if next(made) > 2 else ""}))
    assert (ended.phase, ended.reason) == (FAILED, "check smoke: no socks")


def test_a_slow_check_does_not_keep_a_bad_candidate() -> None:
    ended = conduct(Pretended(checked(bad_share=0.5), check_seconds=50))
    assert ended.phase == FAILED
    assert "errors are worse" in ended.reason
    assert ended.steps[-1].seconds < 10


def test_a_slow_check_is_waited_for_and_its_answer_counts() -> None:
    assert [step.seconds >= 50 for step in conduct(Pretended(checked(), check_seconds=50)).steps] == [True] * 4
    ended = conduct(Pretended(checked(), behaviour={"check": lambda: "no socks"}, check_seconds=50))
    assert (ended.phase, ended.reason) == (FAILED, "check smoke: no socks")


def test_a_check_without_an_end_takes_the_candidate_back() -> None:
    ended = conduct(Pretended(checked(), check_seconds=1000))
    assert (ended.phase, ended.reason) == (FAILED, "check smoke: it had no end within 60 s")


def test_without_requests_a_step_ends_unclear_and_goes_back() -> None:
    world = World()
    target = Pretended(world)
    target.sleep = lambda seconds: setattr(world, "clock", world.clock + seconds)  # type: ignore[method-assign]
    ended = conduct(target)
    assert ended.phase == FAILED
    assert "not clear after 120 s" in ended.reason
    assert "generate_load" in ended.reason


def test_one_weight_is_left_as_it_is_and_gone_on_from() -> None:
    world = World()
    assert conduct(Pretended(world), (10.0,)).phase == SHIFTING
    assert (world.split, world.record.passed) == (10, 10)
    assert conduct(Pretended(world)).phase == PROMOTED
    rising = [weight for weight in world.weights if weight]
    assert rising == sorted(rising)


def test_a_request_to_end_it_is_obeyed() -> None:
    ended = conduct(Pretended(World(), behaviour={"request": lambda: "abort"}))
    assert (ended.phase, ended.standing) == (ABORTED, False)


def test_a_request_to_promote_passes_over_the_gates() -> None:
    target = Pretended(World(bad_share=0.0), behaviour={"request": lambda: "promote"})
    ended = conduct(target)
    assert ended.phase == PROMOTED
    assert [step.decision for step in ended.steps] == ["wait"]


def test_a_pause_holds_the_weight_and_still_takes_back_what_is_bad() -> None:
    world = World()
    pauses = iter(["pause"] * 400)
    ended = conduct(Pretended(world, behaviour={"request": lambda: next(pauses, "")}))
    assert ended.phase == PROMOTED
    assert ended.steps[0].seconds > 190
    assert conduct(Pretended(World(bad_share=0.1), behaviour={"request": lambda: "pause"})).phase == FAILED


def test_an_interrupted_release_holds() -> None:
    world = World()
    with pytest.raises(Interrupted):
        conduct(Pretended(world, behaviour={"gone": lambda: "gone" if world.split else ""}))
    assert (world.record.phase, world.split) == (SHIFTING, 10)
    assert conduct(Pretended(world)).phase == PROMOTED


@pytest.mark.parametrize("bad_share", [0.0, 0.1], ids=["good", "bad"])
def test_killed_anywhere_it_is_gone_on_with_and_ends_the_same(bad_share: float) -> None:
    asked = {0.0, *ROLLOUT.weights}
    for operation in range(200):
        world = World(bad_share)
        try:
            conduct(Pretended(world, killed_at=operation))
        except Killed:
            assert world.split in asked
        else:
            assert operation > 10
            return
        if world.record.under_way:
            conduct(Pretended(world))
        assert world.record.phase == (FAILED if bad_share else PROMOTED), operation
        assert world.promoted == (not bad_share)
        assert world.split == 0
        assert world.applied is not None
        assert not world.applied.standing
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users went back and forth after a kill at {operation}"
    pytest.fail("the release has more operations than can be")


def test_a_promotion_by_hand_that_is_killed_is_gone_on_with_and_no_user_goes_back() -> None:
    for operation in range(200):
        world = World()
        conduct(Pretended(world), (10.0,))
        try:
            conductor(Pretended(world, killed_at=operation)).promote()
        except Killed:
            if world.record.under_way:
                conduct(Pretended(world))
        else:
            assert operation > 10
            return
        assert world.record.phase == PROMOTED, operation
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users went back and forth after a kill at {operation}"
    pytest.fail("the promotion has more operations than can be")
