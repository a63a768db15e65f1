"""What may be asked of releases on an engine: to roll one out, and to tell of, pause, resume, promote, abort, retry one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from ..drivers.docker import locks
from ..drivers.docker.client import Engine, EngineError
from ..drivers.docker.images import BuildError, is_there, pull
from ..drivers.docker.ledger import ask, conducting, is_conducted, read_ledger
from ..drivers.docker.load import Generated
from ..drivers.docker.plan import PARTS, plan_application
from ..drivers.docker.setting import Task, lines, with_releases
from ..model.errors import Refused
from ..model.load import Population, bounded
from ..model.release import Rollout
from ..release.effective import TESTER_HEADER
from ..release.rollout import Conductor
from ..release.state import ABORTED, FAILED, Ledger, Release
from ..release.target import ABORT, PAUSE, PROMOTE, Fault, Interrupted
from .deploy import look
from .release_target import EngineTarget

RESUME, RETRY, ROLL_OUT, STATUS = "resume", "retry", "roll_out", "status"
ACTIONS = (ROLL_OUT, STATUS, PAUSE, RESUME, PROMOTE, ABORT, RETRY)
LET_GO_SECONDS = 30.0


@dataclass(frozen=True)
class Wish:
    """What is asked for: ``action`` on the release of ``rollout``, or the one ``named``; ``weights`` in place of all; by whom.

    Candidates have ``seconds`` to become healthy. Where nobody is ``attended`` any more the release holds, or goes back
    where that is asked for by ``back_on_interrupt``.
    """

    action: str
    rollout: Rollout | None
    named: str
    weights: tuple[float, ...]
    by: str
    seconds: float
    attended: Callable[[], bool]
    back_on_interrupt: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a wish: the release, None where there is none; whether anything was changed; and what is to be said."""

    release: Release | None
    changed: bool
    told: tuple[str, ...] = ()
    failure: str = ""


def fulfil(engine: Engine, task: Task, wish: Wish, dry: bool) -> Answer:
    """Do what ``wish`` asks for; ``task`` has the application as its file does. Raises ``Refused``, ``Busy``, ``EngineError``."""
    layout = task.setting.layout
    release = meant(read_ledger(layout), wish)
    if wish.action == STATUS or dry:
        return Answer(release, False, tuple(steps(engine, task, read_ledger(layout), release, wish)))
    if wish.action in (PAUSE, RESUME, PROMOTE, ABORT) and is_conducted(layout, release.name):
        ask(layout, release.name, "" if wish.action == RESUME else wish.action)
        return Answer(release, True, (f"asked of the run that conducts {release.name}: {wish.action}",))
    if wish.action == PAUSE:
        return Answer(release, False, (f"nobody conducts {release.name}: it stays at {release.weight:g} %",))
    if wish.action in (ROLL_OUT, RETRY):
        _check(engine, task, release)
    load = _load(engine, task, release)
    if load:
        load.check()
    with _conducting(task, release.name, wish.by):
        return conduct(engine, task, release, wish)


def meant(ledger: Ledger, wish: Wish) -> Release:
    """Return the release that ``wish`` is about. Raises ``Refused``."""
    if wish.action != ROLL_OUT:
        return chosen(ledger, wish)
    if wish.rollout is None:
        raise Refused("no release: say component=… with image=… or env=…, or x-mesh.release in the application file")
    return begin(ledger, wish.rollout, wish)


def begin(ledger: Ledger, rollout: Rollout, wish: Wish) -> Release:
    """Return the release that ``rollout`` asks for: the one under way, or a new one. Raises ``Refused``."""
    for version in rollout.versions:
        other = ledger.holding(version.component)
        if other and other.name != rollout.name:
            raise Refused(
                f"{version.component} is in the release {other.name}, which is {other.phase} at {other.weight:g} % and was begun "
                f"by {other.by}; end it first: -e release={other.name} -e action=promote, or abort"
            )
    found = ledger.release(rollout.name)
    if not found or not found.under_way:
        return Release(rollout, tester=secrets.token_hex(16), by=wish.by, began=time.time())
    if found.rollout.versions != rollout.versions:
        raise Refused(
            f"the release {found.name} is under way at {found.weight:g} % with another version; end it first: "
            "-e action=promote, or abort"
        )
    if wish.weights and wish.weights[0] < max(found.weight, found.passed):
        raise Refused(
            f"weight: found {wish.weights[0]:g}; allowed: {max(found.weight, found.passed):g} or more: users only ever move "
            "forward; -e action=abort takes all of them back"
        )
    return replace(found, rollout=rollout)


def chosen(ledger: Ledger, wish: Wish) -> Release:
    """Return the release on record that is meant. Raises ``Refused``."""
    name = wish.named
    under_way = [each for each in ledger.releases if each.under_way]
    found = ledger.release(name) or (under_way[0] if len(under_way) == 1 and wish.action != RETRY else None)
    known = ", ".join(f"{each.name} ({each.phase})" for each in ledger.releases) or "there is none"
    if not found:
        raise Refused(f"release: found {name!r}; allowed: one on record: {known}")
    if wish.action == RETRY:
        if found.under_way:
            raise Refused(f"the release {found.name} is {found.phase}; allowed for retry: one that has ended")
        return Release(found.rollout, tester=secrets.token_hex(16), by=wish.by, began=time.time())
    if not found.under_way and wish.action != STATUS and not (wish.action == ABORT and found.standing):
        raise Refused(f"the release {found.name} has ended: {found.phase}; -e action=retry begins it again")
    return found


