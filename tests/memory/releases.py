"""Helpers for tests of releases: requests, and assertions about users."""

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
from memory.shop import Shop, copied, rollout

OLD, NEW = "api:1 1", "api:2 2"
PATIENCE = 20.0


@copied
def running_shop() -> Shop:
    """Return a deployed shop with users."""
    shop = Shop()
    assert not deploy(shop.context(), Scope(), PATIENCE, False).failure
    shop.world.users = True
    shop.world.clock.sleep(5.0)
    return shop


def ask(
    context: Context,
    action: Action = Action.ROLL_OUT,
    requested: Rollout | None = None,
    weights: tuple[float, ...] = (),
    back: bool = False,
    dry: bool = False,
    named: str = "api",
) -> ReleaseResult:
    """Request an action on the release of ``api``."""
    requested_rollout = (requested or rollout()) if action == Action.ROLL_OUT else None
    return release(context, ReleaseRequest(action, requested_rollout, named, weights, PATIENCE, back), dry)


def release_workflow(action: Action, **more: object) -> Callable[[Context], ReleaseResult]:
    """Return a workflow that requests ``action``."""
    return lambda context: ask(context, action, **more)  # type: ignore[arg-type]


def state(shop: Shop) -> ApplicationState:
    """Return the stored state."""
    return shop.world.state or ApplicationState()


def stored_release(shop: Shop) -> Release:
    """Return the stored release of ``api``."""
    release = state(shop).release("api")
    assert release
    return release


def shares(shop: Shop, label: str) -> list[float]:
    """Return the shares of ``api``'s users that a version has had, in order."""
    return [move.get(label, 0.0) for move in shop.world.share_history["api"]]


def never_moved_back(shop: Shop, label: str = NEW) -> bool:
    """Whether the version's share of users never fell."""
    history = shares(shop, label)
    return history == sorted(history)


def settled_on(shop: Shop, label: str) -> bool:
    """Whether all users have a version and only its instances run."""
    shop.world.clock.sleep(1.0)
    running = {instance.shape.label for instance in shop.world.instances.values() if instance.shape.component == "api"}
    return shop.world.user_shares("api") == {label: 1.0} and running == {label}
