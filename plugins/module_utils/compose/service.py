"""Reads a Compose service, with its ``x-mesh``, into a component."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from ..model.application import (
    PROTOCOLS,
    PROXY_MEMORY,
    RESERVED_PORTS,
    Build,
    Component,
    Dependency,
    Healthcheck,
    Kind,
    Mount,
    OuterPort,
    Port,
    SecretMount,
)
from ..model.instance import CANDIDATE_SUFFIX
from ..model.policy import Policy
from ..model.scaling import MAX_REPLICAS, Scaling
from .node import Node
from .policy import read_override, read_policy
from .scaling import read_scaling
from .units import BYTES, DURATION, parse_bytes, parse_duration

KEYS = (
    "build", "cap_add", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "environment", "expose",
    "healthcheck", "image", "labels", "mem_limit", "ports", "read_only", "restart", "secrets", "stop_grace_period",
    "stop_signal", "tmpfs", "user", "volumes", "working_dir", "x-mesh",
)  # fmt: skip
MIN_PROXY_MEMORY, MAX_PROXY_MEMORY = 32 << 20, 64 << 30
MESH_KEYS = ("gateway", "kind", "overrides", "policy", "ports", "proxy", "scale", "upstream")
REFUSED = {
    "container_name": "no container_name: instances are named after application, component and number",
    "network_mode": "no network_mode: every component is on the mesh",
    "networks": "no networks: depends_on states which components may be called",
    "links": "depends_on in place of links",
    "external_links": "depends_on in place of external_links",
    "hostname": "no hostname: a component is reached by its name",
    "extra_hosts": "no extra_hosts: a component resolves the names in its depends_on",
    "pid": "no pid: an instance has a process namespace of its own",
    "privileged": "cap_add with the needed capabilities, in place of privileged",
    "env_file": "environment, with ${NAME} for what differs between machines",
    "profiles": "no profiles: everything in the file is deployed",
    "extends": "the service written out, or a YAML anchor (x-… with <<)",
    "scale": "deploy.replicas in place of scale",
    "configs": "volumes with a bind mount, in place of configs",
}
WELL_KNOWN_PORTS = {
    80: "http", 443: "tcp", 3000: "http", 3306: "mysql", 5671: "tcp", 5672: "amqp", 5000: "http", 8000: "http",
    8079: "http", 8080: "http", 8081: "http", 8848: "http", 9411: "http", 27017: "mongo",
}  # fmt: skip
RESTARTS = ("always", "unless-stopped")
CONDITIONS = ("service_started", "service_healthy")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PORT_NUMBER = "a port from 1 to 65535"


def upstream_service(node: Node) -> Node:
    """Return the service with its published image: ``x-mesh.upstream`` overrides its keys, and it is not built."""
    service = node.value if isinstance(node.value, dict) else {}
    mesh = service.get("x-mesh")
    upstream = mesh.get("upstream") if isinstance(mesh, dict) else None
    merged = {**service, **upstream} if isinstance(upstream, dict) else service
    return node.with_value({key: value for key, value in merged.items() if key != "build" or "image" not in merged})


def read_service(node: Node) -> Component:
    """Return the component that the service at ``node`` describes; faults are recorded there."""
    name = node.path[-1]
    if not NAME.fullmatch(name):
        node.fail("a name of lower-case letters, digits and hyphens, as DNS allows", actual=repr(name))
    if name.endswith(CANDIDATE_SUFFIX):
        node.fail(f"a name that does not end in {CANDIDATE_SUFFIX}, reserved for candidates of releases", actual=repr(name))
    fields = node.fields(KEYS, REFUSED)
    mesh = fields["x-mesh"].fields(MESH_KEYS) if "x-mesh" in fields else {}
    mounts = _mounts(fields)
    outer = tuple(port for item in _items(fields, "ports") if (port := _outer_port(item)))
    if "upstream" in mesh:
        mesh["upstream"].fields([key for key in KEYS if key not in ("build", "x-mesh")])
    gateway, status_port = _gateway(mesh["gateway"], {port.target for port in outer}) if "gateway" in mesh else (False, 0)
    if "restart" in fields:
        fields["restart"].choice(RESTARTS, "always")
    if "image" not in fields and "build" not in fields and not gateway:
        node.fail("image or build", actual="neither image nor build")
    memory, cpus, replicas = _resources(fields)
    kind = _kind(mesh, mounts)
    proxy = mesh["proxy"].fields(("memory",)) if "proxy" in mesh else {}
    return Component(
        name=name,
        kind=kind,
        image=fields["image"].string() if "image" in fields else "",
        build=_build(fields["build"]) if "build" in fields else None,
        command=_command(fields["command"]) if "command" in fields else None,
        entrypoint=_command(fields["entrypoint"]) if "entrypoint" in fields else None,
        environment=_pairs(fields["environment"]) if "environment" in fields else (),
        user=fields["user"].scalar() if "user" in fields else "",
        working_dir=fields["working_dir"].string() if "working_dir" in fields else "",
        labels=_pairs(fields["labels"]) if "labels" in fields else (),
        memory=memory,
        cpus=cpus,
        replicas=replicas,
        ports=_ports(fields, mesh, outer),
        outer_ports=outer,
        dependencies=_with_overrides(_dependencies(fields["depends_on"]) if "depends_on" in fields else (), mesh),
        healthcheck=_healthcheck(fields["healthcheck"]) if "healthcheck" in fields else None,
        mounts=mounts,
        secrets=tuple(_secret(item) for item in _items(fields, "secrets")),
        read_only=fields["read_only"].boolean() if "read_only" in fields else False,
        cap_add=tuple(item.string() for item in _items(fields, "cap_add")),
        cap_drop=tuple(item.string() for item in _items(fields, "cap_drop")),
        stop_signal=fields["stop_signal"].string() if "stop_signal" in fields else "",
        stop_grace_period=_seconds(fields, "stop_grace_period", 10.0),
        gateway=gateway,
        status_port=status_port,
        proxy_memory=_proxy_memory(proxy["memory"]) if "memory" in proxy else PROXY_MEMORY,
        policy=read_policy(mesh["policy"]) if "policy" in mesh else Policy(),
        scaling=read_scaling(mesh["scale"]) if "scale" in mesh else Scaling(),
    )


def _items(fields: dict[str, Node], key: str) -> list[Node]:
    return fields[key].items() if key in fields else []


def _bytes(fields: dict[str, Node], key: str) -> int | None:
    return fields[key].convert(parse_bytes, BYTES, None) if key in fields else None


def _seconds(fields: dict[str, Node], key: str, default: float) -> float:
    return fields[key].convert(parse_duration, DURATION, default) if key in fields else default


def _proxy_memory(node: Node) -> int:
    """Return the bytes that a proxy may use. A proxy that starts above its limit would refuse every request."""

    def parse_bounded(text: str) -> int:
        size = parse_bytes(text)
        if not MIN_PROXY_MEMORY <= size <= MAX_PROXY_MEMORY:
            raise ValueError(text)
        return size

    allowed = f"{BYTES}, from {MIN_PROXY_MEMORY >> 20}M to {MAX_PROXY_MEMORY >> 30}G"
    return node.convert(parse_bounded, allowed, PROXY_MEMORY)


def _kind(mesh: dict[str, Node], mounts: tuple[Mount, ...]) -> Kind:
    default = Kind.STATEFUL if any(mount.kind == "volume" for mount in mounts) else Kind.STATELESS
    return Kind(mesh["kind"].choice(tuple(Kind), default)) if "kind" in mesh else default


def _gateway(node: Node, published: set[int]) -> tuple[bool, int]:
    """Return whether the component is a gateway, and its status port, 0 for none."""
    if not isinstance(node.value, dict):
        return node.boolean(), 0
    fields = node.fields(("status",))
    status = fields["status"].integer(1, 65535) if "status" in fields else 0
    if status and status not in published:
        fields["status"].fail("a port in ports: " + (", ".join(map(str, sorted(published))) or "there is none"))
    return True, status


def _resources(fields: dict[str, Node]) -> tuple[int | None, float | None, int]:
    """Return memory in bytes, processors and replicas."""
    deploy = fields["deploy"].fields(("resources", "replicas"), {
        "mode": "deploy.replicas; global mode needs several hosts",
        "placement": "no placement: a single engine runs everything",
    }) if "deploy" in fields else {}  # fmt: skip
    resources = deploy["resources"].fields(("limits", "reservations")) if "resources" in deploy else {}
    limits = resources["limits"].fields(("memory", "cpus")) if "limits" in resources else {}
    if "reservations" in resources:
        resources["reservations"].fail("limits; a single engine does not reserve resources", actual="reservations")
    if "memory" in limits and "mem_limit" in fields:
        fields["mem_limit"].fail("one of mem_limit and deploy.resources.limits.memory", actual="both")
    memory = _bytes(limits, "memory") or _bytes(fields, "mem_limit")
    cpus = limits["cpus"].number(0.01, 1024) if "cpus" in limits else None
    replicas = deploy["replicas"].integer(0, MAX_REPLICAS, 1) if "replicas" in deploy else 1
    return memory, cpus, replicas


def _build(node: Node) -> Build:
    if isinstance(node.value, str):
        return Build(node.value)
    fields = node.fields(("context", "dockerfile", "args", "target"))
    if "context" not in fields:
        node.fail("context", actual="a build without a context")
    return Build(
        context=fields["context"].string() if "context" in fields else ".",
        dockerfile=fields["dockerfile"].string() if "dockerfile" in fields else "Dockerfile",
        args=_pairs(fields["args"]) if "args" in fields else (),
        target=fields["target"].string() if "target" in fields else "",
    )


def _command(node: Node) -> tuple[str, ...] | None:
    if node.value is None:
        return None
    if isinstance(node.value, list):
        return tuple(item.scalar() for item in node.items())
    return node.convert(_words, "a list of words, or a line that a shell can split", None)


def _words(line: str) -> tuple[str, ...] | None:
    return tuple(shlex.split(line))


def _mode(text: str) -> int:
    """Return a file mode: YAML has already parsed 0400 as octal, but not "0400"."""
    return int(text, 8 if text.startswith("0") else 10)


def _pairs(node: Node) -> tuple[tuple[str, str], ...]:
    """Return the sorted pairs of a mapping or of a list of ``NAME=value``."""
    if isinstance(node.value, list):
        pairs: list[tuple[str, str]] = []
        for item in node.items():
            name, equals, value = item.string().partition("=")
            if not equals:
                item.fail("NAME=value; for a variable of the controller's environment write NAME=${NAME}")
            pairs.append((name, value))
        return tuple(sorted(pairs))
    return tuple(sorted((name, "" if item.value is None else item.scalar()) for name, item in node.mapping().items()))


def _inner_port(node: Node, text: str) -> int:
    """Return a port in an instance, which its proxy must not listen on itself."""
    number = _port_number(node, text)
    if number in RESERVED_PORTS:
        node.fail("another port: the proxy beside the application listens on " + ", ".join(map(str, RESERVED_PORTS)))
        return 1
    return number


def _port_number(node: Node, text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    node.fail(PORT_NUMBER)
    return 1


def _outer_port(node: Node) -> OuterPort | None:
    if isinstance(node.value, dict):
        fields = node.fields(("target", "published", "protocol", "host_ip", "mode", "name", "app_protocol"))
        if "target" not in fields or "published" not in fields:
            node.fail("target and published")
            return None
        if "protocol" in fields:
            fields["protocol"].choice(("tcp",), "tcp")
        host_ip = fields["host_ip"].string() if "host_ip" in fields else ""
        target = _inner_port(fields["target"], fields["target"].scalar())
        return OuterPort(fields["published"].integer(1, 65535, 1), target, host_ip)
    text = node.scalar()
    match = re.fullmatch(r"(?:(?:(\d[\d.]*|\[[\da-fA-F:]+\]):)?(\d+):)?(\d+)(?:/tcp)?", text)
    if not match or not match[2]:
        node.fail("\"published:target\" such as \"80:8079\": TCP, one port per entry, with an explicit published port")
        return None
    return OuterPort(_port_number(node, match[2]), _inner_port(node, match[3]), (match[1] or "").strip("[]"))


def _ports(fields: dict[str, Node], mesh: dict[str, Node], outer: tuple[OuterPort, ...]) -> tuple[Port, ...]:
    """Return the component's ports in the mesh, exposed or published, with their protocols."""
    numbers = {port.target for port in outer}
    for item in _items(fields, "expose"):
        text = item.scalar().removesuffix("/tcp")
        numbers.add(_inner_port(item, text))
    protocols = {number: WELL_KNOWN_PORTS.get(number, "tcp") for number in numbers}
    for key, node in (mesh["ports"].mapping() if "ports" in mesh else {}).items():
        if not key.isdigit() or int(key) not in numbers:
            node.fail("a port in expose or ports: " + (", ".join(map(str, sorted(numbers))) or "there is none"), actual=key)
            continue
        protocols[int(key)] = node.choice(PROTOCOLS, "tcp")
    return tuple(Port(number, protocols[number]) for number in sorted(protocols))


