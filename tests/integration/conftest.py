"""The deployed shop: its URLs, and its containers as testinfra hosts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import testinfra

# Failed assertions of the shared scenarios are reported in detail, like those of tests.
pytest.register_assert_rewrite("contract.scenarios")

APPLICATION = os.environ.get("COMPOSE_PROJECT_NAME", "sockshop")
EDGE = f"http://localhost:{os.environ.get('EDGE_HTTP_PORT', '80')}"
STATUS = f"http://localhost:{os.environ.get('EDGE_STATUS_PORT', '8080')}"
ZIPKIN = f"http://localhost:{os.environ.get('ZIPKIN_PORT', '9411')}"


def name(instance: str, role: str = "") -> str:
    """Return a container's name."""
    return f"{APPLICATION}-{instance}" + (f"-{role}" if role else "")


@pytest.fixture(scope="session")
def container() -> Callable[[str], Any]:
    """Return a function that gives an instance's workload as a testinfra host."""
    return lambda instance: testinfra.get_host(f"docker://{name(instance)}")
