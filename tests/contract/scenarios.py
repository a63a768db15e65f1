"""The contract of drivers: the lifecycle of an application in steps, with conditions after each step and during it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Purpose, Scope, TeardownScope
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import ComponentVersion, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState, ScaledComponent
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import Action, ReleaseRequest, release
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.scale import Size, scale
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.teardown import tear_down
from contract.target import ContractTarget

NOTHING: Mapping[str, int] = {}
UP = {"api": 2, "web": 1, "store": 1}


@dataclass(frozen=True)
class Step:
    """A step: an ``action``, and the conditions that must hold.

    ``serving`` is the number of serving instances of each version afterwards, ``images`` the number of the target's image that
    each version runs, ``min_serving`` the instances that serve at every moment, ``operations`` whether there is anything to do.
    Every address that callers have is served at every moment, except for versions that are ``closed`` in the step.
    """

    name: str
    action: Callable[[ContractTarget, bool], Any]
    serving: Mapping[str, int]
    images: Mapping[str, int] = field(default_factory=dict)
    min_serving: Mapping[str, int] = field(default_factory=dict)
    operations: bool = True
    closed: tuple[str, ...] = ()


def _deploy(number: int) -> Callable[[ContractTarget, bool], Any]:
    def run(target: ContractTarget, dry: bool) -> Any:
        target.current = target.specification(target.images[number])
        return deploy(target.context(), Scope(), target.patience, dry)

    return run


def _scale(replicas: int) -> Callable[[ContractTarget, bool], Any]:
    return lambda target, dry: scale(target.context(), (Size("api", replicas),), target.patience, dry)


def _release(action: Action, number: int = 0) -> Callable[[ContractTarget, bool], Any]:
    """Return an action on a release that gives users no candidate before the promotion: nobody sends requests."""

    def run(target: ContractTarget, dry: bool) -> Any:
        rollout = Rollout("api", (ComponentVersion("api", target.images[number]),), (0.0,))
        request = ReleaseRequest(action, rollout if action == Action.ROLL_OUT else None, "api", timeout=target.patience)
        return release(target.context(), request, dry)

    return run


def _tear_down(scope: TeardownScope) -> Callable[[ContractTarget, bool], Any]:
    return lambda target, dry: tear_down(target.context(), scope, dry)


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
    Step("teardown", _tear_down(TeardownScope()), NOTHING),
    Step("teardown again", _tear_down(TeardownScope()), NOTHING, operations=False),
    Step("deployment on what was kept", _deploy(1), UP, {"api": 2, "web": 1, "store": 0}),
    Step("teardown with all data", _tear_down(TeardownScope(data=True)), NOTHING),
    Step("teardown of nothing", _tear_down(TeardownScope(data=True)), NOTHING, operations=False),
    Step("deployment from nothing again", _deploy(1), UP, {"api": 1}),
)


def run_lifecycle(target: ContractTarget) -> None:
    """Run and check all steps."""
    original_storage = ""
    for step in STEPS:
        check(target, step)
        storage = target.driver().workloads.storage_identity(["data"])
        if step.name == "deployment from nothing":
            original_storage = storage
            assert original_storage
        elif "all data" in step.name or step.name == "teardown of nothing":
            assert not storage, step.name
            assert target.driver().state.read() == ApplicationState(), step.name
        elif step.name == "deployment from nothing again":
            assert storage and storage != original_storage, step.name
        else:
            assert storage == original_storage, step.name


def check(target: ContractTarget, step: Step) -> None:
    """Run one step, after its check mode, and assert its conditions."""
    before = target.serving(), target.running(), target.driver().state.read()
    target.samples.clear()
    dry = step.action(target, True)
    assert not target.samples, f"{step.name}: check mode changes something"
    assert (target.serving(), target.running(), target.driver().state.read()) == before, step.name
    result = step.action(target, False)
    assert not result.failure, f"{step.name}: {result.failure}"
    changed = [outcome.changed if hasattr(outcome, "changed") else bool(outcome.plan) for outcome in (dry, result)]
    assert changed == [step.operations, step.operations], f"{step.name}: {changed}"
    assert bool(target.samples) == step.operations, step.name
    assert target.serving() == step.serving, step.name
    running = target.running()
    for version, number in step.images.items():
        assert running[version] == {target.images[number]}, f"{step.name}: {version}"
    assert not target.driver().state.holders(), step.name
    for sample in target.samples:
        message = f"{step.name}: after {sample.after}: {sample}"
        assert all(sample.serving.get(version, 0) >= minimum for version, minimum in step.min_serving.items()), message
        # Served addresses may fail only while a store is replaced in place, or everything is torn down.
        for version in set(before[0]) & set(step.serving) - {"store", *step.closed}:
            assert sample.misdirected.get(version, 0) <= 0, message
        if step.name == "promotion":
            assert sample.serving.get("api", 0) or sample.serving.get("api-candidate", 0), message


def leases(target: ContractTarget) -> None:
    """A lease has one holder at a time, whom others can read, and is released."""
    context, others = target.context("the first"), target.context("another")
    with context.driver.state.lease(context.holder(Purpose.DEPLOYMENT)) as lease:
        (holder,) = others.driver.state.holders()
        assert (holder.purpose, holder.by, holder.release) == (Purpose.DEPLOYMENT, "the first", "")
        announced: list[str] = []
        with (
            pytest.raises(Busy, match="the first"),
            others.driver.state.lease(others.holder(Purpose.SCALING), 0.5, lambda holder: announced.append(holder.by)),
        ):
            raise AssertionError("two processes hold the lease")
        assert announced == ["the first"]
        # A release has its own lease.
        with others.driver.state.lease(others.holder(Purpose.RELEASE, "api")):
            assert sorted(holder.release for holder in context.driver.state.holders()) == ["", "api"]
    assert not context.driver.state.holders()
    with others.driver.state.lease(others.holder(Purpose.SCALING)) as next_lease:
        assert next_lease.token > lease.token
        with pytest.raises(Busy, match="lost"), context.driver.state.transaction(lease):
            raise AssertionError("a former holder writes")


def transactions(target: ContractTarget) -> None:
    """The state is written as a whole at the end of a transaction, and not at all if the transaction fails."""
    context = target.context()
    store = context.driver.state
    before = store.read()
    scaled = ScaledComponent("api", 3, None, 2, None)
    with store.lease(context.holder(Purpose.SCALING)) as lease:
        with pytest.raises(RuntimeError, match="in the middle"), store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_scaled((scaled,))
            raise RuntimeError("in the middle")
        assert store.read() == before
        with store.transaction(lease) as transaction:
            transaction.state = transaction.state.with_scaled((scaled,))
            assert target.driver().state.read() == before
    assert target.driver().state.read() == before.with_scaled((scaled,))


def demands(target: ContractTarget) -> None:
    """A demand on a release stays until the next one."""
    store = target.driver().state
    assert store.get_demand("api") == ""
    for demand in ("pause", "abort", ""):
        store.set_demand("api", demand)
        assert target.driver().state.get_demand("api") == demand


def files(target: ContractTarget) -> None:
    """A file of the mesh is replaced as a whole."""
    config = target.driver().config
    assert config.read_one("shared/nothing.json") == ""
    config.publish("shared/some.json", '{"version_info": "1"}\n')
    assert config.read_one("shared/some.json") == '{"version_info": "1"}\n'
    assert config.versions()["shared/some.json"] == "1"
    config.publish("shared/some.json", '{"version_info": "2"}\n')
    assert (config.read()["shared/some.json"], config.versions()["shared/some.json"]) == ('{"version_info": "2"}\n', "2")


SCENARIOS = (leases, transactions, demands, files)
