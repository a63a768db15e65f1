"""The collection as users get it: built, installed elsewhere, and used from there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(f"evenkeel.mesh.{file.stem}" for file in (ROOT / "plugins" / "modules").glob("*.py"))
PLAYBOOKS = sorted(f"evenkeel.mesh.{file.stem}" for file in (ROOT / "playbooks").glob("*.yml"))
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def ansible(command: str, *arguments: str, collections: Path) -> str:
    """Return the output of an Ansible command that has only the collections in ``collections``."""
    words = [str(Path(sys.executable).with_name(command)), *arguments]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {**plain, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_LOCALHOST_WARNING": "false"}
    result = subprocess.run(words, cwd=collections, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collections")
    ansible("ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder), collections=folder)
    tarball = next(folder.glob("*.tar.gz"))
    ansible("ansible-galaxy", "collection", "install", str(tarball), "--offline", "-p", str(folder), collections=folder)
    return folder


def test_every_link_has_a_target(collections: Path) -> None:
    installed = collections / "ansible_collections" / "evenkeel" / "mesh"
    pages = [installed / "README.md", *(installed / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text()) if "://" not in link]
    assert links
    assert [f"{page}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_every_module_is_documented(collections: Path) -> None:
    pages = json.loads(ansible("ansible-doc", "--json", "--type", "module", *MODULES, collections=collections))
    assert sorted(pages) == MODULES
    for name, page in pages.items():
        assert page["doc"]["filename"].startswith(str(collections)), name
        assert page["examples"], name


def test_every_playbook_is_found_by_its_name(collections: Path) -> None:
    ansible("ansible-playbook", "--inventory", "localhost,", "--syntax-check", *PLAYBOOKS, collections=collections)


def test_the_licence_comes_along(collections: Path) -> None:
    installed = collections / "ansible_collections" / "evenkeel" / "mesh"
    assert "GNU GENERAL PUBLIC LICENSE" in (installed / "LICENSE").read_text()[:200]
    manifest = json.loads((installed / "MANIFEST.json").read_text())
    assert manifest["collection_info"]["license"] == ["GPL-3.0-or-later"]
