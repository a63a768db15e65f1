"""Every measurement runs: one short round each, so that a figure can be made today. What it measures is no pass mark."""

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
PARTS = {"plain_compose", "echo_release", "side_by_side"}
# It kills engines, of hosts that are made for it.
ELSEWHERE = {"chaos": "tests/remote/test_chaos.py"}


def test_every_bench_is_run() -> None:
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} == {*BENCHES, *PARTS, *ELSEWHERE}
    assert all(f"bench/{name}.py" in (ROOT / place).read_text() for name, place in ELSEWHERE.items())


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_runs(name: str) -> None:
    script = Path("bench", f"{name}.py")
    done = subprocess.run([sys.executable, str(script), *BENCHES[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(letter.isdigit() for letter in done.stdout)
