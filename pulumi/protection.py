"""Checks that the data of every stateful component is in protected storage."""

from __future__ import annotations

import pulumi
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.storage import volume_owners

STORAGE = (
    "docker:index/volume:Volume",
    "kubernetes:core/v1:Namespace",  # its claims are deleted with it
    "kubernetes:core/v1:PersistentVolumeClaim",
)


class UnprotectedError(ValueError):
    """Data would be deleted with the stack, or with a container."""


def check_model(application: Application) -> None:
    """Raise ``UnprotectedError`` if a stateful component has no volume for its data."""
    owners = {owner.name for owner in volume_owners(application).values()}
    stateful = [component.name for component in application.components if component.kind == Kind.STATEFUL]
    unprotected = [name for name in stateful if name not in owners]
    if unprotected:
        problem = "found a stateful component without storage; allowed: a named volume, or x-mesh.kind: stateless"
        raise UnprotectedError("\n".join(f"services.{name}: {problem}" for name in unprotected))


def refuse_unprotected() -> None:
    """Refuse storage that is not protected and retained, whoever registers it."""
    pulumi.runtime.register_stack_transformation(_check)


def _check(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_ in STORAGE and not (args.opts.protect and args.opts.retain_on_delete):
        raise UnprotectedError(f"{args.name}: found storage that is not protected; allowed: protect and retain_on_delete")
