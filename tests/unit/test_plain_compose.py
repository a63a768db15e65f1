"""What the shop is measured beside: Docker Compose takes the same application without the mesh."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from plain_compose import NAME, compose_program, write_plain


def test_compose_takes_the_file_that_benches_are_made_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is asked for that."""
    monkeypatch.chdir(ROOT)
    file = write_plain(tmp_path)
    command = [compose_program(), "--file", str(file), "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    taken = json.loads(done.stdout)
    assert taken["name"] == NAME
    assert len(taken["services"]) == 16
    assert set(taken["volumes"]) == {"carts-db", "catalogue-db", "orders-db", "rabbitmq", "user-db", "zipkin-db"}
    assert all(Path(secret["file"]).is_file() for secret in taken["secrets"].values())
