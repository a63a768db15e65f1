"""Executes the operations of a plan on an engine. Each can be repeated after an interrupted run."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import singledispatchmethod
from typing import Any

from ...mesh.clusters import endpoints_file
from ...mesh.files import endpoint_files, served_addresses
from ...model.instance import Instance
from ...plan.graph import Operation
from ..base import Execution
from ..errors import Cancelled, TargetUnavailable
from . import files, names
from .client import Engine, EngineError
from .containers import Container
from .drain import drain
from .handover import Handover
from .health import HealthWaiter
from .layout import Layout
from .names import Role
from .operations import (
    Admit,
    AwaitInstance,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    DeleteFile,
    DeleteFolder,
    DetachContainer,
    Drain,
    GenerateSecret,
    HandOverProxy,
    RecreateContainer,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    StartContainer,
    UpdateContainer,
    Withdraw,
    WriteFile,
)
from .proxies import DockerProxies

ENGINE_WAIT_SECONDS = 180.0
_RETRY_SECONDS = 1.0
_CONFLICT = 409
# An engine responds to a stop once the container has exited, or was killed after its stop timeout.
_STOP_GRACE_SECONDS, _DEFAULT_STOP_SECONDS = 60.0, 10


class Executor:
    """Executes operations for one application on ``engine``, in several threads at once."""

    def __init__(self, engine: Engine, layout: Layout, proxies: DockerProxies) -> None:
        self._engine = engine
        self._layout = layout
        self._proxies = proxies
        self._endpoints_lock = threading.Lock()
        self._handover = Handover(engine, layout, self._create, self._remove)

    def run(self, operation: Operation, execution: Execution) -> None:
        """Execute one operation; wait for an engine that does not answer. Raises ``DriverError``."""
        started = time.monotonic()
        reported = False
        while True:
            if execution.cancelled():
                raise Cancelled("cancelled")
            try:
                self._execute(operation, execution)
                break
            except TargetUnavailable as error:
                if time.monotonic() - started > ENGINE_WAIT_SECONDS:
                    raise
                if not reported:
                    reported = True
                    execution.say(f"{operation.key}: {error}; retrying for up to {ENGINE_WAIT_SECONDS:.0f} s")
                time.sleep(_RETRY_SECONDS)
        if isinstance(operation, AwaitInstance):
            execution.say(f"{operation.subject}: healthy after {time.monotonic() - started:.1f} s")

    @singledispatchmethod
    def _execute(self, operation: Operation, execution: Execution) -> None:
        raise TypeError(f"unknown operation {type(operation).__name__}")

    @_execute.register
    def _create_network(self, operation: CreateNetwork, execution: Execution) -> None:
        subnet = {"Driver": "default", "Config": [{"Subnet": operation.subnet}]}
        labels = dict(operation.labels)
        body = {"Name": operation.subject, "Driver": "bridge", "CheckDuplicate": True, "IPAM": subnet, "Labels": labels}
        try:
            self._engine.post("/networks/create", body)
        except EngineError as error:
            # An earlier attempt may have created it although its response was lost.
            if error.status != _CONFLICT:
                raise

    @_execute.register
    def _remove_network(self, operation: RemoveNetwork, execution: Execution) -> None:
        name = operation.subject
        with suppress(EngineError):
            for key in self._engine.get(f"/networks/{name}")["Containers"]:
                self._engine.post(f"/networks/{name}/disconnect", {"Container": key, "Force": True})
        self._engine.delete(f"/networks/{name}")

    @_execute.register
    def _create_volume(self, operation: CreateVolume, execution: Execution) -> None:
        self._engine.post("/volumes/create", {"Name": operation.subject, "Labels": dict(operation.labels)})

    @_execute.register
    def _remove_volume(self, operation: RemoveVolume, execution: Execution) -> None:
        self._engine.delete(f"/volumes/{operation.subject}")

    @_execute.register
    def _generate_secret(self, operation: GenerateSecret, execution: Execution) -> None:
        files.generate_secret(self._layout, operation.subject)

    @_execute.register
    def _write_file(self, operation: WriteFile, execution: Execution) -> None:
        files.write(self._layout.mesh / operation.subject, operation.content.encode())

    @_execute.register
    def _delete_file(self, operation: DeleteFile, execution: Execution) -> None:
        (self._layout.mesh / operation.subject).unlink(missing_ok=True)

    @_execute.register
    def _delete_folder(self, operation: DeleteFolder, execution: Execution) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(operation.subject)

    @_execute.register
    def _create_container(self, operation: CreateContainer, execution: Execution) -> None:
        self._create(operation.container, execution)

    @_execute.register
    def _recreate_container(self, operation: RecreateContainer, execution: Execution) -> None:
        self._remove(operation.subject)
        self._create(operation.container, execution)

    @_execute.register
    def _hand_over_proxy(self, operation: HandOverProxy, execution: Execution) -> None:
        self._handover.run(operation.container, execution)

    @_execute.register
    def _start_container(self, operation: StartContainer, execution: Execution) -> None:
        self._start(operation.container, execution)

    @_execute.register
    def _update_container(self, operation: UpdateContainer, execution: Execution) -> None:
        container = operation.container
        limits: dict[str, Any] = {**container.limits(), "RestartPolicy": {"Name": "always"}}
        if container.memory:
            limits["MemorySwap"] = 2 * container.memory
        self._engine.post(f"/containers/{container.name}/update", limits)
        self._start(container, execution)

    @_execute.register
    def _detach_container(self, operation: DetachContainer, execution: Execution) -> None:
        name = operation.container.name
        for network in self._engine.get(f"/containers/{name}/json")["NetworkSettings"]["Networks"]:
            if network != operation.network:
                self._engine.post(f"/networks/{network}/disconnect", {"Container": name, "Force": True})

    @_execute.register
    def _remove_container(self, operation: RemoveContainer, execution: Execution) -> None:
        # The folder first: without the container, no later run would remove it.
        if operation.folder:
            shutil.rmtree(self._layout.admin_folder(operation.folder), ignore_errors=True)
        self._remove(operation.subject)
        if operation.subject != names.former_name(operation.subject):
            self._handover.revert(names.former_name(operation.subject))

    @_execute.register
    def _admit(self, operation: Admit, execution: Execution) -> None:
        self._change_endpoints(operation, lambda serving: serving | {operation.instance})

    @_execute.register
    def _withdraw(self, operation: Withdraw, execution: Execution) -> None:
        self._change_endpoints(operation, lambda serving: serving - {operation.instance})

    @_execute.register
    def _drain(self, operation: Drain, execution: Execution) -> None:
        drain(execution.application, self._layout, self._proxies, operation.instance)

    @_execute.register
    def _await_instance(self, operation: AwaitInstance, execution: Execution) -> None:
        parts = {container.role: container.name for container in operation.containers}
        waiter = HealthWaiter(self._engine, time.monotonic() + execution.timeout, execution.cancelled)
        waiter.wait_for_proxy(parts[Role.PROXY], self._layout.admin_socket(operation.subject))
        if Role.WORKLOAD in parts:
            waiter.wait_for_workload(parts[Role.WORKLOAD], operation.model)

    def _change_endpoints(
        self, operation: Admit | Withdraw, change: Callable[[frozenset[Instance]], frozenset[Instance]]
    ) -> None:
        """Replace the endpoint files of a version, with ``change`` applied to the set of serving instances."""
        instance, topology = operation.instance, operation.topology
        with self._endpoints_lock:
            target = instance.version_name
            paths = [endpoints_file(target, port.number) for port in operation.model.ports]
            current = {path: (self._layout.mesh / path).read_text(encoding="utf-8") for path in paths}
            served = served_addresses(current).get(target, frozenset())
            serving = topology.instances_at(served, target)
            contents = endpoint_files(operation.model, instance.version, change(serving), topology)
            for path, content in contents.items():
                files.write(self._layout.mesh / path, content.encode())

    def _create(self, container: Container, execution: Execution) -> None:
        self._prepare(container, execution)
        if container.role == Role.PROXY and self._handover.complete(container):
            return
        try:
            self._engine.post("/containers/create", container.create_body(), name=container.name)
        except EngineError as error:
            # An earlier attempt may have created it although its response was lost; a foreign container is not touched.
            if error.status != _CONFLICT or not self._is_ours(container):
                raise
        self._launch(container, execution)

    def _is_ours(self, container: Container) -> bool:
        labels: Mapping[str, str] = self._engine.get(f"/containers/{container.name}/json")["Config"]["Labels"] or {}
        return labels.get(names.APPLICATION) == container.application and labels.get(names.DIGEST) == container.digest

    def _start(self, container: Container, execution: Execution) -> None:
        self._prepare(container, execution)
        with suppress(EngineError):
            self._engine.post(f"/containers/{container.name}/unpause")
        self._launch(container, execution)

    def _launch(self, container: Container, execution: Execution) -> None:
        self._engine.post(f"/containers/{container.name}/start")
        if container.role == Role.SANDBOX:
            waiter = HealthWaiter(self._engine, time.monotonic() + execution.timeout, execution.cancelled)
            waiter.wait_for_sandbox(container.name)

    def _remove(self, name: str) -> None:
        """Stop a container within its stop timeout, and remove it. Without its restart policy nothing restarts it meanwhile."""
        try:
            grace = self._engine.get(f"/containers/{name}/json")["Config"].get("StopTimeout") or _DEFAULT_STOP_SECONDS
            self._engine.post(f"/containers/{name}/update", {"RestartPolicy": {"Name": "no"}})
            self._engine.post(f"/containers/{name}/stop", timeout=grace + _STOP_GRACE_SECONDS)
        except EngineError as error:
            if error.status != 404:
                raise
        self._engine.delete(f"/containers/{name}", force=1)

    def _prepare(self, container: Container, execution: Execution) -> None:
        if container.role == Role.PROXY:
            files.ensure_admin_folder(self._layout, container.instance, int(container.body["User"].partition(":")[0]))
        if container.role == Role.WORKLOAD:
            for secret in execution.application.component(container.component).secrets:
                files.copy_secret(self._layout, container.component, secret)
