"""What the services of a whole project must not be together, as compose-go's loader and Compose itself check it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .faults import Faults, Place, circle, shown

Named = Mapping[str, Any]
_REFERENCES = (("networks", "network"), ("models", "model"))
_LIMITS = (
    ("cpus", "limits", "cpus"),
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("pids_limit", "limits", "pids"),
)


def check_consistency(project: Named, disabled: Collection[str], faults: Faults) -> None:
    """Record the faults of a project in its canonical form; ``disabled`` are the services whose profiles are not active."""
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
            faults.add(("secrets", name), "a secret without a content", "file or environment, or external: true")
    _check_circles(services, faults)


def _check_source(service: Named, services: Named, place: Place, faults: Faults) -> None:
    if not {"build", "image", "provider"} & service.keys():
        faults.add(place, "neither an image nor a build", "image: that is not empty, or build:")
    build = service.get("build") or {}
    if {"dockerfile", "dockerfile_inline"} <= build.keys():
        faults.add((*place, "build"), "both dockerfile and dockerfile_inline", "one of them")
    for name, context in (build.get("additional_contexts") or {}).items():
        other = str(context).removeprefix("service:")
        if other != context and "build" not in (services.get(other) or {}):
            allowed = "a service that is built: " + (", ".join(each for each in services if "build" in services[each]) or "none")
            faults.add((*place, "build", "additional_contexts", name), shown(other), allowed)
    if build.get("platforms") and service.get("platform") and service["platform"] not in build["platforms"]:
        faults.add((*place, "platform"), shown(service["platform"]), f"one of build.platforms: {', '.join(build['platforms'])}")
    if service.get("network_mode") and service.get("networks"):
        faults.add((*place, "network_mode"), "both network_mode and networks", "one of them")


def _check_dependencies(service: Named, services: Named, disabled: Collection[str], place: Place, faults: Faults) -> None:
    allowed = f"a service of this project: {', '.join(sorted(services))}"
    for name, dependency in (service.get("depends_on") or {}).items():
        if name in services or (name in disabled and not dependency["required"]):
            continue
        found = f"{shown(name)}, whose profile is not active" if name in disabled else shown(name)
        faults.add((*place, "depends_on", name), found, allowed)


def _check_references(service: Named, project: Named, place: Place, faults: Faults) -> None:
    for reference, kind, where in references(service):
        key = f"{kind}s"
        known = project.get(key) or {}
        if reference not in known:
            names = ", ".join(sorted(known)) or "there is none yet"
            faults.add((*place, *where), shown(reference), f"a {kind} that stands below {key}: at the top of the file ({names})")


def references(service: Named) -> Iterator[tuple[str, str, Place]]:
    """Yield the name, the kind and the place of what a service refers to at the top of the file."""
    for key, kind in _REFERENCES:
        for name in service.get(key) or ():
            yield name, kind, (key, name)
    for index, mount in enumerate(service.get("volumes") or ()):
        if mount.get("type") == "volume" and "source" in mount:
            yield mount["source"], "volume", ("volumes", index)
    for parent, holder in (((), service), (("build",), service.get("build") or {})):
        for key in ("configs", "secrets"):
            for index, reference in enumerate(holder.get(key) or ()):
                yield reference.get("source", ""), key.removesuffix("s"), (*parent, key, index)


def _check_scale(service: Named, place: Place, faults: Faults) -> None:
    scale, replicas = service.get("scale"), (service.get("deploy") or {}).get("replicas")
    if scale is not None and replicas is not None and scale != replicas:
        faults.add((*place, "scale"), f"{scale}, and {replicas} in deploy.replicas", "one number, in one of them")
    for key, value in ((("scale",), scale), (("deploy", "replicas"), replicas)):
        if value is not None and value < 0:
            faults.add((*place, *key), str(value), "a whole number from 0")
    count = replicas if scale is None else scale
    if count is not None and count > 1 and service.get("container_name"):
        faults.add((*place, "container_name"), f"a name for {count} containers", "no name, or one replica")


def _check_limits(service: Named, place: Place, faults: Faults) -> None:
    resources = (service.get("deploy") or {}).get("resources") or {}
    for key, part, other in _LIMITS:
        if key in service and part in resources and resources[part].get(other) != service[key]:
            found = f"{service[key]}, and {resources[part].get(other, 'nothing')} in deploy.resources.{part}.{other}"
            faults.add((*place, key), found, "one value, in one of them")


def _check_targets(service: Named, place: Place, faults: Faults) -> None:
    mounts: list[tuple[Place, str]] = [
        ((*place, "tmpfs", index), mount.partition(":")[0]) for index, mount in enumerate(service.get("tmpfs") or ())
    ]
    mounts += [((*place, "volumes", index), mount.get("target", "")) for index, mount in enumerate(service.get("volumes") or ())]
    taken: dict[str, Place] = {}
    for where, target in mounts:
        if taken.setdefault(target, where) != where:
            other = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in taken[target][2:])[1:]
            faults.add(where, f"{shown(target)}, where {other} is mounted", "a target once")


def _check_commands(service: Named, place: Place, faults: Faults) -> None:
    test = (service.get("healthcheck") or {}).get("test")
    if test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        faults.add((*place, "healthcheck", "test"), shown(test[0]), "a list that begins with CMD, CMD-SHELL or NONE, or text")
    for index, watch in enumerate((service.get("develop") or {}).get("watch") or ()):
        if not watch.get("target") and watch["action"] not in ("rebuild", "restart"):
            found = f"{watch['action']} without a target"
            faults.add((*place, "develop", "watch", index), found, "target: a path in the container")


def _check_container_names(services: Named, faults: Faults) -> None:
    taken: dict[str, str] = {}
    for name, service in services.items():
        container = service.get("container_name")
        if container and taken.setdefault(container, name) != name:
            faults.add(("services", name, "container_name"), f"{shown(container)}, which {taken[container]} has", "a name once")


def _check_circles(services: Named, faults: Faults) -> None:
    dependencies = {name: service.get("depends_on") or () for name, service in services.items()}
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        names = error.args[1]
        place = ("services", names[1], "depends_on", names[0])
        faults.add(place, circle(reversed(names)), "services that can start one after another")