def _dependencies(node: Node) -> tuple[Dependency, ...]:
    if isinstance(node.value, list):
        names = [item.string() for item in node.items()]
        if len(set(names)) < len(names):
            node.fail("each component once", actual=", ".join(names))
        return tuple(Dependency(name) for name in names)
    dependencies = []
    for name, item in node.mapping().items():
        fields = item.fields(("condition", "required", "restart"))
        if "required" in fields and not fields["required"].boolean(True):
            fields["required"].fail("true: leave an optional dependency out")
        condition = fields["condition"].choice(CONDITIONS, "service_started") if "condition" in fields else "service_started"
        dependencies.append(Dependency(name, condition))
    return tuple(dependencies)


def _with_overrides(dependencies: tuple[Dependency, ...], mesh: dict[str, Node]) -> tuple[Dependency, ...]:
    """Return ``dependencies`` with the component's overrides of their policies."""
    nodes = mesh["overrides"].mapping() if "overrides" in mesh else {}
    declared = [dependency.name for dependency in dependencies]
    for name, node in nodes.items():
        if name not in declared:
            node.fail("a name in depends_on: " + (", ".join(declared) or "there is none"), actual=repr(name))
    overrides = {name: read_override(node) for name, node in nodes.items()}
    return tuple(replace(dependency, override=overrides.get(dependency.name)) for dependency in dependencies)


