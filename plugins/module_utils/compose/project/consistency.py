"""Consistency checks across the services of a project: those of compose-go's loader and of Compose itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .faults import Faults, Place, describe, format_cycle, format_place

Named = Mapping[str, Any]
_REFERENCES = (("networks", "network"), ("models", "model"))
_LIMITS = (
    ("cpus", "limits", "cpus"),
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("pids_limit", "limits", "pids"),
)


def check_consistency(project: Named, disabled: Collection[str], faults: Faults) -> None:
    """Record the inconsistencies of a canonical project; ``disabled`` are the services without an active profile."""
    services = project.get("services") or {}
    for name, service in services.items():
        place: Place = ("services", name)
        _check_source(service, services, place, faults)
        _check_dependencies(service, services, disabled, place, faults)
        _check_references(service, project, place, faults)
        _check_scale(service, place, faults)
        _check_limits(service, place, faults)
        _check_targets(service, place, faults)
        _check_commands(service, place, faults)
    _check_container_names(services, faults)
    for name, secret in (project.get("secrets") or {}).items():
        if not {"external", "file", "environment"} & secret.keys():
            faults.add(("secrets", name), "a secret without a source", "file or environment, or external: true")
    _check_cycles(services, faults)


def _check_source(service: Named, services: Named, place: Place, faults: Faults) -> None:
    if not {"build", "image", "provider"} & service.keys():
        faults.add(place, "neither an image nor a build", "a non-empty image:, or build:")
    build = service.get("build") or {}
    if {"dockerfile", "dockerfile_inline"} <= build.keys():
        faults.add((*place, "build"), "both dockerfile and dockerfile_inline", "only one of them")
    for name, context in (build.get("additional_contexts") or {}).items():
        target = str(context).removeprefix("service:")
        if target != context and "build" not in (services.get(target) or {}):
            allowed = "a service with build: " + (", ".join(key for key, value in services.items() if "build" in value) or "none")
            faults.add((*place, "build", "additional_contexts", name), describe(target), allowed)
    if build.get("platforms") and service.get("platform") and service["platform"] not in build["platforms"]:
        faults.add(
            (*place, "platform"), describe(service["platform"]), f"one of build.platforms: {', '.join(build['platforms'])}"
        )
    if service.get("network_mode") and service.get("networks"):
        faults.add((*place, "network_mode"), "both network_mode and networks", "only one of them")


def _check_dependencies(service: Named, services: Named, disabled: Collection[str], place: Place, faults: Faults) -> None:
    allowed = f"a service of this project: {', '.join(sorted(services))}"
    for name, dependency in (service.get("depends_on") or {}).items():
        if name in services or (name in disabled and not dependency["required"]):
            continue
        found = f"{describe(name)}, whose profile is inactive" if name in disabled else describe(name)
        faults.add((*place, "depends_on", name), found, allowed)


def _check_references(service: Named, project: Named, place: Place, faults: Faults) -> None:
    for reference, kind, path in references(service):
        key = f"{kind}s"
        resources = project.get(key) or {}
        if reference not in resources:
            names = ", ".join(sorted(resources)) or "none is declared"
            faults.add((*place, *path), describe(reference), f"a {kind} declared under the top-level key {key} ({names})")


def references(service: Named) -> Iterator[tuple[str, str, Place]]:
    """Yield the name, kind and place of each top-level resource that a service refers to."""
    for key, kind in _REFERENCES:
        for name in service.get(key) or ():
            yield name, kind, (key, name)
    for index, mount in enumerate(service.get("volumes") or ()):
        if mount.get("type") == "volume" and "source" in mount:
            yield mount["source"], "volume", ("volumes", index)
    for path, parent in (((), service), (("build",), service.get("build") or {})):
        for key in ("configs", "secrets"):
            for index, reference in enumerate(parent.get(key) or ()):
                yield reference.get("source", ""), key.removesuffix("s"), (*path, key, index)


def _check_scale(service: Named, place: Place, faults: Faults) -> None:
    scale, replicas = service.get("scale"), (service.get("deploy") or {}).get("replicas")
    if scale is not None and replicas is not None and scale != replicas:
        faults.add((*place, "scale"), f"{scale}, and {replicas} in deploy.replicas", "equal values, or only one of them")
    for key, value in ((("scale",), scale), (("deploy", "replicas"), replicas)):
        if value is not None and value < 0:
            faults.add((*place, *key), str(value), "a non-negative integer")
    count = replicas if scale is None else scale
    if count is not None and count > 1 and service.get("container_name"):
        faults.add((*place, "container_name"), f"a name for {count} containers", "no name, or one replica")


def _check_limits(service: Named, place: Place, faults: Faults) -> None:
    resources = (service.get("deploy") or {}).get("resources") or {}
    for key, section, limit in _LIMITS:
        if key in service and section in resources and resources[section].get(limit) != service[key]:
            found = f"{service[key]}, and {resources[section].get(limit, 'nothing')} in deploy.resources.{section}.{limit}"
            faults.add((*place, key), found, "equal values, or only one of them")


def _check_targets(service: Named, place: Place, faults: Faults) -> None:
    mounts: list[tuple[Place, str]] = [
        ((*place, "tmpfs", index), mount.partition(":")[0]) for index, mount in enumerate(service.get("tmpfs") or ())
    ]
    mounts += [((*place, "volumes", index), mount.get("target", "")) for index, mount in enumerate(service.get("volumes") or ())]
    used: dict[str, Place] = {}
    for mount_place, target in mounts:
        if used.setdefault(target, mount_place) != mount_place:
            first = format_place(used[target][2:])
            faults.add(mount_place, f"{describe(target)}, already the target of {first}", "each target once")


def _check_commands(service: Named, place: Place, faults: Faults) -> None:
    test = (service.get("healthcheck") or {}).get("test")
    if test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        faults.add(
            (*place, "healthcheck", "test"), describe(test[0]), "a list that begins with CMD, CMD-SHELL or NONE, or a string"
        )
    for index, watch in enumerate((service.get("develop") or {}).get("watch") or ()):
        if not watch.get("target") and watch["action"] not in ("rebuild", "restart"):
            found = f"{watch['action']} without a target"
            faults.add((*place, "develop", "watch", index), found, "target: a path in the container")


def _check_container_names(services: Named, faults: Faults) -> None:
    owners: dict[str, str] = {}
    for name, service in services.items():
        container = service.get("container_name")
        if container and owners.setdefault(container, name) != name:
            faults.add(
                ("services", name, "container_name"),
                f"{describe(container)}, already the name of {owners[container]}",
                "each name once",
            )


def _check_cycles(services: Named, faults: Faults) -> None:
    dependencies = {name: service.get("depends_on") or () for name, service in services.items()}
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        names = error.args[1]
        place = ("services", names[1], "depends_on", names[0])
        faults.add(place, format_cycle(reversed(names)), "dependencies without a cycle")
