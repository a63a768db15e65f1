"""One Compose service, with its ``x-mesh``, as a component."""

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
    "networks": "no networks: what may call what is said by depends_on",
    "links": "depends_on in place of links",
    "external_links": "depends_on in place of external_links",
    "hostname": "no hostname: a component is called by its name",
    "extra_hosts": "no extra_hosts: names are those of depends_on",
    "pid": "no pid: an instance has a process namespace of its own",
    "privileged": "cap_add with the capabilities that are needed, in place of privileged",
    "env_file": "environment, with ${NAME} for what differs between machines",
    "profiles": "no profiles: what is in the file is deployed",
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


def published(node: Node) -> Node:
    """Return the service as it is with its published image: keys of ``x-mesh.upstream`` in place of its own, no build."""
    service = node.value if isinstance(node.value, dict) else {}
    mesh = service.get("x-mesh")
    upstream = mesh.get("upstream") if isinstance(mesh, dict) else None
    whole = {**service, **upstream} if isinstance(upstream, dict) else service
    return node.replaced({key: value for key, value in whole.items() if key != "build" or "image" not in whole})


def read_service(node: Node) -> Component:
    """Return the component that the service at ``node`` describes; its faults are recorded in the node."""
    name = node.path[-1]
    if not NAME.fullmatch(name):
        node.fail("a name of lower-case letters, digits and hyphens, as DNS allows", found=repr(name))
    if name.endswith(CANDIDATE_SUFFIX):
        node.fail(f"a name that does not end in {CANDIDATE_SUFFIX}, as those of candidates in releases do", found=repr(name))
    found = node.fields(KEYS, REFUSED)
    mesh = found["x-mesh"].fields(MESH_KEYS) if "x-mesh" in found else {}
    mounts = _mounts(found)
    outer = tuple(port for item in _items(found, "ports") if (port := _outer_port(item)))
    if "upstream" in mesh:
        mesh["upstream"].fields([key for key in KEYS if key not in ("build", "x-mesh")])
    gateway, status_port = _gateway(mesh["gateway"], {port.target for port in outer}) if "gateway" in mesh else (False, 0)
    if "restart" in found:
        found["restart"].choice(RESTARTS, "always")
    if "image" not in found and "build" not in found and not gateway:
        node.fail("image or build", found="neither image nor build")
    memory, cpus, replicas = _resources(found)
    kind = _kind(mesh, mounts)
    proxy = mesh["proxy"].fields(("memory",)) if "proxy" in mesh else {}
    return Component(
        name=name,
        kind=kind,
        image=found["image"].string() if "image" in found else "",
        build=_build(found["build"]) if "build" in found else None,
        command=_command(found["command"]) if "command" in found else None,
        entrypoint=_command(found["entrypoint"]) if "entrypoint" in found else None,
        environment=_pairs(found["environment"]) if "environment" in found else (),
        user=found["user"].scalar() if "user" in found else "",
        working_dir=found["working_dir"].string() if "working_dir" in found else "",
        labels=_pairs(found["labels"]) if "labels" in found else (),
        memory=memory,
        cpus=cpus,
        replicas=replicas,
        ports=_ports(found, mesh, outer),
        outer_ports=outer,
        dependencies=_overridden(_dependencies(found["depends_on"]) if "depends_on" in found else (), mesh),
        healthcheck=_healthcheck(found["healthcheck"]) if "healthcheck" in found else None,
        mounts=mounts,
        secrets=tuple(_secret(item) for item in _items(found, "secrets")),
        read_only=found["read_only"].boolean() if "read_only" in found else False,
        cap_add=tuple(item.string() for item in _items(found, "cap_add")),
        cap_drop=tuple(item.string() for item in _items(found, "cap_drop")),
        stop_signal=found["stop_signal"].string() if "stop_signal" in found else "",
        stop_grace_period=_seconds(found, "stop_grace_period", 10.0),
        gateway=gateway,
        status_port=status_port,
        proxy_memory=_proxy_memory(proxy["memory"]) if "memory" in proxy else PROXY_MEMORY,
        policy=read_policy(mesh["policy"]) if "policy" in mesh else Policy(),
        scaling=read_scaling(mesh["scale"]) if "scale" in mesh else Scaling(),
    )


