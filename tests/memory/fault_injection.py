"""Faults injected into a process at one of its driver calls, and comparison of the result with an undisturbed run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import DriverError, TargetUnavailable
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import EXPECTED
from memory.driver import Call, Calls, Killed
from memory.shop import Shop
from memory.world import World

Workflow = Callable[[Context], Any]


def kill_at(number: int) -> Calls:
    """Return the calls of a process that is killed before its change ``number``."""
    remaining = number

    def on_call(call: Call) -> None:
        nonlocal remaining
        if call.changes:
            if remaining == 0:
                raise Killed
            remaining -= 1

    return Calls(on_call)


def fail_at(number: int) -> Calls:
    """Return the calls of a process of which the target refuses number ``number``, once."""

    def on_call(call: Call) -> None:
        if call.number == number:
            raise DriverError(f"refused: {call.name}")

    return Calls(on_call)


def unavailable_at(number: int, world: World, seconds: float, everything: bool = False) -> Calls:
    """Return the calls of a process whose engine is unavailable for ``seconds`` from call ``number`` on.

    With ``everything``, the state and the mesh's files are unavailable too.
    """
    since: list[float] = []

    def on_call(call: Call) -> None:
        if call.number == number:
            since.append(world.now)
        if (call.engine or everything) and since and world.now - since[0] < seconds:
            raise TargetUnavailable("the engine does not answer")

    return Calls(on_call)


def act_at(number: int, act: Callable[[], object]) -> Calls:
    """Return the calls of a process; ``act`` runs at call ``number``."""

    def on_call(call: Call) -> None:
        if call.number == number:
            act()

    return Calls(on_call)


def kill_at_every_change(make: Callable[[], Shop], workflow: Workflow) -> Iterator[tuple[int, Shop]]:
    """Yield the shop after a kill of ``workflow`` before each of its changes; each kill gets a new shop."""
    number = 0
    while True:
        shop = make()
        try:
            workflow(shop.context(kill_at(number)))
        except Killed:
            assert not shop.world.leases
            yield number, shop
            number += 1
            continue
        assert number, "the workflow changes nothing"
        return


def fault_at_every_call(
    make: Callable[[], Shop], workflow: Workflow, make_calls: Callable[[int, World], Calls]
) -> Iterator[tuple[str, Shop, Any]]:
    """Yield the result or the expected error of ``workflow`` with a fault at each of its calls."""
    number = 0
    while True:
        shop = make()
        calls = make_calls(number, shop.world)
        try:
            result = workflow(shop.context(calls))
        except EXPECTED as error:
            result = error
        if number >= len(calls.log):
            return
        yield f"{number}: {calls.log[number].name}", shop, result
        number += 1


def snapshot(world: World) -> dict[str, Any]:
    """Return the comparable part of a world: how many instances of each shape run and serve, whatever their ordinals."""
    serving = {address for addresses in served_addresses(world.files).values() for address in addresses}
    instances = Counter(
        (
            instance.component,
            instance.version,
            running.shape,
            running.memory,
            running.address in serving,
            running.healthy(world.now),
        )
        for instance, running in world.instances.items()
    )
    return {
        "instances": instances,
        "files": sorted(path for path in world.files),
        "volumes": dict(world.volumes),
        "secrets": dict(world.secrets),
        "networks": set(world.networks),
        "state": comparable_state(world.state or ApplicationState()),
    }


def comparable_state(state: ApplicationState) -> dict[str, Any]:
    """Return the part of a state that does not depend on time."""
    return {
        "promoted": sorted(state.promoted, key=lambda promotion: promotion.component),
        "scaled": sorted(state.scaled, key=lambda scaling: scaling.component),
        "specification": state.specification,
        "releases": [(release.name, release.phase, release.weight, release.standing) for release in state.releases],
    }


def snapshot_without_ids(world: World, *excluded: str) -> dict[str, Any]:
    """Return the snapshot without the ids of volumes and secrets."""
    state = snapshot(world)
    return {**state, "volumes": set(state["volumes"]), "secrets": set(state["secrets"])} | {key: None for key in excluded}
