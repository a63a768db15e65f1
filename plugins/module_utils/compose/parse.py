"""Parses the content of a Compose file into an ``Application``, and checks references across services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from ..model.application import Application, Component, ImageSource, Secret, Volume
from ..model.errors import ModelError, Problem
from .interpolate import interpolate
from .mesh import check_mesh
from .node import Node
from .release import read_rollout
from .service import NAME, read_service, upstream_service
from .units import BYTES, parse_bytes

KEYS = ("name", "version", "services", "volumes", "secrets", "x-mesh")
REFUSED = {
    "networks": "no networks: depends_on states which components may be called",
    "configs": "volumes with a bind mount, in place of configs",
    "include": "a single file with the whole application",
}
REFUSED_OF_VOLUMES = {
    "driver": "no driver: volumes use the engine's own storage",
    "driver_opts": "no driver_opts: volumes use the engine's own storage",
    "external": "a volume of this application; data of an external volume can be copied into it",
    "labels": "no labels: volumes are labelled with their application",
    "name": "no name: a volume is named <application>_<volume>, as Compose does",
}


def parse(
    content: object, source: str, variables: Mapping[str, str], default_name: str, image_source: str = ImageSource.BUILT
) -> Application:
    """Return the application that ``content``, the parsed YAML of the file ``source``, describes.

    ``variables`` are used for interpolation; ``default_name`` is used if the file has no ``name``. ``image_source``
    selects images built locally or published upstream. Raises ``ModelError`` with every fault of the file.
    """
    problems: list[Problem] = []
    raw = Node(content, (), problems)
    node = Node(interpolate(raw, variables), (), problems)
    fields = node.fields(KEYS, REFUSED)
    services = fields["services"].mapping() if "services" in fields else {}
    if not services and not node.failed:
        node.fail("services with at least one component", actual="no services")
    if image_source == ImageSource.UPSTREAM:
        services = {name: upstream_service(service) for name, service in services.items()}
    components = {name: read_service(service) for name, service in services.items()}
    volumes = tuple(_volume(item) for _name, item in sorted(fields["volumes"].mapping().items())) if "volumes" in fields else ()
    secrets = tuple(_secret(item) for item in fields["secrets"].mapping().values()) if "secrets" in fields else ()
    application = Application(
        name=fields["name"].string(default_name) if "name" in fields else default_name,
        components=tuple(components.values()),
        volumes=volumes,
        secrets=secrets,
        **(_read_mesh(fields["x-mesh"], services) if "x-mesh" in fields else {}),
    )
    if not NAME.fullmatch(application.name):
        fields.get("name", node.child("name", application.name)).fail(
            "a name of lower-case letters, digits and hyphens", actual=repr(application.name)
        )
    if not problems:
        _check_references(application, services)
        _check_load(application, raw)
        _check_outer_ports(application, services)
        ordered = _in_dependency_order(components, services)
    if not problems:
        check_mesh(application, services, node)
    if problems:
        raise ModelError(source, problems)
    return replace(application, components=ordered)


def _volume(node: Node) -> Volume:
    fields = node.fields(("x-mesh",), REFUSED_OF_VOLUMES)
    mesh = fields["x-mesh"].fields(("size",)) if "x-mesh" in fields else {}
    return Volume(node.path[-1], mesh["size"].convert(parse_bytes, BYTES, None) if "size" in mesh else None)


def _secret(node: Node) -> Secret:
    fields = node.fields(("file", "x-mesh"))
    mesh = fields["x-mesh"].fields(("generate",)) if "x-mesh" in fields else {}
    if "file" not in fields:
        node.fail("file", actual="a secret without a file")
    return Secret(
        name=node.path[-1],
        file=fields["file"].string() if "file" in fields else "",
        generate=mesh["generate"].boolean() if "generate" in mesh else False,
    )


def _read_mesh(node: Node, services: Mapping[str, Node]) -> dict[str, Any]:
    fields = node.fields(("images", "load", "release", "subnet", "tracing"))
    images = fields["images"].mapping() if "images" in fields else {}
    return {
        "images": tuple(sorted((name, item.string()) for name, item in images.items())),
        "subnet": fields["subnet"].convert(_subnet, "a private IPv4 network of /16, such as 10.77.0.0/16", "")
        if "subnet" in fields
        else "",
        "tracing": fields["tracing"].choice(tuple(services), "") if "tracing" in fields else "",
        "load": fields["load"].choice(tuple(services), "") if "load" in fields else "",
        "release": read_rollout(fields["release"]) if "release" in fields else None,
    }


def _subnet(text: str) -> str:
    subnet = IPv4Network(text)
    if subnet.prefixlen != 16 or not subnet.is_private:
        raise ValueError(text)
    return str(subnet)


def _check_references(application: Application, services: Mapping[str, Node]) -> None:
    known = {
        "depends_on": ("component", list(services)),
        "volumes": ("volume", [volume.name for volume in application.volumes]),
        "secrets": ("secret", [secret.name for secret in application.secrets]),
    }
    for component in application.components:
        references = [("depends_on", dependency.name) for dependency in component.dependencies]
        references += [("volumes", mount.source) for mount in component.mounts if mount.kind == "volume"]
        references += [("secrets", secret.source) for secret in component.secrets]
        for key, name in references:
            kind, names = known[key]
            if name not in names:
                reference = services[component.name].child(key, None).child(name, name)
                reference.fail(f"a {kind} of this file: {', '.join(names) or 'there is none'}")


def _check_load(application: Application, top: Node) -> None:
    if application.load and application.component(application.load).gateway:
        load = top.child("x-mesh", None).child("load", application.load)
        load.fail("a component with an application", actual=f"{application.load}, a gateway")


def _check_outer_ports(application: Application, services: Mapping[str, Node]) -> None:
    published: dict[int, list[tuple[str, str]]] = {}
    for component in application.components:
        node = services[component.name].child("ports", None)
        if component.outer_ports and component.replicas > 1:
            node.fail("one replica of a component that publishes ports", actual=f"{component.replicas} replicas")
        for port in component.outer_ports:
            for owner, host_ip in published.get(port.published, []):
                if host_ip == port.host_ip or not host_ip or not port.host_ip:
                    conflict = f"port {port.published}, which services.{owner} publishes"
                    node.fail("outer ports that nothing else publishes", actual=conflict)
            published.setdefault(port.published, []).append((component.name, port.host_ip))


def _in_dependency_order(components: Mapping[str, Component], services: Mapping[str, Node]) -> tuple[Component, ...]:
    """Return the components, each after its dependencies and otherwise in file order; a cycle is a problem."""
    ordered: dict[str, Component] = {}
    trail: list[str] = []

    def visit(name: str) -> None:
        if name in ordered or name not in components:
            return
        if name in trail:
            cycle = [*trail[trail.index(name) :], name]
            services[trail[-1]].child("depends_on", None).child(name, name).fail(
                "dependencies without a cycle", actual="the cycle " + " → ".join(cycle)
            )
            return
        trail.append(name)
        for dependency in components[name].dependencies:
            visit(dependency.name)
        trail.pop()
        ordered[name] = components[name]

    for name in components:
        visit(name)
    return tuple(ordered.values())
