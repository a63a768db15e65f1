"""How storage is kept."""

from __future__ import annotations

import pulumi


def kept(parent: pulumi.Resource, protect: bool, **options: object) -> pulumi.ResourceOptions:
    """Return the options of a child of ``parent`` that holds data."""
    return pulumi.ResourceOptions(parent=parent, protect=protect, retain_on_delete=protect, **options)  # type: ignore[arg-type]
