"""What tests have happen to a process at one of its calls, and how what is left compares with an undisturbed run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import DriverError, TargetUnavailable
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import EXPECTED
from memory.driver import Killed, Point, Points
from memory.shop import Shop
from memory.world import World

Workflow = Callable[[Context], Any]


def killed_at(number: int) -> Points:
    """Return the points of a process that is killed before its change ``number``."""
    left = number

    def at(point: Point) -> None:
        nonlocal left
        if point.changes:
            if left == 0:
                raise Killed
            left -= 1

    return Points(at)


def failing_at(number: int) -> Points:
    """Return the points of a process whose call ``number`` the target refuses, once."""

    def at(point: Point) -> None:
        if point.number == number:
            raise DriverError(f"refused: {point.name}")

    return Points(at)


def unavailable_at(number: int, world: World, seconds: float, everything: bool = False) -> Points:
    """Return the points of a process for which there is no engine for so many ``seconds`` from its call ``number`` on.

    ``everything`` is gone where the state and the mesh's files are no nearer than the engine.
    """
    since: list[float] = []

    def at(point: Point) -> None:
        if point.number == number:
            since.append(world.now)
        if (point.engine or everything) and since and world.now - since[0] < seconds:
            raise TargetUnavailable("the engine does not answer")

    return Points(at)


def doing_at(number: int, act: Callable[[], object]) -> Points:
    """Return the points of a process beside which ``act`` is done at its call ``number``."""

    def at(point: Point) -> None:
        if point.number == number:
            act()

    return Points(at)


def kills(make: Callable[[], Shop], workflow: Workflow) -> Iterator[tuple[int, Shop]]:
    """Yield what is left when ``workflow`` is killed before each of its changes, in a shop of its own each time."""
    number = 0
    while True:
        shop = make()
        try:
            workflow(shop.context(killed_at(number)))
        except Killed:
            assert not shop.world.leases
            yield number, shop
            number += 1
            continue
        assert number, "nothing is changed at all"
        return


def faults(
    make: Callable[[], Shop], workflow: Workflow, points: Callable[[int, World], Points]
) -> Iterator[tuple[str, Shop, Any]]:
    """Yield what came of ``workflow``, a result or what it raised on purpose, with a fault at each of its calls."""
    number = 0
    while True:
        shop = make()
        found = points(number, shop.world)
        try:
            result = workflow(shop.context(found))
        except EXPECTED as error:
            result = error
        if number >= len(found.seen):
            return
        yield f"{number}: {found.seen[number].name}", shop, result
        number += 1


def left(world: World) -> dict[str, Any]:
    """Return what can be compared of two worlds: how often each shape runs and serves, but not in which place."""
    serving = {address for found in served_addresses(world.files).values() for address in found}
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
        "state": stored(world.state or ApplicationState()),
    }


def stored(state: ApplicationState) -> dict[str, Any]:
    """Return what of a state does not depend on when it came about."""
    return {
        "promoted": sorted(state.promoted, key=lambda promotion: promotion.component),
        "scaled": sorted(state.scaled, key=lambda scaling: scaling.component),
        "specification": state.specification,
        "releases": [(release.name, release.phase, release.weight, release.standing) for release in state.releases],
    }


def outcome(world: World, *without: str) -> dict[str, Any]:
    """Return what is ``left`` but for the numbers that volumes and secrets were made with."""
    found = left(world)
    return {**found, "volumes": set(found["volumes"]), "secrets": set(found["secrets"])} | {key: None for key in without}