def _items(found: dict[str, Node], key: str) -> list[Node]:
    return found[key].items() if key in found else []


def _bytes(found: dict[str, Node], key: str) -> int | None:
    return found[key].converted(parse_bytes, BYTES, None) if key in found else None


def _seconds(found: dict[str, Node], key: str, default: float) -> float:
    return found[key].converted(parse_duration, DURATION, default) if key in found else default


def _proxy_memory(node: Node) -> int:
    """Return the bytes that a proxy may use. With less than it begins with, it would refuse every request."""

    def within(text: str) -> int:
        size = parse_bytes(text)
        if not MIN_PROXY_MEMORY <= size <= MAX_PROXY_MEMORY:
            raise ValueError(text)
        return size

    allowed = f"{BYTES}, from {MIN_PROXY_MEMORY >> 20}M to {MAX_PROXY_MEMORY >> 30}G"
    return node.converted(within, allowed, PROXY_MEMORY)


def _kind(mesh: dict[str, Node], mounts: tuple[Mount, ...]) -> Kind:
    default = Kind.STATEFUL if any(mount.kind == "volume" for mount in mounts) else Kind.STATELESS
    return Kind(mesh["kind"].choice(tuple(Kind), default)) if "kind" in mesh else default


def _gateway(node: Node, published: set[int]) -> tuple[bool, int]:
    """Return whether the component is a gateway, and the port on which it tells how it is."""
    if not isinstance(node.value, dict):
        return node.boolean(), 0
    found = node.fields(("status",))
    status = found["status"].integer(1, 65535) if "status" in found else 0
    if status and status not in published:
        found["status"].fail("a port in ports: " + (", ".join(map(str, sorted(published))) or "there is none"))
    return True, status


def _resources(found: dict[str, Node]) -> tuple[int | None, float | None, int]:
    """Return memory in bytes, processors and replicas."""
    deploy = found["deploy"].fields(("resources", "replicas"), {
        "mode": "deploy.replicas; global mode needs several machines",
        "placement": "no placement: one engine runs everything",
    }) if "deploy" in found else {}  # fmt: skip
    resources = deploy["resources"].fields(("limits", "reservations")) if "resources" in deploy else {}
    limits = resources["limits"].fields(("memory", "cpus")) if "limits" in resources else {}
    if "reservations" in resources:
        resources["reservations"].fail("limits; one engine reserves nothing", found="reservations")
    if "memory" in limits and "mem_limit" in found:
        found["mem_limit"].fail("one of mem_limit and deploy.resources.limits.memory", found="both")
    memory = _bytes(limits, "memory") or _bytes(found, "mem_limit")
    cpus = limits["cpus"].number(0.01, 1024) if "cpus" in limits else None
    replicas = deploy["replicas"].integer(0, MAX_REPLICAS, 1) if "replicas" in deploy else 1
    return memory, cpus, replicas


def _build(node: Node) -> Build:
    if isinstance(node.value, str):
        return Build(node.value)
    found = node.fields(("context", "dockerfile", "args", "target"))
    if "context" not in found:
        node.fail("context", found="a build without a context")
    return Build(
        context=found["context"].string() if "context" in found else ".",
        dockerfile=found["dockerfile"].string() if "dockerfile" in found else "Dockerfile",
        args=_pairs(found["args"]) if "args" in found else (),
        target=found["target"].string() if "target" in found else "",
    )


def _command(node: Node) -> tuple[str, ...] | None:
    if node.value is None:
        return None
    if isinstance(node.value, list):
        return tuple(item.scalar() for item in node.items())
    return node.converted(_words, "a list of words, or a line that a shell could split", None)


