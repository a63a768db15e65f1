"""What an engine is asked for by operations, and how long it may take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Execution
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.executor import Executor
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.operations import CreateContainer, RemoveContainer
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.proxies import DockerProxies
from world import World, application

NAME = "app-web-1"


class Stopping(Engine):
    """An engine with one container, as ``created``; it records the timeout of each request."""

    def __init__(self, created: dict[str, Any]) -> None:
        super().__init__()
        self._created = created
        self.timeouts: dict[str, float] = {}

    def _send(self, method: str, path: str, query: Any, body: Any, headers: Any, timeout: float | None) -> Any:
        raise AssertionError(path)

    def get(self, path: str, **query: Any) -> Any:
        if path == f"/containers/{NAME}/json":
            return {"Config": self._created}
        raise EngineError(404, path)

    def post(self, path: str, body: Any = None, timeout: float | None = None, **query: Any) -> Any:
        self.timeouts[path] = timeout or self._timeout

    def delete(self, path: str, **query: Any) -> None:
        self.timeouts[path] = self._timeout


@pytest.mark.parametrize("seconds", [None, 1, 120, 600])
def test_a_container_has_the_time_to_stop_that_it_asks_for(seconds: int | None, tmp_path: Path) -> None:
    """The engine answers once it has stopped, or was killed since its time was up."""
    model = application(web={"stop_grace_period": f"{seconds}s"} if seconds else {})
    made = World().plan(model).operations[f"create {NAME}"]
    assert isinstance(made, CreateContainer)
    engine, layout = Stopping(made.container.create_body()), Layout("app", str(tmp_path))
    operation = RemoveContainer(subject=NAME, cause="taken down")
    Executor(engine, layout, DockerProxies(layout)).run(operation, Execution(model, lambda line: None, 1.0))
    assert engine.timeouts[f"/containers/{NAME}/stop"] >= (seconds or 10) + 30
    assert list(engine.timeouts) == [f"/containers/{NAME}/{action}" for action in ("update", "stop")] + [f"/containers/{NAME}"]
