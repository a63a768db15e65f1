"""What tests of releases have in common: to ask for one, and what has to hold of its users."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Scope
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import ApplicationState, Release
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.deploy import deploy
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.release import (
    Action,
    ReleaseRequest,
    ReleaseResult,
    release,
)
from memory.shop import Shop, made_once, rollout

OLD, NEW = "api:1 1", "api:2 2"
PATIENCE = 20.0


@made_once
def up() -> Shop:
    """Return a shop that is deployed and has users."""
    shop = Shop()
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    shop.world.users = True
    shop.world.clock.sleep(5.0)
    return shop


def ask(
    context: Context,
    action: Action = Action.ROLL_OUT,
    asked: Rollout | None = None,
    weights: tuple[float, ...] = (),
    back: bool = False,
    dry: bool = False,
    named: str = "api",
) -> ReleaseResult:
    """Ask for an action on the release of ``api``."""
    wanted = (asked or rollout()) if action == Action.ROLL_OUT else None
    return release(context, ReleaseRequest(action, wanted, named, weights, PATIENCE, back), dry)


def asking(action: Action, **more: object) -> Callable[[Context], ReleaseResult]:
    """Return the workflow of one action."""
    return lambda context: ask(context, action, **more)  # type: ignore[arg-type]


def state(shop: Shop) -> ApplicationState:
    """Return what is stored."""
    return shop.world.state or ApplicationState()


def stored(shop: Shop) -> Release:
    """Return the release of ``api`` as it is stored."""
    found = state(shop).release("api")
    assert found
    return found


def shares(shop: Shop, own: str) -> list[float]:
    """Return what share of the users of ``api`` a version has had, change after change."""
    return [move.get(own, 0.0) for move in shop.world.moves["api"]]


def only_forward(shop: Shop, own: str = NEW) -> bool:
    """Whether no user that was given a version was ever taken from it."""
    had = shares(shop, own)
    return had == sorted(had)


def settled_on(shop: Shop, own: str) -> bool:
    """Whether all users have a version, and no instance of another runs."""
    shop.world.clock.sleep(1.0)
    running = {instance.shape.own for instance in shop.world.instances.values() if instance.shape.component == "api"}
    return shop.world.having("api") == {own: 1.0} and running == {own}
