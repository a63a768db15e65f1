"""The proxies' own image judges files before they are written: quickly, in containers that are gone afterwards."""

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
    """Return the image that the shop's proxies run."""
    return docker("inspect", "-f", "{{.Config.Image}}", name("orders-1", "proxy"))


def judged(application: EffectiveApplication, layout: Layout, reference: str) -> list[str]:
    paths = render_mesh(application)
    return [str(each) for each in validation.validate(Engine(), reference, layout, application, render_mesh, paths)]


def spoilt() -> EffectiveApplication:
    """Return the shop with an interval that no parser lets through."""
    orders = SHOP.component("orders")
    policy = replace(orders.policy, timeout=3.0, outlier_detection=OutlierDetection(interval=0.0, consecutive_errors=3))
    components = (replace(each, policy=policy) if each is orders else each for each in SHOP.components)
    return replace(SHOP, components=tuple(components))


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    yield Layout("valtest", str(tmp_path))
    for container in containers():
        docker("rm", "--force", container)


def test_the_whole_shop_is_accepted_and_nothing_is_left(layout: Layout) -> None:
    assert judged(SHOP, layout, image()) == []
    assert list(layout.home.iterdir()) == []
    assert eventually(lambda: not containers())


def test_what_envoy_rejects_is_told_with_its_key_and_nothing_has_changed(layout: Layout) -> None:
    written = layout.mesh / "shared" / "routes.json"
    written.parent.mkdir(parents=True)
    written.write_text("as it was")
    began = time.monotonic()
    assert judged(spoilt(), layout, image()) == [
        "services.orders.x-mesh.policy.outlier_detection.interval: found 0s;"
        " Envoy says: OutlierDetectionValidationError.Interval: value must be greater than 0s"
    ]
    assert time.monotonic() - began < 15
    assert [path for path in layout.home.rglob("*") if path.is_file()] == [written]
    assert written.read_text() == "as it was"
    assert eventually(lambda: not containers())


def test_a_run_that_is_killed_leaves_nothing_that_lasts(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = image()
    other = multiprocessing.Process(target=judged, args=(spoilt(), layout, reference))
    other.start()
    assert eventually(containers)
    assert other.pid
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    monkeypatch.setattr(validation, "LEFTOVER_SECONDS", -1.0)
    assert judged(SHOP, layout, reference) == []
    assert eventually(lambda: not containers())
    assert list(layout.home.iterdir()) == []


def test_an_image_that_is_not_there_judges_nothing(layout: Layout) -> None:
    with pytest.raises(EngineError, match="No such image"):
        judged(SHOP, layout, "evenkeel/valtest:none")
    assert list(layout.home.iterdir()) == []
