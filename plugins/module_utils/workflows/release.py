"""The actions on releases: roll out, status, pause, resume, promote, abort, retry."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from ..drivers.base import ALL_PARTS, Lease, Purpose, Scope, StateStore
from ..drivers.errors import Busy, DriverError
from ..model.effective import EffectiveApplication
from ..model.errors import Refused
from ..model.load import Population, clamp_seconds
from ..model.release import Rollout
from ..model.status import moment
from ..release.effective import TESTER_HEADER, effective
from ..release.rollout import Runner
from ..release.state import ApplicationState, Phase, Release
from ..release.target import Demand, Interrupted, ReleaseError
from .context import LEASE_TIMEOUT_SECONDS, Context, observe, other_runs
from .images import throttled
from .release_target import DriverTarget

# A run whose requester has died releases its lease within its heartbeat.
TAKEOVER_TIMEOUT_SECONDS = 30.0


class Action(StrEnum):
    """An action on a release."""

    ROLL_OUT = "roll_out"
    STATUS = "status"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ABORT = "abort"
    RETRY = "retry"

    @property
    def demand(self) -> Demand | None:
        """The demand on the run that has the release in progress, None if the action is none."""
        demands = {
            Action.PAUSE: Demand.PAUSE,
            Action.RESUME: Demand.NOTHING,
            Action.PROMOTE: Demand.PROMOTE,
            Action.ABORT: Demand.ABORT,
        }
        return demands.get(self)


@dataclass(frozen=True)
class ReleaseRequest:
    """``action`` on the release of ``rollout``, or on the one called ``name``; ``weights`` replace those of the rollout.

    Candidates have ``timeout`` seconds to become healthy. If the requester is gone, the release stays at its weight, or is
    rolled back if ``back_on_interrupt``.
    """

    action: Action
    rollout: Rollout | None
    name: str = ""
    weights: tuple[float, ...] = ()
    timeout: float = 120.0
    back_on_interrupt: bool = False


@dataclass(frozen=True)
class ReleaseResult:
    """The result of a request: the release, whether anything has changed or would, and the ``lines`` to show."""

    release: Release
    changed: bool
    lines: tuple[str, ...] = ()
    failure: str = ""


def release(context: Context, request: ReleaseRequest, dry: bool) -> ReleaseResult:
    """Perform ``request``. Raises ``Refused``, ``Busy``, ``ModelError``, ``StateError``, ``DriverError``."""
    store = context.driver.state
    state = store.read()
    requested = _requested_release(state, request, context.by)
    if request.action == Action.STATUS:
        return ReleaseResult(requested, False, (_headline(requested),))
    demand = request.action.demand
    running = _is_running(store, requested)
    if demand is not None and running:
        result = _demand(context, requested, request.action, demand, dry)
        if result:
            return result
    if request.action == Action.PAUSE:
        return ReleaseResult(requested, False, (f"{requested.name} is not running: it stays at {requested.weight:g} %",))
    if dry:
        lines = _preview(context, state, requested, request)
        unchanged = requested == state.release(requested.name) and requested.phase == Phase.SHIFTING and len(lines) == 1
        return ReleaseResult(requested, not unchanged, tuple(lines))
    if request.action in (Action.ROLL_OUT, Action.RETRY):
        _check_deployable(context, state, requested)
    if requested.rollout.load:
        context.driver.load.check(effective(context.deployed_specification(state), state))
    result = _run_with_lease(context, requested, request)
    late_action = _late_action(store, result.release)
    return _run_with_lease(context, result.release, replace(request, action=late_action)) if late_action else result


def _is_running(store: StateStore, release: Release) -> bool:
    return any(holder.release == release.name for holder in store.holders())


def _run_with_lease(context: Context, release: Release, request: ReleaseRequest) -> ReleaseResult:
    """Acquire the lease on the release, and run it."""
    store = context.driver.state
    if not _is_running(store, release):
        # Clears an old demand; demands on a current run, and those from now on, stay.
        store.set_demand(release.name, Demand.NOTHING)
    with store.lease(context.holder(Purpose.RELEASE, release.name), TAKEOVER_TIMEOUT_SECONDS, context.report_wait) as lease:
        return _run(context, lease, release, request)


def _late_action(store: StateStore, release: Release) -> Action | None:
    """Return the abort or promotion that was demanded after the run's last check for demands, None if there is none."""
    actions = {Demand.ABORT: Action.ABORT, Demand.PROMOTE: Action.PROMOTE}
    return actions.get(Demand(store.get_demand(release.name))) if release.in_progress else None


def _requested_release(state: ApplicationState, request: ReleaseRequest, by: str) -> Release:
    """Return the release that ``request`` names. Raises ``Refused``."""
    if request.action != Action.ROLL_OUT:
        return _stored_release(state, request, by)
    if request.rollout is None:
        raise Refused("no release: say component=… with image=… or env=…, or x-mesh.release in the application file")
    return _started_release(state, request.rollout, request, by)


