"""Simulated processes: each is one thread, whose concurrent work runs in sequence."""

from __future__ import annotations

import pytest
from memory.pool import SequentialPool

# Failed assertions in the scenarios shared with another suite are as detailed as those in tests.
pytest.register_assert_rewrite("contract.scenarios")

_UTILS = "ansible_collections.evenkeel.mesh.plugins.module_utils"
_MODULES = ("plan.execute", "workflows.release_target", "workflows.scale", "workflows.status")


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run everything that workflows submit to threads in the order of submission."""
    for module in _MODULES:
        monkeypatch.setattr(f"{_UTILS}.{module}.ThreadPoolExecutor", SequentialPool)
    monkeypatch.setattr(f"{_UTILS}.release.rollout._POLL_SECONDS", 0.5)
