"""A stack in which a stateful component has no protected storage is not made."""

from __future__ import annotations

import pulumi
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.storage import volume_owners

STORAGE = (
    "docker:index/volume:Volume",
    "kubernetes:core/v1:Namespace",  # claims go with it
    "kubernetes:core/v1:PersistentVolumeClaim",
)


class UnprotectedError(ValueError):
    """Data would be lost with the stack, or with a container."""


def check_model(application: Application) -> None:
    """Raise ``UnprotectedError`` where a stateful component has no volume to keep its data in."""
    kept = {owner.name for owner in volume_owners(application).values()}
    bare = [each.name for each in application.components if each.kind == Kind.STATEFUL and each.name not in kept]
    if bare:
        told = "found a stateful component without storage; allowed: a named volume, or x-mesh.kind: stateless"
        raise UnprotectedError("\n".join(f"services.{name}: {told}" for name in bare))


def refuse_unprotected() -> None:
    """Let no storage into the stack that is not protected and kept, whoever registers it."""
    pulumi.runtime.register_stack_transformation(_checked)


def _checked(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_ in STORAGE and not (args.opts.protect and args.opts.retain_on_delete):
        raise UnprotectedError(f"{args.name}: found storage that is not protected; allowed: protect and retain_on_delete")