def steps(engine: Engine, task: Task, ledger: Ledger, release: Release, wish: Wish) -> list[str]:
    """Return what would be done, or of a release that has ended what it is."""
    if not release.under_way:
        return [f"{release.name}: {release.phase}" + (f": {release.reason}" if release.reason else "")]
    weights = [each for each in wish.weights or release.rollout.weights if each > release.passed]
    begun = replace(release, scale=max([release.scale, *weights[:1]]))
    wanted, current = look(engine, with_releases(task, ledger.with_release(begun)), dry=True)
    planned = lines(plan_application(wanted, current, PARTS, begun.components))
    told = [f"{release.name}: {release.phase} at {release.weight:g} %", *planned]
    told += [f"{weight:g} % of the users, then the gate" for weight in weights]
    return told + (["promote"] if weights and weights[-1] >= 100 else [])


def conduct(engine: Engine, task: Task, release: Release, wish: Wish) -> Answer:
    """Conduct ``release``, as another run may have left it meanwhile. Raises ``Refused``."""
    ledger = read_ledger(task.setting.layout)
    recorded = ledger.release(release.name)
    if recorded and not recorded.under_way and recorded.began == release.began:
        return _ended(recorded, wish, changed=False)
    release = meant(ledger, wish)
    target = EngineTarget(engine, task, wish.seconds, wish.attended, _load(engine, task, release))
    conductor = Conductor(release, target, task.say)
    target.keep(release)
    try:
        try:
            ended = _conducted(conductor, release, wish)
        except Interrupted as gone:
            if not wish.back_on_interrupt:
                held = conductor.release
                return Answer(held, True, failure=f"{gone}; {held.name} holds at {held.weight:g} %: run again to go on")
            ended = conductor.roll_back(str(gone))
    except Fault as fault:
        stuck = conductor.release
        return Answer(stuck, True, failure=f"{stuck.name} got stuck {stuck.phase}: {fault}; run again to go on")
    return _ended(ended, wish, changed=ended != recorded)


def _load(engine: Engine, task: Task, release: Release) -> Generated | None:
    """Return load for one step at a time, half of whose users have the candidates. Raises ``Refused`` of load."""
    if not release.rollout.load:
        return None
    lasting = Population(release.rollout.load, bounded(release.rollout.gate.wait))
    return Generated(engine, task, lasting, f"{TESTER_HEADER}: {release.tester}")


def _ended(release: Release, wish: Wish, changed: bool) -> Answer:
    failed = release.phase in (FAILED, ABORTED) and wish.action != ABORT
    return Answer(release, changed, failure=f"{release.name} was rolled back: {release.reason}" if failed else "")


def _conducted(conductor: Conductor, release: Release, wish: Wish) -> Release:
    if wish.action == ABORT:
        return conductor.abort()
    if wish.action == PROMOTE:
        return conductor.promote()
    return conductor.conduct(wish.weights or release.rollout.weights)


def _check(engine: Engine, task: Task, release: Release) -> None:
    """Raise ``Refused`` where the release has no image to run, or nothing to stand beside."""
    _, current = look(engine, with_releases(task, Ledger()))
    deployed = {each.component for each in current.engine.containers.values()}
    for version in release.rollout.versions:
        place = f"components.{version.component}"
        if version.component not in deployed:
            raise Refused(f"{place}: it is not deployed; allowed: a component that runs: ansible-playbook playbooks/site.yml")
        if version.image and not is_there(engine, version.image):
            task.say(f"pulling {version.image}")
            try:
                pull(engine, version.image, task.say)
            except (BuildError, EngineError, OSError) as error:
                raise Refused(
                    f"{place}.image: found {version.image!r}, which the engine does not have and cannot get: {error}; "
                    "allowed: an image that docker image ls shows, or one that can be pulled"
                ) from error


def _conducting(task: Task, name: str, by: str) -> AbstractContextManager[None]:
    """Return the hold on the release; a run whose caller has died lets go within ``LET_GO_SECONDS``. Raises ``Busy``."""
    told = f"another run conducts the release {name}; waiting up to {LET_GO_SECONDS:.0f} s for it to let go"
    return locks.patiently(lambda: conducting(task.setting.layout, name, by), LET_GO_SECONDS, lambda: task.say(told))


def summary(release: Release) -> list[str]:
    """Return what became of a release, with a bar for each weight: its share of users, and how it was judged."""
    told = [f"{release.name}: {release.phase}" + (f": {release.reason}" if release.reason else "")]
    for step in release.steps:
        bar = "█" * round(step.weight / 5) or "▏"
        told.append(f"{step.weight:>6g} % {bar:<20} {step.decision} after {step.seconds:.0f} s")
        for each in step.seen:
            one, other = each.candidate, each.stable
            told.append(
                f"         {each.component}: candidate {one.requests} requests, {one.errors} errors, p95 {one.p95:g} ms; "
                f"stable {other.requests}, {other.errors}, {other.p95:g} ms"
            )
    spoiled = sum(each.candidate.errors for step in release.steps for each in step.seen)
    every = sum(each.candidate.requests + each.stable.requests for step in release.steps for each in step.seen)
    if every:
        told.append(f"         {spoiled} of {every} requests were answered with an error by a candidate")
    return told
