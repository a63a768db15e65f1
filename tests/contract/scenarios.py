"""What every driver has to do: one course of steps, with what has to hold after each and at every moment of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Extent, Purpose, Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import ComponentVersion, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState, Scaled
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action, ReleaseRequest, release
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import Size, scale
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from contract.places import Place

NOTHING: Mapping[str, int] = {}
UP = {"api": 2, "web": 1, "store": 1}


@dataclass(frozen=True)
class Step:
    """A step: what is ``done``, and what has to hold.

    ``serving`` is how many instances of each version serve afterwards, ``images`` which of the place's images they run then,
    by number; ``least`` how many serve at every moment; ``operations`` whether there is anything to do. What callers send to is
    there at every moment, but for versions that are ``closed`` in the step.
    """

    name: str
    done: Callable[[Place, bool], Any]
    serving: Mapping[str, int]
    images: Mapping[str, int] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    operations: bool = True
    closed: tuple[str, ...] = ()


def _deploy(number: int) -> Callable[[Place, bool], Any]:
    def done(place: Place, dry: bool) -> Any:
        place.asked = place.specification(place.images[number])
        return deploy(place.context(), Scope(), place.patience, dry)

    return done


def _scale(replicas: int) -> Callable[[Place, bool], Any]:
    return lambda place, dry: scale(place.context(), (Size("api", replicas),), place.patience, dry)


def _release(action: Action, number: int = 0) -> Callable[[Place, bool], Any]:
    """Return an action on a release; the users, who are not there, get none of its candidates before it is promoted."""

    def done(place: Place, dry: bool) -> Any:
        rollout = Rollout("api", (ComponentVersion("api", place.images[number]),), (0.0,))
        request = ReleaseRequest(action, rollout if action == Action.ROLL_OUT else None, "api", patience=place.patience)
        return release(place.context(), request, dry)

    return done


def _tear_down(extent: Extent) -> Callable[[Place, bool], Any]:
    return lambda place, dry: tear_down(place.context(), extent, dry)


STEPS = (
    Step("deployment from nothing", _deploy(0), UP, {"api": 0, "web": 0, "store": 0}),
    Step("the same again", _deploy(0), UP, {"api": 0, "web": 0}, UP, operations=False),
    Step("another image", _deploy(1), UP, {"api": 1, "web": 1, "store": 0}, {"api": 1, "web": 1, "store": 1}),
    Step("more instances", _scale(3), {**UP, "api": 3}, {"api": 1}, UP),
    Step("more instances again", _scale(3), {**UP, "api": 3}, {"api": 1}, UP, operations=False),
    Step("a deployment keeps them", _deploy(1), {**UP, "api": 3}, {"api": 1}, UP, operations=False),
    Step("fewer instances", _scale(2), UP, {"api": 1}, UP),
    Step("a candidate", _release(Action.ROLL_OUT, 2), {**UP, "api-candidate": 1}, {"api": 1, "api-candidate": 2}, UP),
    Step("a deployment keeps it", _deploy(1), {**UP, "api-candidate": 1}, {"api": 1}, UP, operations=False),
    Step("rollback", _release(Action.ABORT), UP, {"api": 1}, UP),
    Step("a candidate again", _release(Action.ROLL_OUT, 2), {**UP, "api-candidate": 1}, {"api-candidate": 2}, UP),
    Step("promotion", _release(Action.PROMOTE), UP, {"api": 2, "web": 1}, {"web": 1, "store": 1}, closed=("api",)),
    Step("a deployment keeps what was promoted", _deploy(1), UP, {"api": 2}, UP, operations=False),
    Step("teardown", _tear_down(Extent()), NOTHING),
    Step("teardown again", _tear_down(Extent()), NOTHING, operations=False),
    Step("deployment on what was kept", _deploy(1), UP, {"api": 2, "web": 1, "store": 0}),
    Step("teardown with all data", _tear_down(Extent(data=True)), NOTHING),
    Step("teardown of nothing", _tear_down(Extent(data=True)), NOTHING, operations=False),
    Step("deployment from nothing again", _deploy(1), UP, {"api": 1}),
)


def course(place: Place) -> None:
    """Go through all steps."""
    birth = ""
    for step in STEPS:
        check(place, step)
        storage = place.driver().workloads.storage(["data"])
        if step.name == "deployment from nothing":
            birth = storage
            assert birth
        elif "all data" in step.name or step.name == "teardown of nothing":
            assert not storage, step.name
            assert place.driver().state.read() == ApplicationState(), step.name
        elif step.name == "deployment from nothing again":
            assert storage and storage != birth, step.name
        else:
            assert storage == birth, step.name


def check(place: Place, step: Step) -> None:
    """Do one step, after check mode has told of it."""
    before = place.serving(), place.running(), place.driver().state.read()
    place.moments.clear()
    dry = step.done(place, True)
    assert not place.moments, f"{step.name}: check mode changes something"
    assert (place.serving(), place.running(), place.driver().state.read()) == before, step.name
    done = step.done(place, False)
    assert not done.failure, f"{step.name}: {done.failure}"
    changed = [result.changed if hasattr(result, "changed") else bool(result.plan) for result in (dry, done)]
    assert changed == [step.operations, step.operations], f"{step.name}: {changed}"
    assert bool(place.moments) == step.operations, step.name
    assert place.serving() == step.serving, step.name
    running = place.running()
    for target, number in step.images.items():
        assert running[target] == {place.images[number]}, f"{step.name}: {target}"
    assert not place.driver().state.holders(), step.name
    for moment in place.moments:
        told = f"{step.name}: after {moment.after}: {moment}"
        assert all(moment.serving.get(target, 0) >= least for target, least in step.least.items()), told
        # What has served leads nowhere only while a store is replaced in its place, or all is taken down.
        for target in set(before[0]) & set(step.serving) - {"store", *step.closed}:
            assert moment.astray.get(target, 0) <= 0, told
        if step.name == "promotion":
            assert moment.serving.get("api", 0) or moment.serving.get("api-candidate", 0), told


def leases(place: Place) -> None:
    """A lease is held by one at a time, told to others, and let go."""
    context, others = place.context("the first"), place.context("another")
    with context.driver.state.lease(context.holder(Purpose.DEPLOYMENT)) as lease:
        (holder,) = others.driver.state.holders()
        assert (holder.purpose, holder.by, holder.release) == (Purpose.DEPLOYMENT, "the first", "")
        told: list[str] = []
        with (
            pytest.raises(Busy, match="the first"),
            others.driver.state.lease(others.holder(Purpose.SCALING), 0.5, lambda other: told.append(other.by)),
        ):
            raise AssertionError("two have it")
        assert told == ["the first"]
        # A release is another thing to hold.
        with others.driver.state.lease(others.holder(Purpose.RELEASE, "api")):
            assert sorted(holder.release for holder in context.driver.state.holders()) == ["", "api"]
    assert not context.driver.state.holders()
    with others.driver.state.lease(others.holder(Purpose.SCALING)) as next_lease:
        assert next_lease.token > lease.token
        with pytest.raises(Busy, match="lost"), context.driver.state.transaction(lease):
            raise AssertionError("a former holder writes")


def transactions(place: Place) -> None:
    """The state is written as a whole at the end of a transaction, and not at all where that does not end well."""
    context = place.context()
    store = context.driver.state
    before = store.read()
    scaled = Scaled("api", 3, None, 2, None)
    with store.lease(context.holder(Purpose.SCALING)) as lease:
        with pytest.raises(RuntimeError, match="in the middle"), store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_scaled((scaled,))
            raise RuntimeError("in the middle")
        assert store.read() == before
        with store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_scaled((scaled,))
            assert place.driver().state.read() == before
    assert place.driver().state.read() == before.with_scaled((scaled,))


def demands(place: Place) -> None:
    """What is demanded of a release is there until something else is."""
    store = place.driver().state
    assert store.demanded("api") == ""
    for demand in ("pause", "abort", ""):
        store.demand("api", demand)
        assert place.driver().state.demanded("api") == demand


def files(place: Place) -> None:
    """A file of the mesh is replaced as a whole."""
    config = place.driver().config
    assert config.read_one("shared/nothing.json") == ""
    config.publish("shared/some.json", '{"version_info": "1"}\n')
    assert config.read_one("shared/some.json") == '{"version_info": "1"}\n'
    assert config.versions()["shared/some.json"] == "1"
    config.publish("shared/some.json", '{"version_info": "2"}\n')
    assert (config.read()["shared/some.json"], config.versions()["shared/some.json"]) == ('{"version_info": "2"}\n', "2")


SMALL = (leases, transactions, demands, files)
