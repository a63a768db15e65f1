"""A short run of bench/chaos.py on a host whose engine may be killed."""

from __future__ import annotations

import subprocess
import sys

from hosts import INVENTORY, ROOT


def test_runs_converge_after_playbooks_and_engines_were_killed() -> None:
    command = [sys.executable, "bench/chaos.py", "2", "6", str(INVENTORY), "one"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "converged 2 times" in result.stdout
