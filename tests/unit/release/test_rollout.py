"""A rollout on a fake target: the order of its operations, and resumption after a kill at any of them."""

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
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.target import Demand, Interrupted, ReleaseError, Target

ROLLOUT = Rollout("orders", (ComponentVersion("orders", "orders:2"),), (10.0, 50.0, 100.0), gate=Gate(hold=1, wait=120))
REQUESTS_PER_SECOND = 200


class Killed(BaseException):
    """The process of the rollout is killed."""


@dataclass
class World:
    """Everything that outlives a run: the stored release, the applied one, the requests so far, and the clock."""

    bad_share: float = 0.0
    record: Release = field(default_factory=lambda: Release(ROLLOUT))
    applied: Release | None = None
    split: float = 0.0
    weights: list[float] = field(default_factory=list)
    promoted: bool = False
    clock: float = 0.0
    totals: dict[str, tuple[int, int]] = field(default_factory=lambda: {"candidate": (0, 0), "stable": (1000, 0)})
    operations: list[str] = field(default_factory=list)


class FakeTarget:
    """A target that works on ``world``, whose process is killed at operation number ``killed_at``.

    Checks take ``check_seconds`` and return the result in ``behaviour``.
    """

    def __init__(
        self,
        world: World,
        killed_at: int = -1,
        behaviour: Mapping[str, Callable[[], str]] | None = None,
        check_seconds: float = 0.0,
    ) -> None:
        self.world = world
        self._remaining = killed_at
        self._behaviour = behaviour or {}
        self._check_seconds = check_seconds
        self._checks: list[tuple[float, Future[str]]] = []
        self._protocol: Target = self

    def _record(self, operation: str) -> None:
        if self._remaining == 0:
            raise Killed
        self._remaining -= 1
        self.world.operations.append(operation)

    def store(self, release: Release) -> None:
        self._record("store")
        (self.world.record,) = from_wire(to_wire(ApplicationState((release,))), "here").releases

    def apply(self, release: Release) -> None:
        self._record(f"apply {release.phase} {release.scale:g} {'standing' if release.standing else 'gone'}")
        self.world.record = release
        self._record("recorded")
        self.world.applied = release
        self._record("applied")
        reason = self._behaviour["unhealthy"]() if "unhealthy" in self._behaviour else ""
        if reason:
            raise ReleaseError(reason)

    def shift(self, release: Release) -> None:
        self._record(f"shift {release.phase} {release.weight:g}" + (f" without {release.closed}" if release.closed else ""))
        self.world.record = release
        self._record("recorded")
        self.world.split = release.weight
        self.world.weights.append(release.weight)

    def promote(self, release: Release) -> None:
        self._record("finish")
        self.world.record = release
        self.world.promoted = True

    def synced(self) -> bool:
        return True

    def sample(self) -> Mapping[str, Mapping[str, tuple[Totals, Totals]]]:
        totals = []
        for name in ("candidate", "stable"):
            requests, errors = self.world.totals[name]
            totals.append(Totals(requests, errors, 0, requests, (requests,) * len(LATENCY_BOUNDS)))
        callers = {"front-end-1": (totals[0], totals[1])}
        return {"orders": {} if self._behaviour.get("silent", str)() else callers}

    def candidate_failure(self) -> str:
        return self._behaviour["dead"]() if "dead" in self._behaviour else ""

    def check_heartbeat(self) -> None:
        if self._behaviour.get("gone", str)():
            raise Interrupted("gone")

    def demand(self) -> Demand:
        return Demand(self._behaviour["demand"]()) if "demand" in self._behaviour else Demand.NOTHING

    def start_check(self, check: Check) -> Future[str]:
        result: Future[str] = Future()
        self._checks.append((self.world.clock + self._check_seconds, result))
        return result

    def generate_load(self) -> AbstractContextManager[None]:
        return nullcontext()

    def sleep(self, seconds: float) -> None:
        world = self.world
        world.clock += seconds
        for due, check in self._checks:
            if not check.done() and world.clock >= due:
                check.set_result(self._behaviour.get("check", str)())
        for name, share in (("candidate", world.split / 100), ("stable", 1 - world.split / 100)):
            requests, errors = world.totals[name]
            added = round(REQUESTS_PER_SECOND * seconds * share)
            bad = round(added * world.bad_share) if name == "candidate" else 0
            world.totals[name] = requests + added, errors + bad