def _started_release(state: ApplicationState, rollout: Rollout, request: ReleaseRequest, by: str) -> Release:
    """Return the release of ``rollout``: the one in progress, or a new one. Raises ``Refused``."""
    for version in rollout.versions:
        other = state.release_of(version.component)
        if other and other.name != rollout.name:
            raise Refused(
                f"{version.component} is in the release {other.name}, which is {other.phase} at {other.weight:g} % and was begun "
                f"by {other.by} at {moment(other.began)}; end it first: -e release={other.name} -e action=promote, or abort"
            )
    stored = state.release(rollout.name)
    if not stored or not stored.in_progress:
        return Release(rollout, tester=secrets.token_hex(16), by=by, began=time.time())
    if stored.rollout.versions != rollout.versions:
        raise Refused(
            f"the release {stored.name} is in progress at {stored.weight:g} % with another version; it was begun by {stored.by} "
            f"at {moment(stored.began)}; end it first: -e release={stored.name} -e action=promote, or abort"
        )
    minimum = max(stored.weight, stored.passed)
    if request.weights and request.weights[0] < minimum:
        raise Refused(
            f"weight: found {request.weights[0]:g}; allowed: {minimum:g} or more: users only ever move "
            "forward; -e action=abort takes all of them back"
        )
    return replace(stored, rollout=rollout)


def _stored_release(state: ApplicationState, request: ReleaseRequest, by: str) -> Release:
    """Return the stored release that ``request`` names. Raises ``Refused``."""
    name, action = request.name, request.action
    in_progress = [release for release in state.releases if release.in_progress]
    stored = state.release(name) or (in_progress[0] if len(in_progress) == 1 and action != Action.RETRY else None)
    known = ", ".join(f"{release.name} ({release.phase})" for release in state.releases) or "there is none"
    if not stored:
        raise Refused(f"release: found {name!r}; allowed: one of: {known}")
    if action == Action.RETRY:
        if stored.in_progress:
            raise Refused(f"the release {stored.name} is {stored.phase}; allowed for retry: one that has ended")
        return Release(stored.rollout, tester=secrets.token_hex(16), by=by, began=time.time())
    if not stored.in_progress and action != Action.STATUS and not (action == Action.ABORT and stored.standing):
        raise Refused(f"the release {stored.name} has ended: {stored.phase}; -e action=retry starts it again")
    return stored


def _demand(context: Context, release: Release, action: Action, demand: Demand, dry: bool) -> ReleaseResult | None:
    """Store a demand on the run of the release; None if it has ended meanwhile.

    Raises ``Refused`` if it is too late for the demand.
    """
    store = context.driver.state
    _check_demand(release, demand)
    if not dry:
        store.set_demand(release.name, demand)
        # The run may have changed its phase meanwhile: after each change it checks for demands once more.
        _check_demand(store.read().release(release.name) or release, demand)
        if not _is_running(store, release):
            return None
    return ReleaseResult(release, True, (f"requested of the run that has {release.name}: {action}",))


def _check_demand(release: Release, demand: Demand) -> None:
    if release.phase.promoting and demand != Demand.NOTHING:
        raise Refused(
            f"the release {release.name} is being promoted, which has no way back; allowed: wait for its end, then release "
            "the version before it"
        )
    if release.phase == Phase.ROLLING_BACK and demand in (Demand.PAUSE, Demand.PROMOTE):
        raise Refused(f"the release {release.name} is being rolled back; allowed: wait for its end, then -e action=retry")


def _preview(context: Context, state: ApplicationState, release: Release, request: ReleaseRequest) -> list[str]:
    """Return the status of the release, and what a run would do."""
    if request.action == Action.ABORT:
        steps = ["0 % of the users have the candidates", "remove the candidates"]
        return [f"{_headline(release)}, would be rolled back", *([] if release.phase.promoting else steps)]
    promote = request.action == Action.PROMOTE
    all_weights = () if promote else request.weights or release.rollout.weights
    weights = [weight for weight in all_weights if weight > release.passed]
    scale = 100.0 if promote else max([release.scale, *weights[:1]])
    after = state.with_release(replace(release, scale=scale))
    view = observe(context.driver, context.deployed_specification(state), after)
    lines = [_headline(release), *view.plan(Scope(ALL_PARTS, release.components)).lines()]
    lines += [f"{weight:g} % of the users, then the gate" for weight in weights]
    return lines + (["promote"] if promote or (weights and weights[-1] >= 100) else [])


def _check_deployable(context: Context, state: ApplicationState, release: Release) -> None:
    """Raise ``Refused`` if an image is missing and cannot be pulled, or a stable version is not deployed."""
    view = observe(context.driver, context.deployed_specification(state), state)
    deployed = {instance.component for instance in view.observation.statuses()}
    known = {component.name for component in view.application.components}
    images = context.driver.images
    for version in release.rollout.versions:
        place = f"components.{version.component}"
        if version.component not in deployed & known:
            raise Refused(f"{place}: it is not deployed; allowed: a component that runs: ansible-playbook playbooks/site.yml")
        if version.image and images.missing([version.image]):
            context.say(f"pulling {version.image}")
            try:
                images.pull(version.image, throttled(context.say))
            except (DriverError, OSError) as error:
                raise Refused(
                    f"{place}.image: found {version.image!r}, which the engine does not have and cannot get: {error}; "
                    "allowed: an image that docker image ls shows, or one that can be pulled"
                ) from error