def _healthcheck(node: Node) -> Healthcheck | None:
    fields = node.fields(("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"))
    if "disable" in fields and fields["disable"].boolean():
        return Healthcheck(("NONE",))
    if "test" not in fields:
        node.fail("test", actual="a healthcheck without a test")
        return None
    test = fields["test"]
    words = tuple(item.scalar() for item in test.items()) if isinstance(test.value, list) else ("CMD-SHELL", test.string())
    if words[:1] == ("NONE",):
        return Healthcheck(("NONE",))
    if words[:1] not in (("CMD",), ("CMD-SHELL",)) or len(words) < 2:
        test.fail("a shell command, or a list that begins with CMD, CMD-SHELL or NONE", actual=repr(list(words)))
    return Healthcheck(
        test=words,
        interval=_seconds(fields, "interval", Healthcheck.interval),
        timeout=_seconds(fields, "timeout", Healthcheck.timeout),
        retries=fields["retries"].integer(1, 1000, 3) if "retries" in fields else Healthcheck.retries,
        start_period=_seconds(fields, "start_period", Healthcheck.start_period),
    )


def _mounts(fields: dict[str, Node]) -> tuple[Mount, ...]:
    mounts = [mount for item in _items(fields, "volumes") if (mount := _mount(item))]
    tmpfs = fields.get("tmpfs")
    if tmpfs is not None:
        entries = tmpfs.items() if isinstance(tmpfs.value, list) else [tmpfs]
        mounts.extend(Mount("tmpfs", "", item.string().partition(":")[0]) for item in entries)
    return tuple(mounts)


