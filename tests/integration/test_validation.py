"""Envoy validates files before they are written, in short-lived containers of the proxies' image."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import validation
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.policy import OutlierDetection
from conftest import name
from eventually import eventually
from samples import render_mesh, sockshop

SHOP = replace(sockshop(), name="valtest")


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def containers() -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", "label=io.evenkeel.validation=valtest").splitlines()


def image() -> str:
    """Return the image of the shop's proxies."""
    return docker("inspect", "-f", "{{.Config.Image}}", name("orders-1", "proxy"))


def validate(application: EffectiveApplication, layout: Layout, reference: str) -> list[str]:
    paths = render_mesh(application)
    return [str(rejection) for rejection in validation.validate(Engine(), reference, layout, application, render_mesh, paths)]


def invalid_shop() -> EffectiveApplication:
    """Return the shop with an interval that the parser would refuse."""
    orders = SHOP.component("orders")
    policy = replace(orders.policy, timeout=3.0, outlier_detection=OutlierDetection(interval=0.0, consecutive_errors=3))
    components = (replace(component, policy=policy) if component is orders else component for component in SHOP.components)
    return replace(SHOP, components=tuple(components))


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    yield Layout("valtest", str(tmp_path))
    for container in containers():
        docker("rm", "--force", container)


def test_the_whole_shop_is_accepted_and_nothing_is_left(layout: Layout) -> None:
    assert validate(SHOP, layout, image()) == []
    assert list(layout.home.iterdir()) == []
    assert eventually(lambda: not containers())


def test_a_rejection_names_its_key_and_changes_nothing(layout: Layout) -> None:
    written = layout.mesh / "shared" / "routes.json"
    written.parent.mkdir(parents=True)
    written.write_text("as it was")
    began = time.monotonic()
    assert validate(invalid_shop(), layout, image()) == [
        "services.orders.x-mesh.policy.outlier_detection.interval: found 0s;"
        " Envoy says: OutlierDetectionValidationError.Interval: value must be greater than 0s"
    ]
    assert time.monotonic() - began < 15
    assert [path for path in layout.home.rglob("*") if path.is_file()] == [written]
    assert written.read_text() == "as it was"
    assert eventually(lambda: not containers())


def test_the_next_run_removes_what_a_killed_run_left(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = image()
    killed_run = multiprocessing.Process(target=validate, args=(invalid_shop(), layout, reference))
    killed_run.start()
    assert eventually(containers)
    assert killed_run.pid
    os.kill(killed_run.pid, signal.SIGKILL)
    killed_run.join()
    monkeypatch.setattr(validation, "LEFTOVER_SECONDS", -1.0)
    assert validate(SHOP, layout, reference) == []
    assert eventually(lambda: not containers())
    assert list(layout.home.iterdir()) == []


def test_a_missing_image_is_an_error(layout: Layout) -> None:
    with pytest.raises(EngineError, match="No such image"):
        validate(SHOP, layout, "evenkeel/valtest:none")
    assert list(layout.home.iterdir()) == []
