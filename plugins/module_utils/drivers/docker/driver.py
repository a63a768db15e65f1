"""An application on a Docker engine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from ...images.required import platform_image
from ...model.effective import EffectiveApplication
from ...model.errors import Rejection
from ...plan.graph import Operation
from ..base import Execution
from . import files
from .client import Engine, EngineError
from .config import FileConfigStore
from .containers import Setting
from .executor import Executor
from .images import DockerImages
from .layout import Layout
from .load import DockerLoadRunner
from .observation import DockerObservation
from .observe import Inventory, observe
from .proxies import DockerProxies
from .state import FileStateStore
from .validation import validate
from .workloads import DockerWorkloads

MIGRATES = Path("/proc/sys/net/ipv4/tcp_migrate_req")


class DockerDriver:
    """The application called ``application`` on ``engine``: its files are below ``root`` of the engine's host.

    ``folder`` is the one that relative bind mounts are meant from.
    """

    def __init__(self, engine: Engine, application: str, root: str, folder: str) -> None:
        self._engine = engine
        self._layout = Layout(application, root)
        self._setting = Setting(self._layout, Path(folder), engine.socket, MIGRATES.exists())

    @cached_property
    def state(self) -> FileStateStore:
        """The state store of the application."""
        return FileStateStore(self._layout)

    @cached_property
    def config(self) -> FileConfigStore:
        """The files of its mesh."""
        return FileConfigStore(self._layout)

    @cached_property
    def proxies(self) -> DockerProxies:
        """Its proxies."""
        return DockerProxies(self._layout)

    @cached_property
    def workloads(self) -> DockerWorkloads:
        """Its instances' applications."""
        return DockerWorkloads(self._engine, self._layout.application)

    @cached_property
    def images(self) -> DockerImages:
        """The images of the engine."""
        return DockerImages(self._engine)

    @cached_property
    def load(self) -> DockerLoadRunner:
        """What makes load on it."""
        return DockerLoadRunner(self._engine, self._layout, self.images)

    @cached_property
    def _executor(self) -> Executor:
        return Executor(self._engine, self._layout, self.proxies)

    def reachable(self) -> bool:
        """Whether there is an engine. Raises ``DriverError`` where it cannot be used."""
        if not self._engine.answers():
            return False
        host = self._engine.host_name() if not self._engine.is_local else socket.gethostname()
        if host != socket.gethostname():
            raise EngineError(
                0,
                f"docker_host: found {self._engine.endpoint.host}, an engine of the host {host}; allowed: one of this host, "
                f"{socket.gethostname()}, where the mesh's files are; deploy to others by the inventory",
            )
        return True

    def observe(self, application: EffectiveApplication) -> DockerObservation:
        """Return what the engine has of ``application``: nothing where there is no engine."""
        engine = observe(self._engine, application.name) if self.reachable() else Inventory()
        return DockerObservation(engine, self.config.read(), files.secret_names(self._layout), self._setting)

    def rejections(
        self, application: EffectiveApplication, render: Callable[[EffectiveApplication], Mapping[str, str]]
    ) -> tuple[Rejection, ...]:
        """Return what Envoy rejects of the files that ``render`` makes of ``application`` and that are not there yet."""
        current = self.config.read()
        paths = [path for path, content in render(application).items() if current.get(path) != content]
        image = application.references[platform_image("envoy")]
        return validate(self._engine, image, self._layout, application, render, paths)

    def run(self, operation: Operation, execution: Execution) -> None:
        """Carry out an operation of a plan. Raises ``DriverError``."""
        self._executor.run(operation, execution)

    def remove_leftovers(self) -> None:
        """Remove load generators of runs that were killed."""
        self.load.remove_leftovers()
