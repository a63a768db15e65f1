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
from .containers import HostSettings
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

MIGRATION_SWITCH = Path("/proc/sys/net/ipv4/tcp_migrate_req")


class DockerDriver:
    """The application called ``application`` on ``engine``; its files are below ``root`` on the engine's host.

    ``folder`` is the base of relative bind mounts.
    """

    def __init__(self, engine: Engine, application: str, root: str, folder: str) -> None:
        self._engine = engine
        self._layout = Layout(application, root)
        self._settings = HostSettings(self._layout, Path(folder), engine.socket, MIGRATION_SWITCH.exists())

    @cached_property
    def state(self) -> FileStateStore:
        """The state store of the application."""
        return FileStateStore(self._layout)

    @cached_property
    def config(self) -> FileConfigStore:
        """The configuration files of its mesh."""
        return FileConfigStore(self._layout)

    @cached_property
    def proxies(self) -> DockerProxies:
        """The proxies of its instances."""
        return DockerProxies(self._layout)

    @cached_property
    def workloads(self) -> DockerWorkloads:
        """The workloads of its instances."""
        return DockerWorkloads(self._engine, self._layout.application)

    @cached_property
    def images(self) -> DockerImages:
        """The images of the engine."""
        return DockerImages(self._engine)

    @cached_property
    def load(self) -> DockerLoadRunner:
        """The runner of its load generator."""
        return DockerLoadRunner(self._engine, self._layout, self.images)

    @cached_property
    def _executor(self) -> Executor:
        return Executor(self._engine, self._layout, self.proxies)

    def reachable(self) -> bool:
        """Whether an engine runs. Raises ``DriverError`` if it cannot be used."""
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
        """Return the observed state of ``application``, empty if no engine runs."""
        inventory = observe(self._engine, application.name) if self.reachable() else Inventory()
        return DockerObservation(inventory, self.config.read(), files.secret_names(self._layout), self._settings)

    def rejections(
        self, application: EffectiveApplication, render: Callable[[EffectiveApplication], Mapping[str, str]]
    ) -> tuple[Rejection, ...]:
        """Return what Envoy rejects in the new or changed files that ``render`` returns for ``application``."""
        current = self.config.read()
        paths = [path for path, content in render(application).items() if current.get(path) != content]
        image = application.references[platform_image("envoy")]
        return validate(self._engine, image, self._layout, application, render, paths)

    def run(self, operation: Operation, execution: Execution) -> None:
        """Execute an operation of a plan. Raises ``DriverError``."""
        self._executor.run(operation, execution)

    def remove_leftovers(self) -> None:
        """Remove the load generators of killed runs."""
        self.load.remove_leftovers()
