"""Carries out the operations of a plan on an engine. Each can be done again after a run that died in the middle."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...plan.graph import Operation
from . import files, names
from .client import Engine, EngineError
from .containers import Container
from .desired import Desired
from .drain import drain
from .health import Waiting
from .layout import Layout


@dataclass(frozen=True)
class Driver:
    """Brings ``wanted`` about on ``engine``; ``say`` is told what is done; ``deadline`` is a time of the monotonic clock."""

    engine: Engine
    wanted: Desired
    layout: Layout
    say: Callable[[str], None]
    deadline: float

    def run(self, operation: Operation) -> None:
        """Carry out one operation. Raises ``EngineError``, ``Unhealthy`` or ``OSError``."""
        started = time.monotonic()
        getattr(self, "_" + operation.verb.replace(" ", "_"))(operation.subject)
        if operation.verb == "await":
            self.say(f"{operation.subject}: healthy after {time.monotonic() - started:.1f} s")

    def _create_network(self, name: str) -> None:
        goal = self.wanted.infrastructure
        subnet = {"Driver": "default", "Config": [{"Subnet": goal.subnet}]}
        body = {"Name": name, "Driver": "bridge", "CheckDuplicate": True, "IPAM": subnet, "Labels": dict(goal.labels)}
        self.engine.post("/networks/create", body)

    def _remove_network(self, name: str) -> None:
        with suppress(EngineError):
            for key in self.engine.get(f"/networks/{name}")["Containers"]:
                self.engine.post(f"/networks/{name}/disconnect", {"Container": key, "Force": True})
        self.engine.delete(f"/networks/{name}")

    def _create_volume(self, name: str) -> None:
        self.engine.post("/volumes/create", {"Name": name, "Labels": dict(self.wanted.infrastructure.volumes[name].labels)})

    def _remove_volume(self, name: str) -> None:
        self.engine.delete(f"/volumes/{name}")

    def _create_secret(self, name: str) -> None:
        files.generate_secret(self.layout, name)

    def _write(self, path: str) -> None:
        files.write(self.layout.mesh / path, self.wanted.files[path].encode())

    def _delete(self, path: str) -> None:
        (self.layout.mesh / path).unlink(missing_ok=True)

    def _delete_data(self, folder: str) -> None:
        shutil.rmtree(folder)

    def _create(self, name: str) -> None:
        container = self.wanted.containers[name]
        self._prepare(container)
        self.engine.post("/containers/create", container.creation(self.wanted.application.name), name=name)
        self._launch(container)

    def _recreate(self, name: str) -> None:
        self._remove(name)
        self._create(name)

    def _start(self, name: str) -> None:
        container = self.wanted.containers[name]
        self._prepare(container)
        with suppress(EngineError):
            self.engine.post(f"/containers/{name}/unpause")
        self._launch(container)

    def _launch(self, container: Container) -> None:
        self.engine.post(f"/containers/{container.name}/start")
        if container.role == names.SANDBOX:
            Waiting(self.engine, self.deadline).for_sandbox(container.name)

    def _update(self, name: str) -> None:
        container = self.wanted.containers[name]
        limits: dict[str, Any] = {**container.limits(), "RestartPolicy": {"Name": "always"}}
        if container.memory:
            limits["MemorySwap"] = 2 * container.memory
        self.engine.post(f"/containers/{name}/update", limits)
        self._start(name)

    def _detach(self, name: str) -> None:
        for network in self.engine.get(f"/containers/{name}/json")["NetworkSettings"]["Networks"]:
            if network != self.wanted.infrastructure.network:
                self.engine.post(f"/networks/{network}/disconnect", {"Container": name, "Force": True})

    def _remove(self, name: str) -> None:
        """Stop a container in the time that it asks for, and remove it. Without a restart policy nobody starts it again."""
        try:
            self.engine.post(f"/containers/{name}/update", {"RestartPolicy": {"Name": "no"}})
            self.engine.post(f"/containers/{name}/stop")
        except EngineError as error:
            if error.status != 404:
                raise
        self.engine.delete(f"/containers/{name}", force=1)

    def _drain(self, instance: str) -> None:
        drain(self.wanted.application, self.layout, instance)

    def _await(self, instance: str) -> None:
        parts = {each.role: each for each in self.wanted.containers.values() if each.instance == instance}
        waiting = Waiting(self.engine, self.deadline)
        proxy = parts[names.PROXY]
        waiting.for_proxy(proxy.name, self.layout.admin(instance))
        if names.WORKLOAD in parts:
            component = self.wanted.application.component(proxy.component)
            waiting.for_workload(parts[names.WORKLOAD].name, component)

    def _prepare(self, container: Container) -> None:
        if container.role == names.PROXY:
            files.admin_directory(self.layout, container.instance, int(container.body["User"].partition(":")[0]))
        if container.role == names.WORKLOAD:
            for secret in self.wanted.application.component(container.component).secrets:
                files.mount_secret(self.layout, container.component, secret)
