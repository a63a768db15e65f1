"""What may be asked of releases: to roll one out, and to tell of, pause, resume, promote, abort, retry one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from ..drivers.base import ALL_PARTS, Lease, Purpose, Scope, StateStore
from ..drivers.errors import DriverError
from ..model.effective import EffectiveApplication
from ..model.errors import Refused
from ..model.load import Population, bounded
from ..model.release import Rollout
from ..model.status import moment
from ..release.effective import TESTER_HEADER, effective
from ..release.rollout import Runner
from ..release.state import ApplicationState, Phase, Release
from ..release.target import Demand, Fault, Interrupted
from .context import PATIENCE_SECONDS, Context, look
from .images import now_and_then
from .release_target import DriverTarget

# A run whose caller has died lets go within its heartbeat.
LET_GO_SECONDS = 30.0


class Action(StrEnum):
    """What may be asked of a release."""

    ROLL_OUT = "roll_out"
    STATUS = "status"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ABORT = "abort"
    RETRY = "retry"

    @property
    def demand(self) -> Demand | None:
        """What it is to whoever runs the release already, None where it is nothing to them."""
        demands = {
            Action.PAUSE: Demand.PAUSE,
            Action.RESUME: Demand.NOTHING,
            Action.PROMOTE: Demand.PROMOTE,
            Action.ABORT: Demand.ABORT,
        }
        return demands.get(self)


@dataclass(frozen=True)
class ReleaseRequest:
    """``action`` on the release of ``rollout``, or the one ``named``; ``weights`` in place of all of its own.

    Candidates have ``patience`` seconds to become healthy. Where whoever requested it is gone the release holds, or is rolled
    back where that is asked for by ``back_on_interrupt``.
    """

    action: Action
    rollout: Rollout | None
    named: str = ""
    weights: tuple[float, ...] = ()
    patience: float = 120.0
    back_on_interrupt: bool = False


@dataclass(frozen=True)
class ReleaseResult:
    """What came of a request: the release, whether anything was changed or would be, and what is to be said."""

    release: Release
    changed: bool
    lines: tuple[str, ...] = ()
    failure: str = ""


def release(context: Context, request: ReleaseRequest, dry: bool) -> ReleaseResult:
    """Do what ``request`` asks for. Raises ``Refused``, ``Busy``, ``ModelError``, ``StateError``, ``DriverError``."""
    store = context.driver.state
    state = store.read()
    chosen = _meant(state, request, context.by)
    if request.action == Action.STATUS:
        return ReleaseResult(chosen, False, (_headline(chosen),))
    demand = request.action.demand
    running = _is_run(store, chosen)
    if demand is not None and running:
        left = _demand(context, chosen, request.action, demand, dry)
        if left:
            return left
    if request.action == Action.PAUSE:
        return ReleaseResult(chosen, False, (f"nobody runs {chosen.name}: it stays at {chosen.weight:g} %",))
    if dry:
        course = _course(context, state, chosen, request)
        stays = chosen == state.release(chosen.name) and chosen.phase == Phase.SHIFTING and len(course) == 1
        return ReleaseResult(chosen, not stays, tuple(course))
    if request.action in (Action.ROLL_OUT, Action.RETRY):
        _check(context, state, chosen)
    if chosen.rollout.load:
        context.driver.load.check(effective(context.deployed(state), state))
    result = _held(context, chosen, request)
    late = _late_action(store, result.release)
    return _held(context, result.release, replace(request, action=late)) if late else result


def _is_run(store: StateStore, chosen: Release) -> bool:
    return any(holder.release == chosen.name for holder in store.holders())


def _held(context: Context, chosen: Release, request: ReleaseRequest) -> ReleaseResult:
    """Hold the release, and take it through its course."""
    store = context.driver.state
    if not _is_run(store, chosen):
        # What is left for a run that is at work is not taken away, nor what comes in from now on.
        store.demand(chosen.name, Demand.NOTHING)
    with store.lease(context.holder(Purpose.RELEASE, chosen.name), LET_GO_SECONDS, context.waiting) as lease:
        return _run(context, lease, chosen, request)


def _late_action(store: StateStore, held: Release) -> Action | None:
    """Return what was demanded of a run after it had looked for the last time, None where it was nothing that ends a release."""
    late = {Demand.ABORT: Action.ABORT, Demand.PROMOTE: Action.PROMOTE}
    return late.get(Demand(store.demanded(held.name))) if held.in_progress else None


def _meant(state: ApplicationState, request: ReleaseRequest, by: str) -> Release:
    """Return the release that ``request`` is about. Raises ``Refused``."""
    if request.action != Action.ROLL_OUT:
        return _stored(state, request, by)
    if request.rollout is None:
        raise Refused("no release: say component=… with image=… or env=…, or x-mesh.release in the application file")
    return _begun(state, request.rollout, request, by)


def _begun(state: ApplicationState, rollout: Rollout, request: ReleaseRequest, by: str) -> Release:
    """Return the release that ``rollout`` asks for: the one in progress, or a new one. Raises ``Refused``."""
    for version in rollout.versions:
        other = state.holding(version.component)
        if other and other.name != rollout.name:
            raise Refused(
                f"{version.component} is in the release {other.name}, which is {other.phase} at {other.weight:g} % and was begun "
                f"by {other.by} at {moment(other.began)}; end it first: -e release={other.name} -e action=promote, or abort"
            )
    found = state.release(rollout.name)
    if not found or not found.in_progress:
        return Release(rollout, tester=secrets.token_hex(16), by=by, began=time.time())
    if found.rollout.versions != rollout.versions:
        raise Refused(
            f"the release {found.name} is in progress at {found.weight:g} % with another version; it was begun by {found.by} "
            f"at {moment(found.began)}; end it first: -e release={found.name} -e action=promote, or abort"
        )
    if request.weights and request.weights[0] < max(found.weight, found.passed):
        raise Refused(
            f"weight: found {request.weights[0]:g}; allowed: {max(found.weight, found.passed):g} or more: users only ever move "
            "forward; -e action=abort takes all of them back"
        )
    return replace(found, rollout=rollout)


def _stored(state: ApplicationState, request: ReleaseRequest, by: str) -> Release:
    """Return the stored release that is meant. Raises ``Refused``."""
    name, action = request.named, request.action
    in_progress = [each for each in state.releases if each.in_progress]
    found = state.release(name) or (in_progress[0] if len(in_progress) == 1 and action != Action.RETRY else None)
    known = ", ".join(f"{each.name} ({each.phase})" for each in state.releases) or "there is none"
    if not found:
        raise Refused(f"release: found {name!r}; allowed: one of: {known}")
    if action == Action.RETRY:
        if found.in_progress:
            raise Refused(f"the release {found.name} is {found.phase}; allowed for retry: one that has ended")
        return Release(found.rollout, tester=secrets.token_hex(16), by=by, began=time.time())
    if not found.in_progress and action != Action.STATUS and not (action == Action.ABORT and found.standing):
        raise Refused(f"the release {found.name} has ended: {found.phase}; -e action=retry begins it again")
    return found


def _demand(context: Context, chosen: Release, action: Action, demand: Demand, dry: bool) -> ReleaseResult | None:
    """Leave a demand for whoever runs the release; None where nobody does any more.

    Raises ``Refused`` where it could not be met any more.
    """
    store = context.driver.state
    _check_demand(chosen, demand)
    if not dry:
        store.demand(chosen.name, demand)
        # The run may have gone on meanwhile: it looks at demands once more after each of these.
        _check_demand(store.read().release(chosen.name) or chosen, demand)
        if not _is_run(store, chosen):
            return None
    return ReleaseResult(chosen, True, (f"requested of the run that has {chosen.name}: {action}",))


def _check_demand(chosen: Release, demand: Demand) -> None:
    if chosen.phase.promoting and demand != Demand.NOTHING:
        raise Refused(
            f"the release {chosen.name} is being promoted, which has no way back; allowed: wait for its end, then release "
            "the version before it"
        )
    if chosen.phase == Phase.ROLLING_BACK and demand in (Demand.PAUSE, Demand.PROMOTE):
        raise Refused(f"the release {chosen.name} is being rolled back; allowed: wait for its end, then -e action=retry")


def _course(context: Context, state: ApplicationState, chosen: Release, request: ReleaseRequest) -> list[str]:
    """Return how the release is, and what would be done."""
    if request.action == Action.ABORT:
        steps = ["0 % of the users have the candidates", "remove the candidates"]
        return [f"{_headline(chosen)}, would be rolled back", *([] if chosen.phase.promoting else steps)]
    promoted = request.action == Action.PROMOTE
    weights = [] if promoted else [each for each in request.weights or chosen.rollout.weights if each > chosen.passed]
    scale = 100.0 if promoted else max([chosen.scale, *weights[:1]])
    after = state.with_release(replace(chosen, scale=scale))
    view = look(context.driver, context.deployed(state), after)
    lines = [_headline(chosen), *view.plan(Scope(ALL_PARTS, chosen.components)).lines()]
    lines += [f"{weight:g} % of the users, then the gate" for weight in weights]
    return lines + (["promote"] if promoted or (weights and weights[-1] >= 100) else [])


def _check(context: Context, state: ApplicationState, chosen: Release) -> None:
    """Raise ``Refused`` where the release has no image to run, or nothing to stand beside."""
    view = look(context.driver, context.deployed(state), state)
    deployed = {instance.component for instance in view.observation.statuses()}
    known = {component.name for component in view.application.components}
    images = context.driver.images
    for version in chosen.rollout.versions:
        place = f"components.{version.component}"
        if version.component not in deployed & known:
            raise Refused(f"{place}: it is not deployed; allowed: a component that runs: ansible-playbook playbooks/site.yml")
        if version.image and images.missing([version.image]):
            context.say(f"pulling {version.image}")
            try:
                images.pull(version.image, now_and_then(context.say))
            except (DriverError, OSError) as error:
                raise Refused(
                    f"{place}.image: found {version.image!r}, which the engine does not have and cannot get: {error}; "
                    "allowed: an image that docker image ls shows, or one that can be pulled"
                ) from error


def _run(context: Context, lease: Lease, chosen: Release, request: ReleaseRequest) -> ReleaseResult:
    """Take ``chosen`` through its course, as another run may have left it meanwhile. Raises ``Refused``, ``Busy``."""
    state = context.driver.state.read()
    stored = state.release(chosen.name)
    if stored and not stored.in_progress and stored.began == chosen.began and not stored.standing:
        return _ended(stored, request, changed=False)
    current = _meant(state, request, context.by)
    _open(context, lease, current)
    target = DriverTarget(context, lease, request.patience, lambda application, begun: _load(context, application, begun))
    runner = Runner(current, target, context.say, context.now, context.sleep)
    try:
        try:
            ended = _steps(runner, current, request)
        except Interrupted as gone:
            if not request.back_on_interrupt:
                held = runner.release
                return ReleaseResult(held, True, failure=f"{gone}; {held.name} holds at {held.weight:g} %: run again to resume")
            ended = runner.roll_back(str(gone))
    except Fault as fault:
        stuck = runner.release
        return ReleaseResult(stuck, True, failure=f"{stuck.name} could not go on {stuck.phase}: {fault}; run again to resume")
    return _ended(ended, request, changed=ended != stored)


def _open(context: Context, lease: Lease, current: Release) -> None:
    """Store the release before anything is done for it, while no deployment or teardown is in progress. Raises ``Busy``."""
    store = context.driver.state
    with store.lease(context.holder(Purpose.RELEASE), PATIENCE_SECONDS, context.waiting):
        deployed = context.driver.observe(effective(context.deployed(store.read()), store.read())).statuses()
        missing = [name for name in current.components if name not in {instance.component for instance in deployed}]
        if missing:
            raise Refused(f"components.{missing[0]}: it is not deployed any more; allowed: ansible-playbook playbooks/site.yml")
        with store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_release(current)


def _steps(runner: Runner, current: Release, request: ReleaseRequest) -> Release:
    if request.action == Action.ABORT:
        return runner.abort()
    if request.action == Action.PROMOTE:
        return runner.promote()
    return runner.roll_out(request.weights or current.rollout.weights)


@contextmanager
def _load(context: Context, application: EffectiveApplication, begun: Release) -> Iterator[None]:
    """Make load for one step, half of whose users have the candidates."""
    population = Population(begun.rollout.load, bounded(begun.rollout.gate.wait))
    with context.driver.load.start(application, population, f"{TESTER_HEADER}: {begun.tester}"):
        yield


def _ended(ended: Release, request: ReleaseRequest, changed: bool) -> ReleaseResult:
    failed = ended.phase in (Phase.FAILED, Phase.ABORTED) and request.action != Action.ABORT
    return ReleaseResult(ended, changed, failure=f"{ended.name} was rolled back: {ended.reason}" if failed else "")


def _headline(chosen: Release) -> str:
    if chosen.in_progress:
        return f"{chosen.name}: {chosen.phase} at {chosen.weight:g} %"
    return f"{chosen.name}: {chosen.phase}" + (f": {chosen.reason}" if chosen.reason else "")


def summary(ended: Release) -> list[str]:
    """Return what became of a release, with a bar for each weight: its share of users, and how it was judged."""
    lines = [f"{ended.name}: {ended.phase}" + (f": {ended.reason}" if ended.reason else "")]
    for step in ended.steps:
        share = "█" * round(step.weight / 5) or "▏"
        lines.append(f"{step.weight:>6g} % {share:<20} {step.decision} after {step.seconds:.0f} s")
        for each in step.seen:
            one, other = each.candidate, each.stable
            lines.append(
                f"         {each.component}: candidate {one.requests} requests, {one.errors} errors, p95 {one.p95:g} ms; "
                f"stable {other.requests}, {other.errors}, {other.p95:g} ms"
            )
    spoiled = sum(each.candidate.errors for step in ended.steps for each in step.seen)
    every = sum(each.candidate.requests + each.stable.requests for step in ended.steps for each in step.seen)
    if every:
        lines.append(f"         {spoiled} of {every} requests were answered with an error by a candidate")
    return lines
