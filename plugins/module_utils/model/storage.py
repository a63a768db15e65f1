"""Which component a volume belongs to."""

from __future__ import annotations

from .application import Application, Component, Kind


def volume_owners(application: Application) -> dict[str, Component]:
    """Return the owner of each volume by the volume's name in the model; of several that mount it, a stateful one."""
    owners: dict[str, Component] = {}
    for component in sorted(application.components, key=lambda component: component.kind == Kind.STATEFUL):
        for mount in component.mounts:
            if mount.kind == "volume":
                owners[mount.source] = component
    return owners
