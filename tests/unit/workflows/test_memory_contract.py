"""The contract of drivers, kept by the one in memory: what it tells of workflows is worth as much as that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from contract.places import Place
from contract.scenarios import SMALL, course
from memory.driver import as_driver
from memory.shop import PLATFORM
from memory.world import World

pytestmark = pytest.mark.usefixtures("simulated")


def place() -> Place:
    world, images = World(), ("server:1", "server:2", "server:3")
    world.images |= set(images)
    platform = {f"platform/{name}": f"{name}:1" for name in PLATFORM}
    return Place(lambda: as_driver(world), platform, images, world.clock.now, world.clock.sleep)


def test_the_course_of_an_application() -> None:
    course(place())


@pytest.mark.parametrize("scenario", SMALL)
def test_a_part_of_the_contract(scenario: Callable[[Place], None]) -> None:
    scenario(place())