def _words(line: str) -> tuple[str, ...] | None:
    return tuple(shlex.split(line))


def _mode(text: str) -> int:
    """Return the file mode of ``text``: YAML has made a number of 0400 already, not so of "0400"."""
    return int(text, 8 if text.startswith("0") else 10)


def _pairs(node: Node) -> tuple[tuple[str, str], ...]:
    """Return name and value of a mapping or of a list of ``NAME=value``."""
    if isinstance(node.value, list):
        pairs: list[tuple[str, str]] = []
        for item in node.items():
            name, equals, value = item.string().partition("=")
            if not equals:
                item.fail("NAME=value; a name alone would read this machine's environment: write NAME=${NAME}")
            pairs.append((name, value))
        return tuple(sorted(pairs))
    return tuple(sorted((name, "" if item.value is None else item.scalar()) for name, item in node.mapping().items()))


def _number(node: Node, text: str) -> int:
    number = _published(node, text)
    if number in RESERVED_PORTS:
        node.fail("another port: the proxy beside the application listens on " + ", ".join(map(str, RESERVED_PORTS)))
        return 1
    return number


def _published(node: Node, text: str) -> int:
    """Return a port of the host: the proxies have none there."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    node.fail(PORT_NUMBER)
    return 1


def _outer_port(node: Node) -> OuterPort | None:
    if isinstance(node.value, dict):
        found = node.fields(("target", "published", "protocol", "host_ip", "mode", "name", "app_protocol"))
        if "target" not in found or "published" not in found:
            node.fail("target and published")
            return None
        if "protocol" in found:
            found["protocol"].choice(("tcp",), "tcp")
        host_ip = found["host_ip"].string() if "host_ip" in found else ""
        return OuterPort(found["published"].integer(1, 65535, 1), _number(found["target"], found["target"].scalar()), host_ip)
    text = node.scalar()
    match = re.fullmatch(r"(?:(?:(\d[\d.]*|\[[\da-fA-F:]+\]):)?(\d+):)?(\d+)(?:/tcp)?", text)
    if not match or not match[2]:
        node.fail("\"published:target\" such as \"80:8079\", TCP, one port an entry, with the published port stated")
        return None
    return OuterPort(_published(node, match[2]), _number(node, match[3]), (match[1] or "").strip("[]"))


def _ports(found: dict[str, Node], mesh: dict[str, Node], outer: tuple[OuterPort, ...]) -> tuple[Port, ...]:
    """Return the component's ports in the mesh: what it exposes or publishes, with their protocols."""
    numbers = {port.target for port in outer}
    for item in _items(found, "expose"):
        text = item.scalar().removesuffix("/tcp")
        numbers.add(_number(item, text))
    protocols = {number: WELL_KNOWN_PORTS.get(number, "tcp") for number in numbers}
    for key, node in (mesh["ports"].mapping() if "ports" in mesh else {}).items():
        if not key.isdigit() or int(key) not in numbers:
            node.fail("a port in expose or ports: " + (", ".join(map(str, sorted(numbers))) or "there is none"), found=key)
            continue
        protocols[int(key)] = node.choice(PROTOCOLS, "tcp")
    return tuple(Port(number, protocols[number]) for number in sorted(protocols))


def _dependencies(node: Node) -> tuple[Dependency, ...]:
    if isinstance(node.value, list):
        names = [item.string() for item in node.items()]
        if len(set(names)) < len(names):
            node.fail("each component once", found=", ".join(names))
        return tuple(Dependency(name) for name in names)
    dependencies = []
    for name, item in node.mapping().items():
        found = item.fields(("condition", "required", "restart"))
        if "required" in found and not found["required"].boolean(True):
            found["required"].fail("true: a dependency that may be absent is not declared")
        condition = found["condition"].choice(CONDITIONS, "service_started") if "condition" in found else "service_started"
        dependencies.append(Dependency(name, condition))
    return tuple(dependencies)


