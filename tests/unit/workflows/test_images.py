"""Missing images are planned and built or pulled in any store, parents first, while the heartbeat lasts."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import ImageStore
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import ImageError
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.execute import Outcome
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import images


class MemoryStore:
    """A store of names; images in ``broken`` are unavailable."""

    def __init__(self, *known: str, broken: tuple[str, ...] = ()) -> None:
        self.known, self.broken = list(known), broken
        self.archives: dict[str, bytes] = {}

    def missing(self, references: Iterable[str]) -> list[str]:
        return [reference for reference in dict.fromkeys(references) if reference and reference not in self.known]

    def pull(self, reference: str, say: Callable[[str], None]) -> None:
        say("1 of 2 layers")
        self._have(reference)

    def build(self, recipe: Recipe, archive: Path, say: Callable[[str], None]) -> None:
        say("[1/2] RUN make")
        self.archives[recipe.name] = archive.read_bytes()
        assert not self.missing(RECIPES[parent].reference for parent in recipe.parents)
        self._have(recipe.reference)

    def read_file(self, reference: str, path: str) -> str:
        raise ImageError(f"{reference} has no {path}")

    def _have(self, reference: str) -> None:
        if reference in self.broken:
            raise ImageError(f"{reference} is broken")
        self.known.append(reference)


def recipe(name: str, *parents: str) -> Recipe:
    return Recipe(name, f"evenkeel/{name}:1", parents, "Dockerfile", {}, "", False)


RECIPES = {item.name: item for item in (recipe("base"), recipe("java", "base"), recipe("web", "java", "base"), recipe("other"))}
NEEDED = {"web": "evenkeel/web:1", "db": "mysql:8", "copy": "mysql:8", "gateway": ""}
ALL_IMAGES = ["evenkeel/base:1", "evenkeel/java:1", "evenkeel/web:1", "mysql:8"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.tar"
    with tarfile.open(path, "w") as archive:
        for name in RECIPES:
            member = tarfile.TarInfo(f"{name}.tar")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    return path


def carry_out(store: ImageStore, bundle: Path, **options: Callable[[], bool]) -> tuple[Outcome, list[str]]:
    messages: list[str] = []
    plan = images.plan_images(RECIPES, images.missing_images(store, RECIPES, NEEDED))
    return images.build_and_pull(store, plan, bundle, messages.append, **options), messages


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ((), ALL_IMAGES),
        (("evenkeel/base:1",), ALL_IMAGES[1:]),
        # Parents are needed for builds only: an existing image needs none.
        (("evenkeel/web:1",), ["mysql:8"]),
        (("evenkeel/java:1",), ["evenkeel/base:1", "evenkeel/web:1", "mysql:8"]),
        (ALL_IMAGES, []),
    ],
)
def test_missing_images_include_their_parents(known: tuple[str, ...], missing: list[str]) -> None:
    assert images.missing_images(MemoryStore(*known), RECIPES, NEEDED) == missing


def test_a_plan_builds_parents_first_and_pulls_other_images() -> None:
    plan = images.plan_images(RECIPES, ALL_IMAGES)
    assert [str(operation) for operation in plan.operations.values()] == [
        "build base (no image evenkeel/base:1)",
        "build java (no image evenkeel/java:1)",
        "build web (no image evenkeel/web:1)",
        "pull mysql:8 (missing)",
    ]
    assert plan.operations["build web"].after == {"build java", "build base"}


def test_missing_images_are_built_from_their_own_archives(bundle: Path) -> None:
    store = MemoryStore("mysql:8")
    outcome, messages = carry_out(store, bundle)
    assert (outcome.failed, outcome.skipped) == ({}, ())
    assert store.missing(ALL_IMAGES) == []
    assert store.archives == {"base": b"base", "java": b"java", "web": b"web"}
    # A quick image has one line.
    assert messages == ["image base: ready after 0 s", "image java: ready after 0 s", "image web: ready after 0 s"]


def test_progress_of_slow_images_is_reported(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "REPORT_SECONDS", 0.0)
    _unused, messages = carry_out(MemoryStore(*ALL_IMAGES[:2]), bundle)
    assert "image web: [1/2] RUN make (0 s)" in messages
    assert "image mysql:8: 1 of 2 layers (0 s)" in messages


def test_a_failed_image_skips_only_its_children(bundle: Path) -> None:
    outcome, _unused = carry_out(MemoryStore(broken=("evenkeel/java:1",)), bundle)
    assert {key: str(error) for key, error in outcome.failed.items()} == {"build java": "evenkeel/java:1 is broken"}
    assert outcome.skipped == ("build web",)
    assert set(outcome.succeeded) == {"build base", "pull mysql:8"}


def test_without_a_heartbeat_no_image_is_started_and_the_current_one_is_interrupted(bundle: Path) -> None:
    answers = iter([True, False, False, False])
    store = MemoryStore("mysql:8")
    outcome, _unused = carry_out(store, bundle, alive=lambda: next(answers))
    assert {key: str(error) for key, error in outcome.failed.items()} == {"build base": "interrupted"}
    assert store.known == ["mysql:8"]
