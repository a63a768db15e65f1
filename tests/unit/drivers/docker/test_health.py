"""Whether a workload is ready, by the answers of an engine."""

from __future__ import annotations

import io
import struct
from contextlib import nullcontext
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import health
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError, Result
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Kind

COMPONENT = Component("web", Kind.STATELESS)


class Answering(Engine):
    """An engine that runs a command and reports the given exit status."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self._status = status
        self.timeouts: list[float] = []

    def post(self, path: str, body: Any = None, timeout: float | None = None, **query: Any) -> Any:
        return {"Id": "key"}

    def get(self, path: str, **query: Any) -> Any:
        return {"ExitCode": self._status}

    def _send(self, *words: Any) -> Any:
        self.timeouts.append(words[-1])
        return nullcontext(io.BytesIO(struct.pack(">BxxxI", 1, 2) + b"ok"))


def body(seconds: float) -> dict[str, Any]:
    check = {"Test": ["CMD", "check"], "Timeout": round(seconds * 1e9)}
    return {"Id": "web-1", "State": {"Pid": 0}, "Config": {"Healthcheck": check}}


def test_a_command_without_an_exit_status_has_not_succeeded() -> None:
    assert Answering(0).run("web-1", ("check",)) == Result(0, "ok")
    with pytest.raises(EngineError, match="web-1: check has no exit status"):
        Answering(None).run("web-1", ("check",))
    assert not health.workload_ready(Answering(None), body(5), COMPONENT)


@pytest.mark.parametrize(("seconds", "waited"), [(45.0, 45.0), (0.0, 30.0)])
def test_a_health_check_has_its_own_timeout(seconds: float, waited: float) -> None:
    engine = Answering(0)
    assert health.workload_ready(engine, body(seconds), COMPONENT)
    assert engine.timeouts == [waited]
