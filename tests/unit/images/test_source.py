"""Images are named by the content that they are built from, and by nothing else."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.context import context_files
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.source import Image, Source, SourceError, resolve_images


def folder(root: Path, name: str, **files: str) -> Path:
    path = root / name
    path.mkdir(exist_ok=True)
    for file, content in files.items():
        (path / file).write_text(content)
    return path


def shop(root: Path) -> dict[str, Image]:
    sources = {
        "base": Source(folder(root, "base", rootfs="#!/bin/sh\n")),
        "runtime": Source(folder(root, "runtime", Dockerfile="FROM evenkeel/base\nCOPY host-ca.crt /\n")),
        "web": Source(folder(root, "web", Dockerfile="FROM evenkeel/runtime\nCOPY . /\n", page="1")),
        "other": Source(folder(root, "other", Dockerfile="FROM debian:12\n")),
    }
    return resolve_images(sources, ("web", "other"))


def archive_members(image: Image, host_ca: bytes = b"") -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(image.context(host_ca))) as archive:
        return {member.name: member for member in archive.getmembers()}


def references(images_by_name: dict[str, Image]) -> dict[str, str]:
    return {name: image.reference for name, image in images_by_name.items()}


def test_parents_come_first_and_are_referenced_in_the_dockerfile(tmp_path: Path) -> None:
    images_by_name = shop(tmp_path)
    assert list(images_by_name) == ["base", "runtime", "web", "other"]
    assert images_by_name["web"].dockerfile.startswith(f"FROM {images_by_name['runtime'].reference}\n")


def test_parents_are_the_images_of_stages_copies_and_mounts(tmp_path: Path) -> None:
    folder(tmp_path, "tools", Dockerfile="FROM scratch\n")
    text = (
        "FROM evenkeel/base\n"
        "COPY --chown=1 --from=evenkeel/runtime /a /\n"
        "RUN --mount=type=bind,from=evenkeel/tools,target=/t \\\n"
        "    --mount=from=evenkeel/web,target=/w make evenkeel/other\n"
        "RUN echo evenkeel/other\n"
    )
    shop(tmp_path)
    sources = {name: Source(tmp_path / name) for name in ("base", "runtime", "web", "tools", "other")}
    images_by_name = resolve_images({**sources, "all": Source(folder(tmp_path, "all", Dockerfile=text))}, ("all",))
    assert images_by_name["all"].parents == ("base", "runtime", "tools", "web")
    assert f"from={images_by_name['tools'].reference},target=/t" in images_by_name["all"].dockerfile
    assert "RUN echo evenkeel/other\n" in images_by_name["all"].dockerfile


def test_a_here_document_names_no_parents(tmp_path: Path) -> None:
    text = (
        "FROM evenkeel/base\n"
        "# cat <<COMMENT\n"
        "RUN echo $((1 << 2)) <<<word\n"
        "COPY <<ONE <<-'TWO' /\n"
        "FROM evenkeel/nothing\n"
        "ONE\n"
        "FROM evenkeel/nothing\n"
        "\tTWO\n"
        "FROM evenkeel/runtime\n"
    )
    shop(tmp_path)
    sources = {name: Source(tmp_path / name) for name in ("base", "runtime")}
    images_by_name = resolve_images({**sources, "all": Source(folder(tmp_path, "all", Dockerfile=text))}, ("all",))["all"]
    assert images_by_name.parents == ("base", "runtime")
    assert images_by_name.dockerfile.count("FROM evenkeel/nothing\n") == 2


def test_a_change_renames_the_image_and_those_made_from_it(tmp_path: Path) -> None:
    before = references(shop(tmp_path))
    (tmp_path / "runtime" / "new").write_text("x")
    after = references(shop(tmp_path))
    assert {name for name in after if after[name] != before[name]} == {"runtime", "web"}


def test_times_owners_and_ignored_files_do_not_rename_the_image(tmp_path: Path) -> None:
    before = references(shop(tmp_path))
    os.utime(tmp_path / "web" / "page", (1, 1))
    folder(tmp_path / "web", "__pycache__", cached="x")
    assert references(shop(tmp_path)) == before


def test_an_executable_bit_renames_the_image(tmp_path: Path) -> None:
    before = references(shop(tmp_path))
    (tmp_path / "web" / "page").chmod(0o755)
    assert references(shop(tmp_path))["web"] != before["web"]


def test_the_hosts_certificates_are_added_only_where_requested(tmp_path: Path) -> None:
    images_by_name = shop(tmp_path)
    assert "host-ca.crt" in archive_members(images_by_name["runtime"], b"pem")
    assert "host-ca.crt" not in archive_members(images_by_name["web"], b"pem")


def test_a_link_out_of_the_context_is_resolved(tmp_path: Path) -> None:
    shop(tmp_path)
    (tmp_path / "shared").write_text("one")
    (tmp_path / "web" / "shared").symlink_to("../shared")
    before = references(shop(tmp_path))["web"]
    assert archive_members(shop(tmp_path)["web"])["shared"].isfile()
    (tmp_path / "shared").write_text("two")
    assert references(shop(tmp_path))["web"] != before


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("*.md\n!keep.md", {"keep.md", "src/a.py", "src/b.md"}),
        ("**/*.md", {"src/a.py"}),
        ("src", {"keep.md", "read.md"}),
        ("# nothing\n", {"keep.md", "read.md", "src/a.py", "src/b.md"}),
    ],
)
def test_dockerignore_is_honoured(tmp_path: Path, rules: str, expected: set[str]) -> None:
    folder(tmp_path, "src", **{"a.py": "", "b.md": ""})
    for name in ("keep.md", "read.md"):
        (tmp_path / name).write_text("")
    (tmp_path / ".dockerignore").write_text(rules)
    assert {str(name) for name in context_files(tmp_path)} - {".dockerignore"} == expected


def test_a_missing_parent_is_reported(tmp_path: Path) -> None:
    sources = {"web": Source(folder(tmp_path, "web", Dockerfile="FROM evenkeel/absent\n"))}
    with pytest.raises(SourceError, match="web: found the parent evenkeel/absent; allowed: web"):
        resolve_images(sources, ("web",))


def test_a_cycle_of_parents_is_reported(tmp_path: Path) -> None:
    sources = {
        "a": Source(folder(tmp_path, "a", Dockerfile="FROM evenkeel/b\n")),
        "b": Source(folder(tmp_path, "b", Dockerfile="FROM evenkeel/a\n")),
    }
    with pytest.raises(SourceError, match="a → b → a"):
        resolve_images(sources, ("a",))


def test_a_folder_without_a_dockerfile_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Dockerfile: found nothing; allowed: a Dockerfile"):
        resolve_images({"web": Source(tmp_path)}, ("web",))
