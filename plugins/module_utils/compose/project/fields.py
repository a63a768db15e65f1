"""The fields of the canonical project, as compose-go's package ``types`` serializes them.

A reader converts a value in long form to its canonical form, or to ``None`` where the field is omitted. Extensions (keys
with the prefix ``x-``) are unchanged. Keys without a field in Compose are dropped, as in Compose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .faults import Fault, Faults, Place, describe
from .scalars import (
    format_duration,
    format_scalar,
    to_boolean,
    to_bytes,
    to_duration,
    to_float,
    to_float32,
    to_integer,
)
from .words import split_words

Reader = Callable[[Any, Place, Faults], Any]


def scalar(convert: Callable[[Any], Any]) -> Reader:
    """Return a reader that applies ``convert``, and records its ``Fault`` at the place of the value."""

    def read(value: Any, place: Place, faults: Faults) -> Any:
        try:
            return convert(value)
        except Fault as fault:
            faults.add(place, fault.found, fault.allowed)
            return None

    return read


def structure(fields: Mapping[str, Reader], absent: Mapping[str, Any] | None = None) -> Reader:
    """Return the reader of a mapping with fixed keys; ``absent`` has the values of keys that are never omitted."""

    def read(value: Any, place: Place, faults: Faults) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            if key.startswith("x-"):
                result[key] = item
            elif key in fields and item is not None:
                field = fields[key](item, (*place, key), faults)
                if field is not None:
                    result[key] = field
        return {**(absent or {}), **result}

    return read


def list_of(reader: Reader) -> Reader:
    """Return the reader of a list."""

    def read(value: Any, place: Place, faults: Faults) -> list[Any] | None:
        items = [reader(item, (*place, index), faults) for index, item in enumerate(value)]
        return items or None

    return read


def mapping_of(reader: Reader) -> Reader:
    """Return the reader of a mapping with free keys; null values are kept."""

    def read(value: Any, place: Place, faults: Faults) -> dict[str, Any] | None:
        return {key: None if item is None else reader(item, (*place, key), faults) for key, item in value.items()} or None

    return read


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Fault(describe(value), f"a quoted string: {format_scalar(value)!r}" if value is not None else "a string")


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise Fault(describe(value), "an integer")
    return to_integer(value) if isinstance(value, str) else int(value)


def _unsigned(value: Any) -> int:
    if isinstance(value, str) or _integer(value) < 0:
        raise Fault(describe(value), "an unquoted non-negative integer")
    return _integer(value)


def _float32(value: Any) -> float:
    if isinstance(value, bool):
        raise Fault(describe(value), "a number")
    return to_float32(to_float(value) if isinstance(value, str) else value)


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        return to_boolean(value)
    if isinstance(value, bool):
        return value
    raise Fault(describe(value), "true or false")


def _bytes(value: Any) -> int:
    # Compose reads a fractional number as 0.
    return to_bytes(value) if isinstance(value, str) else 0 if isinstance(value, float) else int(value)


def _size(value: Any) -> str | None:
    size = _bytes(value)
    return str(size) if size else None


def _duration(value: Any) -> str:
    return format_duration(to_duration(format_scalar(value)))


def _command(value: Any) -> list[str]:
    return split_words(value) if isinstance(value, str) else list(value)


def _health_test(value: Any) -> list[str] | None:
    return ["CMD-SHELL", value] if isinstance(value, str) else list(value) or None


def _as_list(value: Any) -> list[str] | None:
    return [value] if isinstance(value, str) else list(value) or None


def _mode(value: Any) -> str:
    """Return file permissions as octal digits; unquoted digits are octal only with a leading zero."""
    if isinstance(value, float):
        raise Fault(describe(value), "permissions such as 0440")
    try:
        return f"0{int(value, 8):o}" if isinstance(value, str) else f"0{value:o}"
    except ValueError:
        raise Fault(describe(value), "permissions such as 0440") from None


def _device_count(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            return -1 if value.lower() == "all" else to_integer(value) or None
        except Fault as fault:
            raise Fault(fault.found, "all, or an integer") from None
    return value or None


def _ulimit(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: item for key in ("soft", "hard") if (item := value.get(key))}
    return value or {}


def _pairs(value: Any, bare: str | None) -> dict[str, str | None]:
    """Convert ``NAME=value`` items or a mapping to a mapping of strings; ``bare`` replaces missing values."""
    if isinstance(value, list):
        split = [str(item).partition("=") for item in value]
        return {name: text if equals else bare for name, equals, text in split}
    return {name: bare if item is None else format_scalar(item) for name, item in value.items()}


def _mapping(value: Any) -> dict[str, str | None] | None:
    return _pairs(value, "") or None


def _environment(value: Any) -> dict[str, str | None] | None:
    for line in value if isinstance(value, list) else ():
        name = line.partition("=")[0]
        if name and name[-1].isspace():
            raise Fault(describe(line), "a name without trailing whitespace")
    return _pairs(value, None) or None


def _hosts(value: Any) -> list[str] | None:
    pairs: list[tuple[str, str]] = []
    if isinstance(value, dict):
        for name, addresses in value.items():
            pairs += [
                (name, format_scalar(address)) for address in (addresses if isinstance(addresses, list) else [addresses or ""])
            ]
    else:
        for line in value:
            name, separator, addresses = line.partition("=") if "=" in line else line.partition(":")
            if not separator:
                raise Fault(describe(line), "NAME=ADDRESS")
            pairs += [(name, address) for address in addresses.split(",")]
    for name, _address in pairs:
        if not name or ":" in name or "=" in name:
            raise Fault(f"the host name {describe(name)}", "a host name without a colon or an equals sign")
    stripped = [(name, address[1:-1] if address[:1] == "[" and address[-1:] == "]" else address) for name, address in pairs]
    return sorted(f"{name}={address}" for name, address in stripped) or None


def _ssh(value: Any) -> list[str] | None:
    return sorted(f"{name}={path}" if path else name for name, path in value.items()) or None


def _options(value: Any) -> dict[str, list[str]] | None:
    return {
        key: [format_scalar(option) for option in (item if isinstance(item, list) else [item])] for key, item in value.items()
    } or None


def _omit_empty(convert: Callable[[Any], Any]) -> Reader:
    """Return the reader of a field that is omitted if it is empty, 0 or false."""
    return scalar(lambda value: convert(value) or None)


TEXT = _omit_empty(_text)
TEXTS = list_of(scalar(_text))
ANY_TEXTS = list_of(scalar(format_scalar))
INTEGER, OPTIONAL_INTEGER = _omit_empty(_integer), scalar(_integer)
UNSIGNED, OPTIONAL_UNSIGNED = _omit_empty(_unsigned), scalar(_unsigned)
FLOAT32 = _omit_empty(_float32)
BOOLEAN, OPTIONAL_BOOLEAN = _omit_empty(_boolean), scalar(_boolean)
SIZE = scalar(_size)
OPTIONAL_DURATION = scalar(_duration)
DURATION = scalar(lambda value: None if (text := _duration(value)) == "0s" else text)
COMMAND = scalar(_command)
MAPPING, ENVIRONMENT, HOSTS = scalar(_mapping), scalar(_environment), scalar(_hosts)
TEXT_BY_NAME = scalar(lambda value: {key: "" if item is None else _text(item) for key, item in value.items()} or None)
LIMITS = mapping_of(scalar(_ulimit))

FILE_REFERENCE = structure({"source": TEXT, "target": TEXT, "uid": TEXT, "gid": TEXT, "mode": scalar(_mode)})
DEVICE_REQUEST = structure(
    {"capabilities": TEXTS, "driver": TEXT, "count": scalar(_device_count), "device_ids": TEXTS, "options": MAPPING}
)
HOOK = structure(
    {"command": COMMAND, "user": TEXT, "privileged": BOOLEAN, "working_dir": TEXT, "environment": ENVIRONMENT}, {"command": None}
)
BUILD = structure(
    {
        **dict.fromkeys(("context", "dockerfile", "dockerfile_inline", "isolation", "network", "target"), TEXT),
        **dict.fromkeys(("provenance", "sbom"), TEXT),
        **dict.fromkeys(("cache_from", "cache_to", "entitlements", "platforms", "tags"), TEXTS),
        **dict.fromkeys(("no_cache", "privileged", "pull"), BOOLEAN),
        **dict.fromkeys(("additional_contexts", "labels"), MAPPING),
        "args": ENVIRONMENT,
        "extra_hosts": HOSTS,
        "secrets": list_of(FILE_REFERENCE),
        "shm_size": SIZE,
        "ssh": scalar(_ssh),
        "ulimits": LIMITS,
    }
)
# Compose capitalizes these keys, since the Go types have no field tags.
_WEIGHT = scalar(lambda value: {"Path": _text(value.get("path", "")), "Weight": _unsigned(value.get("weight", 0))})
_RATE = scalar(lambda value: {"Path": _text(value.get("path", "")), "Rate": str(_bytes(value.get("rate", 0)))})
BLKIO = structure(
    {
        "weight": UNSIGNED,
        "weight_device": list_of(_WEIGHT),
        **dict.fromkeys(("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"), list_of(_RATE)),
    }
)
UPDATE = structure(
    {
        "parallelism": OPTIONAL_UNSIGNED,
        **dict.fromkeys(("delay", "monitor"), DURATION),
        **dict.fromkeys(("failure_action", "order"), TEXT),
        "max_failure_ratio": FLOAT32,
    }
)
_DISCRETE = structure({"kind": scalar(_text), "value": scalar(_integer)}, {"kind": "", "value": 0})
RESOURCE = structure(
    {
        "cpus": FLOAT32,
        "memory": SIZE,
        "pids": INTEGER,
        "devices": list_of(DEVICE_REQUEST),
        "generic_resources": list_of(structure({"discrete_resource_spec": _DISCRETE})),
    }
)
DEPLOY = structure(
    {
        **dict.fromkeys(("mode", "endpoint_mode"), TEXT),
        "replicas": OPTIONAL_INTEGER,
        "labels": MAPPING,
        **dict.fromkeys(("update_config", "rollback_config"), UPDATE),
        "resources": structure(dict.fromkeys(("limits", "reservations"), RESOURCE)),
        "restart_policy": structure(
            {
                "condition": TEXT,
                **dict.fromkeys(("delay", "window"), OPTIONAL_DURATION),
                "max_attempts": OPTIONAL_UNSIGNED,
            }
        ),
        "placement": structure(
            {
                "constraints": TEXTS,
                "preferences": list_of(structure({"spread": TEXT})),
                "max_replicas_per_node": UNSIGNED,
            }
        ),
    },
    {"resources": {}, "placement": {}},
)
HEALTHCHECK = structure(
    {
        "test": scalar(_health_test),
        **dict.fromkeys(("timeout", "interval", "start_period", "start_interval"), OPTIONAL_DURATION),
        "retries": OPTIONAL_UNSIGNED,
        "disable": BOOLEAN,
    }
)
DEPENDENCY = structure({"condition": TEXT, "restart": BOOLEAN, "required": OPTIONAL_BOOLEAN}, {"required": False})
ENDPOINT = structure(
    {
        **dict.fromkeys(("aliases", "link_local_ips"), TEXTS),
        "driver_opts": MAPPING,
        **dict.fromkeys(("interface_name", "ipv4_address", "ipv6_address", "mac_address"), TEXT),
        **dict.fromkeys(("gw_priority", "priority"), INTEGER),
    }
)
PORT = structure(
    {**dict.fromkeys(("name", "mode", "host_ip", "published", "protocol", "app_protocol"), TEXT), "target": UNSIGNED}
)
MOUNT = structure(
    {
        **dict.fromkeys(("type", "source", "target", "consistency"), TEXT),
        "read_only": BOOLEAN,
        "bind": structure({**dict.fromkeys(("selinux", "propagation", "recursive"), TEXT), "create_host_path": BOOLEAN}),
        "volume": structure({"labels": MAPPING, "nocopy": BOOLEAN, "subpath": TEXT}),
        "tmpfs": structure({"size": SIZE, "mode": UNSIGNED}),
        "image": structure({"subpath": TEXT}),
    }
)
WATCH = structure(
    {
        **dict.fromkeys(("path", "action"), scalar(_text)),
        "target": TEXT,
        "exec": HOOK,
        **dict.fromkeys(("include", "ignore"), TEXTS),
        "initial_sync": BOOLEAN,
    },
    {"path": "", "action": "", "exec": {"command": None}},
)
_SERVICE_TEXTS = (
    "cgroup",
    "cgroup_parent",
    "container_name",
    "cpuset",
    "domainname",
    "hostname",
    "image",
    "ipc",
    "isolation",
    "mac_address",
    "network_mode",
    "pid",
    "platform",
    "pull_policy",
    "restart",
    "runtime",
    "stop_signal",
    "user",
    "userns_mode",
    "uts",
    "working_dir",
)
_SERVICE_LISTS = (
    "cap_add",
    "cap_drop",
    "device_cgroup_rules",
    "dns",
    "dns_opt",
    "external_links",
    "group_add",
    "label_file",
    "links",
    "profiles",
    "security_opt",
    "volumes_from",
)
_SERVICE_INTEGERS = (
    "cpu_count",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "oom_score_adj",
    "pids_limit",
)
SERVICE = structure(
    {
        **dict.fromkeys(_SERVICE_TEXTS, TEXT),
        **dict.fromkeys(_SERVICE_LISTS, TEXTS),
        **dict.fromkeys(_SERVICE_INTEGERS, INTEGER),
        **dict.fromkeys(("mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size"), SIZE),
        **dict.fromkeys(("oom_kill_disable", "privileged", "read_only", "stdin_open", "tty", "use_api_socket"), BOOLEAN),
        **dict.fromkeys(("annotations", "labels", "sysctls"), MAPPING),
        **dict.fromkeys(("cpu_percent", "cpus"), FLOAT32),
        **dict.fromkeys(("attach", "init"), OPTIONAL_BOOLEAN),
        **dict.fromkeys(("command", "entrypoint"), COMMAND),
        **dict.fromkeys(("configs", "secrets"), list_of(FILE_REFERENCE)),
        **dict.fromkeys(("post_start", "pre_stop"), list_of(HOOK)),
        "blkio_config": BLKIO,
        "build": BUILD,
        "credential_spec": structure(dict.fromkeys(("config", "file", "registry"), TEXT)),
        "depends_on": mapping_of(DEPENDENCY),
        "deploy": DEPLOY,
        "develop": structure({"watch": list_of(WATCH)}),
        "devices": list_of(structure(dict.fromkeys(("source", "target", "permissions"), TEXT))),
        "env_file": list_of(structure({"path": TEXT, "required": OPTIONAL_BOOLEAN, "format": TEXT})),
        "environment": ENVIRONMENT,
        "expose": ANY_TEXTS,
        "extra_hosts": HOSTS,
        "gpus": list_of(DEVICE_REQUEST),
        "healthcheck": HEALTHCHECK,
        "logging": structure({"driver": TEXT, "options": MAPPING}),
        "models": mapping_of(structure({"endpoint_var": TEXT, "model_var": TEXT})),
        "networks": mapping_of(ENDPOINT),
        "ports": list_of(PORT),
        "provider": structure({"type": TEXT, "options": scalar(_options)}),
        "scale": OPTIONAL_INTEGER,
        "stop_grace_period": OPTIONAL_DURATION,
        "storage_opt": TEXT_BY_NAME,
        **dict.fromkeys(("dns_search", "tmpfs"), scalar(_as_list)),
        "ulimits": LIMITS,
        "volumes": list_of(MOUNT),
    },
    {"command": None, "entrypoint": None},
)
_POOL = structure({**dict.fromkeys(("subnet", "gateway", "ip_range"), TEXT), "aux_addresses": MAPPING})
NETWORK = structure(
    {
        **dict.fromkeys(("name", "driver"), TEXT),
        "driver_opts": MAPPING,
        "ipam": structure({"driver": TEXT, "config": list_of(_POOL)}),
        **dict.fromkeys(("external", "internal", "attachable"), BOOLEAN),
        "labels": MAPPING,
        **dict.fromkeys(("enable_ipv4", "enable_ipv6"), OPTIONAL_BOOLEAN),
    },
    {"ipam": {}},
)
VOLUME = structure(
    {**dict.fromkeys(("name", "driver"), TEXT), **dict.fromkeys(("driver_opts", "labels"), MAPPING), "external": BOOLEAN}
)
FILE_OBJECT = structure(
    {
        **dict.fromkeys(("name", "file", "environment", "content", "driver", "template_driver"), TEXT),
        "external": BOOLEAN,
        "labels": MAPPING,
        "driver_opts": TEXT_BY_NAME,
    }
)
MODEL = structure(
    {**dict.fromkeys(("name", "model"), TEXT), "context_size": INTEGER, "runtime_flags": TEXTS},
)
PROJECT = structure(
    {
        "name": TEXT,
        "services": mapping_of(SERVICE),
        "networks": mapping_of(NETWORK),
        "volumes": mapping_of(VOLUME),
        **dict.fromkeys(("secrets", "configs"), mapping_of(FILE_OBJECT)),
        "models": mapping_of(MODEL),
    }
)
