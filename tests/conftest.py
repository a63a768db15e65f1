"""What several suites share says as much of an assertion that fails as a test does."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("contract.scenarios")
