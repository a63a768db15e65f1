"""The course of a release on a pretended target: what it does in which order, and that it can be gone on with anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import (
    LATENCY_BOUNDS,
    Check,
    ComponentVersion,
    Gate,
    Rollout,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.rollout import Runner
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ApplicationState,
    Decision,
    Phase,
    Release,
    from_wire,
    to_wire,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.step import TICK_SECONDS
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.target import Demand, Fault, Interrupted, Target

ROLLOUT = Rollout("orders", (ComponentVersion("orders", "orders:2"),), (10.0, 50.0, 100.0), gate=Gate(hold=1, wait=120))
REQUESTS_PER_SECOND = 200


class Killed(BaseException):
    """The process that takes the release through its course ends, in the middle of something."""


@dataclass
class World:
    """What outlives a run: the record, what is in effect, the requests so far, and the clock."""

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
        self._protocol: Target = self

    def _note(self, what: str) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1
        self.world.done.append(what)

    def store(self, release: Release) -> None:
        self._note("store")
        (self.world.record,) = from_wire(to_wire(ApplicationState((release,))), "here").releases

    def apply(self, release: Release) -> None:
        self._note(f"apply {release.phase} {release.scale:g} {'standing' if release.standing else 'gone'}")
        self.world.record = release
        self._note("recorded")
        self.world.applied = release
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

    def finish(self, release: Release) -> None:
        self._note("finish")
        self.world.record = release
        self.world.promoted = True

    def settled(self) -> bool:
        return True

    def look(self) -> Mapping[str, Mapping[str, tuple[Totals, Totals]]]:
        found = []
        for name in ("candidate", "stable"):
            requests, errors = self.world.totals[name]
            found.append(Totals(requests, errors, 0, requests, (requests,) * len(LATENCY_BOUNDS)))
        callers = {"front-end-1": (found[0], found[1])}
        return {"orders": {} if self._behaviour.get("silent", str)() else callers}

    def dead(self) -> str:
        return self._behaviour["dead"]() if "dead" in self._behaviour else ""

    def check_heartbeat(self) -> None:
        if self._behaviour.get("gone", str)():
            raise Interrupted("gone")

    def demand(self) -> Demand:
        return Demand(self._behaviour["demand"]()) if "demand" in self._behaviour else Demand.NOTHING

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


def runner(target: Pretended) -> Runner:
    return Runner(target.world.record, target, lambda line: None, lambda: target.world.clock, target.sleep)


def roll_out(target: Pretended, weights: tuple[float, ...] = ROLLOUT.weights) -> Release:
    return runner(target).roll_out(weights)


def test_a_good_candidate_goes_through_every_weight_and_is_promoted() -> None:
    target = Pretended(World())
    ended = roll_out(target)
    assert ended.phase == Phase.PROMOTED
    assert [step.weight for step in ended.steps] == [10, 50, 100]
    assert target.world.promoted
    assert [operation for operation in target.world.done if operation.startswith(("apply", "shift", "finish"))] == [
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
        "finish",
        "apply clearing 100 gone",
    ]


def test_a_bad_candidate_is_rolled_back() -> None:
    target = Pretended(World(bad_share=0.1))
    ended = roll_out(target)
    assert (ended.phase, ended.standing, target.world.split) == (Phase.FAILED, False, 0)
    assert "errors are worse" in ended.reason
    assert not target.world.promoted


def test_a_failed_rollback_is_resumed() -> None:
    world = World(bad_share=0.1)
    target = Pretended(world, behaviour={"unhealthy": lambda: "no engine" if world.record.phase == Phase.ROLLING_BACK else ""})
    with pytest.raises(Fault, match="no engine"):
        roll_out(target)
    assert (world.record.phase, world.split) == (Phase.ROLLING_BACK, 0)
    assert roll_out(Pretended(world)).phase == Phase.FAILED


def test_a_candidate_can_be_kept() -> None:
    world = World(bad_share=0.1, record=Release(replace(ROLLOUT, keep_candidate=True)))
    ended = roll_out(Pretended(world))
    assert (ended.phase, ended.standing, world.split) == (Phase.FAILED, True, 0)


@pytest.mark.parametrize("fault", ["unhealthy", "dead"])
def test_a_candidate_that_is_unhealthy_or_dead_is_rolled_back(fault: str) -> None:
    world = World()
    target = Pretended(world, behaviour={fault: lambda: "" if world.record.phase == Phase.ROLLING_BACK else "it ended"})
    ended = roll_out(target)
    assert (ended.phase, ended.reason, target.world.split) == (Phase.FAILED, "it ended", 0)


CHECKED = replace(ROLLOUT, checks=(Check("smoke", command=("smoke",), timeout=60.0),))


def checked(bad_share: float = 0.0) -> World:
    return World(bad_share, record=Release(CHECKED))


def test_passing_checks_are_repeated() -> None:
    made = iter(range(1000))
    assert roll_out(Pretended(checked(), behaviour={"check": lambda: "" if next(made) >= 0 else "never"})).phase == Phase.PROMOTED
    assert next(made) >= len(ROLLOUT.weights)


def test_a_failing_check_rolls_back_before_any_user_has_the_candidate() -> None:
    world = checked()
    ended = roll_out(Pretended(world, behaviour={"check": lambda: "no socks"}))
    assert (ended.phase, ended.reason) == (Phase.FAILED, "check smoke: no socks")
    assert set(world.weights) == {0}


def test_a_check_that_starts_to_fail_rolls_back() -> None:
    made = iter(range(1000))
    ended = roll_out(Pretended(checked(), behaviour={"check": lambda: "no socks" if next(made) > 2 else ""}))
    assert (ended.phase, ended.reason) == (Phase.FAILED, "check smoke: no socks")


def test_a_slow_check_does_not_keep_a_bad_candidate() -> None:
    ended = roll_out(Pretended(checked(bad_share=0.5), check_seconds=50))
    assert ended.phase == Phase.FAILED
    assert "errors are worse" in ended.reason
    assert ended.steps[-1].seconds < 10


def test_a_step_waits_for_a_slow_check_and_uses_its_result() -> None:
    assert [step.seconds >= 50 for step in roll_out(Pretended(checked(), check_seconds=50)).steps] == [True] * 4
    ended = roll_out(Pretended(checked(), behaviour={"check": lambda: "no socks"}, check_seconds=50))
    assert (ended.phase, ended.reason) == (Phase.FAILED, "check smoke: no socks")


def test_a_check_that_times_out_rolls_back() -> None:
    ended = roll_out(Pretended(checked(), check_seconds=1000))
    assert (ended.phase, ended.reason) == (Phase.FAILED, "check smoke: it had no end within 60 s")


def test_a_step_without_requests_is_inconclusive_and_rolls_back() -> None:
    world = World()
    target = Pretended(world)
    target.sleep = lambda seconds: setattr(world, "clock", world.clock + seconds)  # type: ignore[method-assign]
    ended = roll_out(target)
    assert ended.phase == Phase.FAILED
    assert "not clear after 120 s" in ended.reason
    assert "generate_load" in ended.reason


def test_a_release_stops_at_one_weight_and_resumes_from_there() -> None:
    world = World()
    assert roll_out(Pretended(world), (10.0,)).phase == Phase.SHIFTING
    assert (world.split, world.record.passed) == (10, 10)
    assert roll_out(Pretended(world)).phase == Phase.PROMOTED
    rising = [weight for weight in world.weights if weight]
    assert rising == sorted(rising)


def test_an_abort_is_obeyed() -> None:
    ended = roll_out(Pretended(World(), behaviour={"demand": lambda: "abort"}))
    assert (ended.phase, ended.standing) == (Phase.ABORTED, False)


def test_a_demand_to_promote_skips_the_gates() -> None:
    target = Pretended(World(bad_share=0.0), behaviour={"demand": lambda: "promote"})
    ended = roll_out(target)
    assert ended.phase == Phase.PROMOTED
    assert [step.decision for step in ended.steps] == [Decision.WAIT]


def test_a_pause_holds_the_weight_and_still_rolls_back_a_bad_candidate() -> None:
    world, bad = World(), World(bad_share=0.1)
    pauses = iter(["pause"] * 400)
    ended = roll_out(Pretended(world, behaviour={"demand": lambda: next(pauses, "") if world.split else ""}))
    assert ended.phase == Phase.PROMOTED
    assert ended.steps[0].seconds > 190
    assert roll_out(Pretended(bad, behaviour={"demand": lambda: "pause" if bad.split else ""})).phase == Phase.FAILED


def test_a_pause_between_a_gate_and_the_next_weight_keeps_watching() -> None:
    world = World()

    def demand() -> str:
        """A pause comes as soon as the first gate has passed, and the candidate gets worse then."""
        if world.record.passed < 10:
            return ""
        world.bad_share = 0.2
        return "pause"

    ended = roll_out(Pretended(world, behaviour={"demand": demand}))
    assert (ended.phase, world.split) == (Phase.FAILED, 0)


def test_an_interrupted_release_holds_its_weight() -> None:
    world = World()
    with pytest.raises(Interrupted):
        roll_out(Pretended(world, behaviour={"gone": lambda: "gone" if world.split else ""}))
    assert (world.record.phase, world.split) == (Phase.SHIFTING, 10)
    assert roll_out(Pretended(world)).phase == Phase.PROMOTED


@pytest.mark.parametrize("bad_share", [0.0, 0.1], ids=["good", "bad"])
def test_a_release_killed_at_any_operation_resumes_and_ends_the_same(bad_share: float) -> None:
    asked = {0.0, *ROLLOUT.weights}
    for operation in range(200):
        world = World(bad_share)
        try:
            roll_out(Pretended(world, killed_at=operation))
        except Killed:
            assert world.split in asked
        else:
            assert operation > 10
            return
        if world.record.in_progress:
            roll_out(Pretended(world))
        assert world.record.phase == (Phase.FAILED if bad_share else Phase.PROMOTED), operation
        assert world.promoted == (not bad_share)
        assert world.split == 0
        assert world.applied is not None
        assert not world.applied.standing
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users went back and forth after a kill at {operation}"
    pytest.fail("the release has more operations than can be")


def test_a_killed_manual_promotion_resumes_and_moves_no_user_back() -> None:
    for operation in range(200):
        world = World()
        roll_out(Pretended(world), (10.0,))
        try:
            runner(Pretended(world, killed_at=operation)).promote()
        except Killed:
            if world.record.in_progress:
                roll_out(Pretended(world))
        else:
            assert operation > 10
            return
        assert world.record.phase == Phase.PROMOTED, operation
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users went back and forth after a kill at {operation}"
    pytest.fail("the promotion has more operations than can be")


BACK_FROM_PROMOTION = [
    "apply promoting 100 standing",
    "shift rolling back 100 without stable",
    "apply rolling back 100 standing",
    "shift rolling back 0",
    "shift rolling back 0 without candidate",
    "apply rolling back 100 gone",
]


def promotion_fails(world: World) -> Mapping[str, Callable[[], str]]:
    return {"unhealthy": lambda: "no memory" if world.record.phase == Phase.PROMOTING else ""}


def test_a_failed_promotion_restores_the_stable_version_before_it_moves_users() -> None:
    """Until its instances are the former version again, and healthy, all users keep the candidates."""
    world = World()
    ended = roll_out(Pretended(world, behaviour=promotion_fails(world)))
    assert (ended.phase, ended.reason, ended.standing, world.split) == (Phase.FAILED, "no memory", False, 0)
    assert not world.promoted
    course = [operation for operation in world.done if operation.startswith(("apply", "shift"))]
    assert course[-len(BACK_FROM_PROMOTION) :] == BACK_FROM_PROMOTION


def test_a_failed_promotion_killed_in_its_rollback_moves_no_user_to_a_missing_version() -> None:
    for operation in range(200):
        world = World()
        try:
            roll_out(Pretended(world, killed_at=operation, behaviour=promotion_fails(world)))
        except Killed:
            if world.record.in_progress:
                roll_out(Pretended(world, behaviour=promotion_fails(world)))
        else:
            assert operation > 10
            return
        assert (world.record.phase, world.split, world.promoted) == (Phase.FAILED, 0, False), operation
        began = world.done.index("apply promoting 100 standing")
        way = world.done[began + 1 :]
        assert way.index("applied", way.index("apply rolling back 100 standing")) < way.index("shift rolling back 0"), operation
    pytest.fail("the release has more operations than can be")


def test_a_failed_rollback_from_a_promotion_moves_no_user() -> None:
    world = World()
    faults = {"unhealthy": lambda: "no memory" if world.record.phase in (Phase.PROMOTING, Phase.ROLLING_BACK) else ""}
    with pytest.raises(Fault, match="no memory"):
        roll_out(Pretended(world, behaviour=faults))
    assert (world.record.phase, world.record.closed, world.split) == (Phase.ROLLING_BACK, Version.STABLE, 100)
    assert roll_out(Pretended(world)).phase == Phase.FAILED
    assert world.split == 0


def test_an_ended_release_has_nothing_left_to_do() -> None:
    """Whatever the moment at which it dies: once its record says that it has ended, its candidates are gone."""
    for operation in range(200):
        world = World()
        try:
            roll_out(Pretended(world, killed_at=operation))
        except Killed:
            assert world.record.in_progress or (world.applied and not world.applied.standing), operation
        else:
            return
    pytest.fail("the release has more operations than can be")


@pytest.mark.parametrize("silent", range(1, 5))
def test_a_proxy_that_misses_one_sample_changes_nothing(silent: int) -> None:
    """Its whole history, a million good requests, would hide the 6 % that its candidate fails."""

    def ended(behaviour: Mapping[str, Callable[[], str]]) -> Release:
        world = World(bad_share=0.06)
        world.totals = {"candidate": (100_000, 0), "stable": (1_000_000, 0)}
        return roll_out(Pretended(world, behaviour=behaviour), (50.0,))

    looks = iter(range(10_000))
    usual = ended({})
    other = ended({"silent": lambda: "silent" if next(looks) == silent else ""})
    assert (usual.phase, other.phase) == (Phase.FAILED, Phase.FAILED)
    one, another = usual.steps[-1], other.steps[-1]
    decided = round(one.seconds / TICK_SECONDS)
    assert decided == 4
    if silent == decided:
        # It says what it had to say at the next look.
        assert another.seconds == one.seconds + TICK_SECONDS
    else:
        assert (another.seconds, another.seen[0].candidate) == (one.seconds, one.seen[0].candidate)
