"""The driver in memory fulfils the contract of drivers, which the tests of workflows rely on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from contract.scenarios import SCENARIOS, run_lifecycle
from contract.target import ContractTarget
from memory.driver import as_driver
from memory.shop import PLATFORM
from memory.world import World

pytestmark = pytest.mark.usefixtures("simulated")


def target() -> ContractTarget:
    world, images = World(), ("server:1", "server:2", "server:3")
    world.images |= set(images)
    platform = {f"platform/{name}": f"{name}:1" for name in PLATFORM}
    return ContractTarget(lambda: as_driver(world), platform, images, world.clock.now, world.clock.sleep)


def test_the_lifecycle_of_an_application() -> None:
    run_lifecycle(target())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_part_of_the_contract(scenario: Callable[[ContractTarget], None]) -> None:
    scenario(target())
