"""Simulated processes: each is one thread, and what it does at once it does one after another."""

from __future__ import annotations

import pytest
from memory.pool import SequentialPool

# What is shared with another suite says as much of an assertion that fails as a test does.
pytest.register_assert_rewrite("contract.scenarios")

_UTILS = "ansible_collections.evenkeel.mesh.plugins.module_utils"
_MODULES = ("plan.execute", "workflows.release_target", "workflows.scale", "workflows.status")


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all that workflows do in threads be done in the order in which it is asked for."""
    for module in _MODULES:
        monkeypatch.setattr(f"{_UTILS}.{module}.ThreadPoolExecutor", SequentialPool)
    monkeypatch.setattr(f"{_UTILS}.release.rollout._PAUSE_SECONDS", 0.5)
