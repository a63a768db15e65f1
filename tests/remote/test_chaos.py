"""A short round of bench/chaos.py, on a host whose engine is there to be killed."""

from __future__ import annotations

import subprocess
import sys

from hosts import INVENTORY, ROOT


def test_runs_and_engines_may_be_killed() -> None:
    command = [sys.executable, "bench/chaos.py", "2", "6", str(INVENTORY), "one"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "converged 2 times" in done.stdout
