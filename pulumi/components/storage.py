"""Resource options of storage."""

from __future__ import annotations

import pulumi


def storage_options(parent: pulumi.Resource, protect: bool, **options: object) -> pulumi.ResourceOptions:
    """Return the options of a child of ``parent`` that stores data."""
    return pulumi.ResourceOptions(parent=parent, protect=protect, retain_on_delete=protect, **options)  # type: ignore[arg-type]
