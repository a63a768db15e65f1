"""The stack's configuration, typed. An error names the key of an unusable value, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.units import BYTES, parse_bytes
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_file import load

DOCKER, KUBERNETES = "docker", "kubernetes"
T = TypeVar("T")


class Source(Protocol):
    """A source of configuration, such as ``pulumi.Config``."""

    def get(self, key: str) -> str | None:
        """Return the value of ``key`` as text, None if it is not set."""


class ConfigError(ValueError):
    """A value of the configuration is unusable; the message names its key, and what is allowed."""

    def __init__(self, key: str, actual: str, allowed: str) -> None:
        super().__init__(f"evenkeel:{key}: found {actual}; allowed: {allowed}")


@dataclass(frozen=True)
class Settings:
    """The settings of a stack. ``storage_size`` is in bytes, ``quota_headroom`` in percent."""

    target: str
    application: Application
    file: Path
    protect: bool = True
    adopt: bool = True
    docker_host: str = "unix:///var/run/docker.sock"
    kube_context: str = ""
    storage_class: str = ""
    storage_size: int = 1 << 30
    quota_headroom: int = 100


def read_settings(source: Source, folder: Path) -> Settings:
    """Return the settings in ``source``; paths are relative to ``folder``.

    Raises ``ConfigError``, and ``ModelError`` for errors in the application file.
    """
    target = source.get("target")
    if target not in (DOCKER, KUBERNETES):
        raise ConfigError("target", repr(target) if target else "nothing", f"{DOCKER}, {KUBERNETES}")
    file = (folder / (source.get("application") or "../applications/sockshop/compose.yaml")).resolve()
    if not file.is_file():
        raise ConfigError("application", str(file), "the path of a Compose file, relative to the program's folder")
    return Settings(
        target=target,
        application=load(file, {}),
        file=file,
        protect=_read(source, "protect", _boolean, Settings.protect, "true, false"),
        adopt=_read(source, "adopt", _boolean, Settings.adopt, "true, false"),
        docker_host=_read(source, "dockerHost", _socket, Settings.docker_host, "unix:// and the path of a socket"),
        kube_context=source.get("kubeContext") or "",
        storage_class=source.get("storageClass") or "",
        storage_size=_read(source, "storageSize", parse_bytes, Settings.storage_size, BYTES),
        quota_headroom=_read(source, "quotaHeadroom", _percent, Settings.quota_headroom, "a whole number from 0 to 1000"),
    )


def _read(source: Source, key: str, convert: Callable[[str], T], default: T, allowed: str) -> T:
    text = source.get(key)
    if text is None:
        return default
    try:
        return convert(text)
    except ValueError as error:
        raise ConfigError(key, repr(text), allowed) from error


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _socket(text: str) -> str:
    if not text.startswith("unix:///"):
        raise ValueError(text)
    return text


def _percent(text: str) -> int:
    if not 0 <= int(text) <= 1000:
        raise ValueError(text)
    return int(text)