def runner(target: FakeTarget) -> Runner:
    return Runner(target.world.record, target, lambda line: None, lambda: target.world.clock, target.sleep)


def roll_out(target: FakeTarget, weights: tuple[float, ...] = ROLLOUT.weights) -> Release:
    return runner(target).roll_out(weights)


def test_a_good_candidate_goes_through_every_weight_and_is_promoted() -> None:
    target = FakeTarget(World())
    release = roll_out(target)
    assert release.phase == Phase.PROMOTED
    assert [step.weight for step in release.steps] == [10, 50, 100]
    assert target.world.promoted
    assert [operation for operation in target.world.operations if operation.startswith(("apply", "shift", "finish"))] == [
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
    target = FakeTarget(World(bad_share=0.1))
    release = roll_out(target)
    assert (release.phase, release.standing, target.world.split) == (Phase.FAILED, False, 0)
    assert "errors are worse" in release.reason
    assert not target.world.promoted


def test_a_failed_rollback_is_resumed() -> None:
    world = World(bad_share=0.1)
    target = FakeTarget(world, behaviour={"unhealthy": lambda: "no engine" if world.record.phase == Phase.ROLLING_BACK else ""})
    with pytest.raises(ReleaseError, match="no engine"):
        roll_out(target)
    assert (world.record.phase, world.split) == (Phase.ROLLING_BACK, 0)
    assert roll_out(FakeTarget(world)).phase == Phase.FAILED


def test_a_candidate_can_be_kept() -> None:
    world = World(bad_share=0.1, record=Release(replace(ROLLOUT, keep_candidate=True)))
    release = roll_out(FakeTarget(world))
    assert (release.phase, release.standing, world.split) == (Phase.FAILED, True, 0)


@pytest.mark.parametrize("fault", ["unhealthy", "dead"])
def test_a_candidate_that_is_unhealthy_or_dead_is_rolled_back(fault: str) -> None:
    world = World()
    target = FakeTarget(world, behaviour={fault: lambda: "" if world.record.phase == Phase.ROLLING_BACK else "it ended"})
    release = roll_out(target)
    assert (release.phase, release.reason, target.world.split) == (Phase.FAILED, "it ended", 0)


CHECKED = replace(ROLLOUT, checks=(Check("smoke", command=("smoke",), timeout=60.0),))


def world_with_check(bad_share: float = 0.0) -> World:
    return World(bad_share, record=Release(CHECKED))


def test_passing_checks_are_repeated() -> None:
    runs = iter(range(1000))
    assert (
        roll_out(FakeTarget(world_with_check(), behaviour={"check": lambda: "" if next(runs) >= 0 else "never"})).phase
        == Phase.PROMOTED
    )
    assert next(runs) >= len(ROLLOUT.weights)


def test_a_failing_check_rolls_back_before_any_user_has_the_candidate() -> None:
    world = world_with_check()
    release = roll_out(FakeTarget(world, behaviour={"check": lambda: "no socks"}))
    assert (release.phase, release.reason) == (Phase.FAILED, "check smoke: no socks")
    assert set(world.weights) == {0}


def test_a_check_that_starts_to_fail_rolls_back() -> None:
    runs = iter(range(1000))
    release = roll_out(FakeTarget(world_with_check(), behaviour={"check": lambda: "no socks" if next(runs) > 2 else ""}))
    assert (release.phase, release.reason) == (Phase.FAILED, "check smoke: no socks")


def test_a_slow_check_does_not_keep_a_bad_candidate() -> None:
    release = roll_out(FakeTarget(world_with_check(bad_share=0.5), check_seconds=50))
    assert release.phase == Phase.FAILED
    assert "errors are worse" in release.reason
    assert release.steps[-1].seconds < 10


def test_a_step_waits_for_a_slow_check_and_uses_its_result() -> None:
    assert [step.seconds >= 50 for step in roll_out(FakeTarget(world_with_check(), check_seconds=50)).steps] == [True] * 4
    release = roll_out(FakeTarget(world_with_check(), behaviour={"check": lambda: "no socks"}, check_seconds=50))
    assert (release.phase, release.reason) == (Phase.FAILED, "check smoke: no socks")


def test_a_check_that_times_out_rolls_back() -> None:
    release = roll_out(FakeTarget(world_with_check(), check_seconds=1000))
    assert (release.phase, release.reason) == (Phase.FAILED, "check smoke: no result within 60 s")


def test_a_step_without_requests_is_inconclusive_and_rolls_back() -> None:
    world = World()
    target = FakeTarget(world)
    target.sleep = lambda seconds: setattr(world, "clock", world.clock + seconds)  # type: ignore[method-assign]
    release = roll_out(target)
    assert release.phase == Phase.FAILED
    assert "not clear after 120 s" in release.reason
    assert "generate_load" in release.reason


def test_a_release_stops_at_one_weight_and_resumes_from_there() -> None:
    world = World()
    assert roll_out(FakeTarget(world), (10.0,)).phase == Phase.SHIFTING
    assert (world.split, world.record.passed) == (10, 10)
    assert roll_out(FakeTarget(world)).phase == Phase.PROMOTED
    rising = [weight for weight in world.weights if weight]
    assert rising == sorted(rising)


def test_an_abort_is_obeyed() -> None:
    release = roll_out(FakeTarget(World(), behaviour={"demand": lambda: "abort"}))
    assert (release.phase, release.standing) == (Phase.ABORTED, False)


def test_a_demand_to_promote_skips_the_gates() -> None:
    target = FakeTarget(World(bad_share=0.0), behaviour={"demand": lambda: "promote"})
    release = roll_out(target)
    assert release.phase == Phase.PROMOTED
    assert [step.decision for step in release.steps] == [Decision.WAIT]


def test_a_pause_holds_the_weight_and_still_rolls_back_a_bad_candidate() -> None:
    world, bad = World(), World(bad_share=0.1)
    pauses = iter(["pause"] * 400)
    release = roll_out(FakeTarget(world, behaviour={"demand": lambda: next(pauses, "") if world.split else ""}))
    assert release.phase == Phase.PROMOTED
    assert release.steps[0].seconds > 190
    assert roll_out(FakeTarget(bad, behaviour={"demand": lambda: "pause" if bad.split else ""})).phase == Phase.FAILED


def test_a_pause_between_a_gate_and_the_next_weight_keeps_watching() -> None:
    world = World()

    def demand() -> str:
        """Pause as soon as the first gate has passed; the candidate gets worse then."""
        if world.record.passed < 10:
            return ""
        world.bad_share = 0.2
        return "pause"

    release = roll_out(FakeTarget(world, behaviour={"demand": demand}))
    assert (release.phase, world.split) == (Phase.FAILED, 0)


def test_an_interrupted_release_holds_its_weight() -> None:
    world = World()
    with pytest.raises(Interrupted):
        roll_out(FakeTarget(world, behaviour={"gone": lambda: "gone" if world.split else ""}))
    assert (world.record.phase, world.split) == (Phase.SHIFTING, 10)
    assert roll_out(FakeTarget(world)).phase == Phase.PROMOTED


@pytest.mark.parametrize("bad_share", [0.0, 0.1], ids=["good", "bad"])
def test_a_release_killed_at_any_operation_resumes_and_ends_the_same(bad_share: float) -> None:
    requested = {0.0, *ROLLOUT.weights}
    for operation in range(200):
        world = World(bad_share)
        try:
            roll_out(FakeTarget(world, killed_at=operation))
        except Killed:
            assert world.split in requested
        else:
            assert operation > 10
            return
        if world.record.in_progress:
            roll_out(FakeTarget(world))
        assert world.record.phase == (Phase.FAILED if bad_share else Phase.PROMOTED), operation
        assert world.promoted == (not bad_share)
        assert world.split == 0
        assert world.applied is not None
        assert not world.applied.standing
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users moved back and forth after a kill at {operation}"
    pytest.fail("the release does not end")


def test_a_killed_manual_promotion_resumes_and_moves_no_user_back() -> None:
    for operation in range(200):
        world = World()
        roll_out(FakeTarget(world), (10.0,))
        try:
            runner(FakeTarget(world, killed_at=operation)).promote()
        except Killed:
            if world.record.in_progress:
                roll_out(FakeTarget(world))
        else:
            assert operation > 10
            return
        assert world.record.phase == Phase.PROMOTED, operation
        rising = [weight for weight in world.weights if weight]
        assert rising == sorted(rising), f"users moved back and forth after a kill at {operation}"
    pytest.fail("the promotion does not end")


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
    """All users keep the candidates until the stable instances run the former version again and are healthy."""
    world = World()
    release = roll_out(FakeTarget(world, behaviour=promotion_fails(world)))
    assert (release.phase, release.reason, release.standing, world.split) == (Phase.FAILED, "no memory", False, 0)
    assert not world.promoted
    course = [operation for operation in world.operations if operation.startswith(("apply", "shift"))]
    assert course[-len(BACK_FROM_PROMOTION) :] == BACK_FROM_PROMOTION


def test_a_failed_promotion_killed_in_its_rollback_moves_no_user_to_a_missing_version() -> None:
    for operation in range(200):
        world = World()
        try:
            roll_out(FakeTarget(world, killed_at=operation, behaviour=promotion_fails(world)))
        except Killed:
            if world.record.in_progress:
                roll_out(FakeTarget(world, behaviour=promotion_fails(world)))
        else:
            assert operation > 10
            return
        assert (world.record.phase, world.split, world.promoted) == (Phase.FAILED, 0, False), operation
        start = world.operations.index("apply promoting 100 standing")
        rollback = world.operations[start + 1 :]
        assert rollback.index("applied", rollback.index("apply rolling back 100 standing")) < rollback.index(
            "shift rolling back 0"
        ), operation
    pytest.fail("the release does not end")


def test_a_failed_rollback_from_a_promotion_moves_no_user() -> None:
    world = World()
    faults = {"unhealthy": lambda: "no memory" if world.record.phase in (Phase.PROMOTING, Phase.ROLLING_BACK) else ""}
    with pytest.raises(ReleaseError, match="no memory"):
        roll_out(FakeTarget(world, behaviour=faults))
    assert (world.record.phase, world.record.closed, world.split) == (Phase.ROLLING_BACK, Version.STABLE, 100)
    assert roll_out(FakeTarget(world)).phase == Phase.FAILED
    assert world.split == 0


def test_an_ended_release_has_nothing_left_to_do() -> None:
    """Whenever the run dies: once the stored release has ended, its candidates are removed."""
    for operation in range(200):
        world = World()
        try:
            roll_out(FakeTarget(world, killed_at=operation))
        except Killed:
            assert world.record.in_progress or (world.applied and not world.applied.standing), operation
        else:
            return
    pytest.fail("the release does not end")


@pytest.mark.parametrize("silent", range(1, 5))
def test_a_proxy_that_misses_one_sample_changes_nothing(silent: int) -> None:
    """Its whole history of a million good requests would hide the candidate's 6 % of errors."""

    def run_release(behaviour: Mapping[str, Callable[[], str]]) -> Release:
        world = World(bad_share=0.06)
        world.totals = {"candidate": (100_000, 0), "stable": (1_000_000, 0)}
        return roll_out(FakeTarget(world, behaviour=behaviour), (50.0,))

    samples = iter(range(10_000))
    reference = run_release({})
    interrupted = run_release({"silent": lambda: "silent" if next(samples) == silent else ""})
    assert (reference.phase, interrupted.phase) == (Phase.FAILED, Phase.FAILED)
    reference_step, interrupted_step = reference.steps[-1], interrupted.steps[-1]
    decided = round(reference_step.seconds / TICK_SECONDS)
    assert decided == 4
    if silent == decided:
        # Its counts arrive with the next sample.
        assert interrupted_step.seconds == reference_step.seconds + TICK_SECONDS
    else:
        assert (interrupted_step.seconds, interrupted_step.seen[0].candidate) == (
            reference_step.seconds,
            reference_step.seen[0].candidate,
        )
