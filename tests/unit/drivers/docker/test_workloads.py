"""What an engine tells of the applications, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.workloads import DockerWorkloads
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, Version


class Answering(Engine):
    """An engine that answers every question alike."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def get(self, path: str, **query: Any) -> Any:
        return self._answer


@pytest.mark.parametrize(
    ("answer", "used"),
    [
        ({"memory_stats": {"usage": 300, "stats": {"total_inactive_file": 100}}}, 200),
        ({"memory_stats": {"usage": 300, "stats": {"inactive_file": 200}}}, 100),
        ({"memory_stats": {}}, 0),
        (None, 0),
    ],
    ids=["cgroup v1", "cgroup v2", "stopped", "removed meanwhile"],
)
def test_memory_is_what_the_kernel_would_not_give_back(answer: Any, used: int) -> None:
    assert DockerWorkloads(Answering(answer), "app").memory(Instance("web", Version.STABLE, 1)) == used