def _run(context: Context, lease: Lease, release: Release, request: ReleaseRequest) -> ReleaseResult:
    """Run ``release`` from where another run may have left it meanwhile. Raises ``Refused``, ``Busy``."""
    state = context.driver.state.read()
    stored = state.release(release.name)
    if stored and not stored.in_progress and stored.began == release.began and not stored.standing:
        return _result(stored, request, changed=False)
    current = _requested_release(state, request, context.by)
    _store_start(context, lease, current)
    target = DriverTarget(context, lease, request.timeout, lambda application, release: _load(context, application, release))
    runner = Runner(current, target, context.say, context.now, context.sleep)
    try:
        try:
            ended = _perform(runner, current, request)
        except Interrupted as error:
            if not request.back_on_interrupt:
                release = runner.release
                failure = f"{error}; {release.name} stays at {release.weight:g} %: run again to resume"
                return ReleaseResult(release, True, failure=failure)
            ended = runner.roll_back(str(error))
    except ReleaseError as error:
        release = runner.release
        failure = f"{release.name} could not continue {release.phase}: {error}; run again to resume"
        return ReleaseResult(release, True, failure=failure)
    return _result(ended, request, changed=ended != stored)


def _store_start(context: Context, lease: Lease, current: Release) -> None:
    """Store the release before it starts, while no deployment or teardown is in progress. Raises ``Busy``."""
    store = context.driver.state
    with store.lease(context.holder(Purpose.RELEASE), LEASE_TIMEOUT_SECONDS, context.report_wait):
        state = store.read()
        _refuse_another(store, state, current)
        deployed = context.driver.observe(effective(context.deployed_specification(state), state)).statuses()
        missing = [name for name in current.components if name not in {instance.component for instance in deployed}]
        if missing:
            raise Refused(f"components.{missing[0]}: it is not deployed any more; allowed: ansible-playbook playbooks/site.yml")
        with store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_release(current)


def _refuse_another(store: StateStore, state: ApplicationState, current: Release) -> None:
    """Raise ``Busy`` if another release runs: each of two runs would split users by what it knows of the other release."""
    for other, holder in other_runs(state, store.holders(), current.name):
        if other.in_progress:
            raise Busy(
                f"the release {other.name} is in progress at {other.weight:g} %, and only one can run at a time; {holder.refusal}"
            )


def _perform(runner: Runner, current: Release, request: ReleaseRequest) -> Release:
    if request.action == Action.ABORT:
        return runner.abort()
    if request.action == Action.PROMOTE:
        return runner.promote()
    return runner.roll_out(request.weights or current.rollout.weights)


@contextmanager
def _load(context: Context, application: EffectiveApplication, release: Release) -> Iterator[None]:
    """Run the load generator for one step; half of its users have the candidates."""
    population = Population(release.rollout.load, clamp_seconds(release.rollout.gate.wait))
    with context.driver.load.start(application, population, f"{TESTER_HEADER}: {release.tester}"):
        yield


def _result(ended: Release, request: ReleaseRequest, changed: bool) -> ReleaseResult:
    failed = ended.phase in (Phase.FAILED, Phase.ABORTED) and request.action != Action.ABORT
    return ReleaseResult(ended, changed, failure=f"{ended.name} was rolled back: {ended.reason}" if failed else "")


def _headline(release: Release) -> str:
    if release.in_progress:
        return f"{release.name}: {release.phase} at {release.weight:g} %"
    return f"{release.name}: {release.phase}" + (f": {release.reason}" if release.reason else "")


def summary(ended: Release) -> list[str]:
    """Return the result of a release, with a bar for the share of users and the decision for each weight."""
    lines = [f"{ended.name}: {ended.phase}" + (f": {ended.reason}" if ended.reason else "")]
    for step in ended.steps:
        share = "█" * round(step.weight / 5) or "▏"
        lines.append(f"{step.weight:>6g} % {share:<20} {step.decision} after {step.seconds:.0f} s")
        for result in step.seen:
            candidate, stable = result.candidate, result.stable
            lines.append(
                f"         {result.component}: candidate {candidate.requests} requests, {candidate.errors} errors, "
                f"p95 {candidate.p95:g} ms; stable {stable.requests}, {stable.errors}, {stable.p95:g} ms"
            )
    results = [result for step in ended.steps for result in step.seen]
    errors = sum(result.candidate.errors for result in results)
    requests = sum(result.candidate.requests + result.stable.requests for result in results)
    if requests:
        lines.append(f"         {errors} of {requests} requests were answered with an error by a candidate")
    return lines