def _mount(node: Node) -> Mount | None:
    if isinstance(node.value, dict):
        fields = node.fields(("type", "source", "target", "read_only"))
        if "type" not in fields or "target" not in fields:
            node.fail("type and target")
            return None
        kind = fields["type"].choice(("volume", "bind", "tmpfs"), "volume")
        source = fields["source"].string() if "source" in fields else ""
        target = fields["target"].string()
        read_only = fields["read_only"].boolean() if "read_only" in fields else False
    else:
        source, colon, rest = node.string().partition(":")
        target, _colon, mode = rest.partition(":")
        if not colon or mode not in ("", "ro", "rw", "z", "Z"):
            node.fail("\"name:/path\" or \"./file:/path\", with :ro for a read-only mount")
            return None
        kind, read_only = ("bind" if source[:1] in "./~" else "volume"), mode == "ro"
    if not target.startswith("/"):
        node.fail("an absolute path in the container")
    if not source and kind != "tmpfs":
        node.fail("a named volume: the data of an anonymous one is lost with its container")
    return Mount(kind, source, target, read_only)


def _secret(node: Node) -> SecretMount:
    if isinstance(node.value, str):
        return SecretMount(node.value, f"/run/secrets/{node.value}")
    fields = node.fields(("source", "target", "uid", "gid", "mode"))
    if "source" not in fields:
        node.fail("source")
        return SecretMount("", "")
    source = fields["source"].string()
    target = fields["target"].string() if "target" in fields else source
    return SecretMount(
        source=source,
        target=target if target.startswith("/") else f"/run/secrets/{target}",
        uid=fields["uid"].integer(0, 2**31) if "uid" in fields else 0,
        gid=fields["gid"].integer(0, 2**31) if "gid" in fields else 0,
        mode=fields["mode"].convert(_mode, "a mode such as 0400", 0o400) if "mode" in fields else 0o400,
    )
