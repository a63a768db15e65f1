"""Validation by Envoy in a container, with a fake engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError, Result
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.validation import LEFTOVER_SECONDS, validate
from samples import render_mesh
from world import effective

SERVICES = {"api": {"image": "a", "expose": ["80"], "x-mesh": {"policy": {"timeout": "7s", "retries": {"attempts": 1}}}}}
APPLICATION = effective(parse({"name": "app", "services": SERVICES}, "compose.yaml", {}, "app"))
FILES = render_mesh(APPLICATION)
REJECTED = "[critical] error initializing configuration '/candidate/candidate.json': no sevens\n"


@dataclass
class FakeEngine(Engine):
    """An engine whose Envoy rejects documents that contain ``rejected``; it records its runs."""

    rejected: str = "unheard of"
    ended: Result | None = None
    late: bool = False
    listed: list[dict[str, Any]] = field(default_factory=list)
    runs: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def get(self, path: str, **query: Any) -> Any:
        assert (path, query) == ("/containers/json", {"all": 1, "filters": {"label": ["io.evenkeel.validation=app"]}})
        return self.listed

    def delete(self, path: str, **query: Any) -> None:
        self.deleted.append(path)

    def run_to_end(self, name: str, body: Mapping[str, Any], timeout: float) -> Result:
        document = Path(body["HostConfig"]["Mounts"][0]["Source"], "candidate.json").read_text()
        self.runs.append((name, body, document))
        if self.late:
            raise TimeoutError
        return self.ended or (Result(1, REJECTED) if self.rejected in document else Result(0, "OK"))


def reported_rejections(engine: Engine, root: Path, paths: tuple[str, ...] = tuple(FILES)) -> list[str]:
    return [
        str(rejection) for rejection in validate(engine, "envoy:1", Layout("app", str(root)), APPLICATION, render_mesh, paths)
    ]


def remaining_files(root: Path) -> list[str]:
    return [path.name for path in root.joinpath("app").glob("*")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tmp_path.joinpath("app").mkdir()
    return tmp_path


def test_accepted_files_take_one_run_and_leave_nothing_behind(root: Path) -> None:
    engine = FakeEngine()
    assert reported_rejections(engine, root) == []
    [(name, _unused, document)] = engine.runs
    assert name.startswith("app-validation-")
    assert json.loads(document)["static_resources"]["listeners"]
    assert remaining_files(root) == []


def test_without_files_to_write_envoy_is_not_run(root: Path) -> None:
    engine = FakeEngine()
    assert reported_rejections(engine, root, ()) == []
    assert engine.runs == []


def test_the_container_has_no_privileges_and_does_not_belong_to_the_application(root: Path) -> None:
    engine = FakeEngine()
    reported_rejections(engine, root)
    body = engine.runs[0][1]
    host = body["HostConfig"]
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["CapDrop"], body["User"]) == ("none", True, ["ALL"], "65534:65534")
    assert host["Mounts"][0]["ReadOnly"] and host["Memory"] == host["MemorySwap"] > 0
    assert body["Labels"] == {"io.evenkeel.validation": "app"}


def test_the_containers_user_can_read_the_document(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []

    def run(engine: Engine, name: str, body: Mapping[str, Any], timeout: float) -> Result:
        folder = Path(body["HostConfig"]["Mounts"][0]["Source"])
        modes.extend(path.stat().st_mode & 0o777 for path in (folder, folder / "candidate.json"))
        return Result(0, "")

    monkeypatch.setattr(FakeEngine, "run_to_end", run)
    before = os.umask(0o077)
    try:
        reported_rejections(FakeEngine(), root)
    finally:
        os.umask(before)
    assert modes == [0o755, 0o644]


def test_a_rejection_names_its_key(root: Path) -> None:
    engine = FakeEngine(rejected='"7s"')
    assert reported_rejections(engine, root) == ["services.api.x-mesh.policy.timeout: found 7s; Envoy says: no sevens"]
    assert len(engine.runs) <= 5
    assert remaining_files(root) == []


@pytest.mark.parametrize(("engine", "message"), [
    (FakeEngine(ended=Result(137, "\nout of memory\n")), "envoy:1 could not validate .*exited with status 137\nout of memory"),
    (FakeEngine(late=True), "envoy:1 has not validated the mesh's files within 30 s"),
])  # fmt: skip
def test_a_validation_that_does_not_finish_is_an_error(engine: FakeEngine, message: str, root: Path) -> None:
    with pytest.raises(EngineError, match=message):
        reported_rejections(engine, root)
    assert remaining_files(root) == []


def test_leftovers_of_killed_runs_are_removed_and_current_runs_are_kept(root: Path) -> None:
    now = time.time()
    engine = FakeEngine(listed=[{"Id": "old", "Created": now - 2 * LEFTOVER_SECONDS}, {"Id": "new", "Created": now}])
    for name, age in (("app-validation-old", 2 * LEFTOVER_SECONDS), ("app-validation-new", 0), ("mesh", 2 * LEFTOVER_SECONDS)):
        folder = root / "app" / name
        folder.mkdir()
        os.utime(folder, (now - age, now - age))
    reported_rejections(engine, root)
    assert engine.deleted == ["/containers/old"]
    assert sorted(remaining_files(root)) == ["app-validation-new", "mesh"]