def _overridden(dependencies: tuple[Dependency, ...], mesh: dict[str, Node]) -> tuple[Dependency, ...]:
    """Return ``dependencies`` with what the component states for its own calls to them."""
    stated = mesh["overrides"].mapping() if "overrides" in mesh else {}
    declared = [each.name for each in dependencies]
    for name, node in stated.items():
        if name not in declared:
            node.fail("a name in depends_on: " + (", ".join(declared) or "there is none"), found=repr(name))
    overrides = {name: read_override(node) for name, node in stated.items()}
    return tuple(replace(each, override=overrides.get(each.name)) for each in dependencies)


def _healthcheck(node: Node) -> Healthcheck | None:
    found = node.fields(("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"))
    if "disable" in found and found["disable"].boolean():
        return Healthcheck(("NONE",))
    if "test" not in found:
        node.fail("test", found="a healthcheck without a test")
        return None
    test = found["test"]
    words = tuple(item.scalar() for item in test.items()) if isinstance(test.value, list) else ("CMD-SHELL", test.string())
    if words[:1] == ("NONE",):
        return Healthcheck(("NONE",))
    if words[:1] not in (("CMD",), ("CMD-SHELL",)) or len(words) < 2:
        test.fail("a line for a shell, or a list that begins with CMD, CMD-SHELL or NONE", found=repr(list(words)))
    return Healthcheck(
        test=words,
        interval=_seconds(found, "interval", Healthcheck.interval),
        timeout=_seconds(found, "timeout", Healthcheck.timeout),
        retries=found["retries"].integer(1, 1000, 3) if "retries" in found else Healthcheck.retries,
        start_period=_seconds(found, "start_period", Healthcheck.start_period),
    )


def _mounts(found: dict[str, Node]) -> tuple[Mount, ...]:
    mounts = [mount for item in _items(found, "volumes") if (mount := _mount(item))]
    tmpfs = found.get("tmpfs")
    if tmpfs is not None:
        entries = tmpfs.items() if isinstance(tmpfs.value, list) else [tmpfs]
        mounts.extend(Mount("tmpfs", "", item.string().partition(":")[0]) for item in entries)
    return tuple(mounts)


def _mount(node: Node) -> Mount | None:
    if isinstance(node.value, dict):
        found = node.fields(("type", "source", "target", "read_only"))
        if "type" not in found or "target" not in found:
            node.fail("type and target")
            return None
        kind = found["type"].choice(("volume", "bind", "tmpfs"), "volume")
        source = found["source"].string() if "source" in found else ""
        target = found["target"].string()
        read_only = found["read_only"].boolean() if "read_only" in found else False
    else:
        source, colon, rest = node.string().partition(":")
        target, _colon, mode = rest.partition(":")
        if not colon or mode not in ("", "ro", "rw", "z", "Z"):
            node.fail("\"name:/path\" or \"./file:/path\", with :ro where it is not written to")
            return None
        kind, read_only = ("bind" if source[:1] in "./~" else "volume"), mode == "ro"
    if not target.startswith("/"):
        node.fail("an absolute path in the container")
    if not source and kind != "tmpfs":
        node.fail("a named volume: what an unnamed one holds is lost with its container")
    return Mount(kind, source, target, read_only)


def _secret(node: Node) -> SecretMount:
    if isinstance(node.value, str):
        return SecretMount(node.value, f"/run/secrets/{node.value}")
    found = node.fields(("source", "target", "uid", "gid", "mode"))
    if "source" not in found:
        node.fail("source")
        return SecretMount("", "")
    source = found["source"].string()
    target = found["target"].string() if "target" in found else source
    return SecretMount(
        source=source,
        target=target if target.startswith("/") else f"/run/secrets/{target}",
        uid=found["uid"].integer(0, 2**31) if "uid" in found else 0,
        gid=found["gid"].integer(0, 2**31) if "gid" in found else 0,
        mode=found["mode"].converted(_mode, "a mode such as 0400", 0o400) if "mode" in found else 0o400,
    )
