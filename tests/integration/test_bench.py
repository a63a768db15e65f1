"""Every bench runs, for one short round, so that none rots. Its figures are not checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from echo import ROOT

BENCHES = {
    "cold": ("1",),
    "gates": ("20",),
    "releases": ("1", "good", "5 % errors"),
    "second_run": ("1",),
    "weights": ("5",),
}
SHARED_MODULES = {"plain_compose", "echo_release", "side_by_side"}
# It kills engines, of hosts that are made for it.
ELSEWHERE = {"chaos": "tests/remote/test_chaos.py"}


def test_every_bench_is_run() -> None:
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} == {*BENCHES, *SHARED_MODULES, *ELSEWHERE}
    assert all(f"bench/{name}.py" in (ROOT / place).read_text() for name, place in ELSEWHERE.items())


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_runs(name: str) -> None:
    script = Path("bench", f"{name}.py")
    result = subprocess.run([sys.executable, str(script), *BENCHES[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert any(letter.isdigit() for letter in result.stdout)
