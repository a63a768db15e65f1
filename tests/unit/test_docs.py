"""The places in the code that docs/ names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE_UTILS = ROOT / "plugins" / "module_utils"
PAGES = sorted((ROOT / "docs").glob("*.md"))
QUOTED = re.compile(r"`([^`\n]+)`")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")


def rows() -> list[tuple[list[str], list[str]]]:
    """Return the files of each row of the table "Where it happens", and the identifiers in its last column."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.partition("\n## Where it happens\n")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ") and "`" in line]
    names = [[text for text in QUOTED.findall(functions) if not text.endswith(".json")] for _what, _files, functions in cells]
    return [
        (QUOTED.findall(files), [name for name in row if IDENTIFIER.fullmatch(name)])
        for (_what, files, _functions), row in zip(cells, names, strict=True)
    ]


def test_each_step_happens_where_the_architecture_page_says() -> None:
    assert len(rows()) > 5
    for files, identifiers in rows():
        code = "\n".join((MODULE_UTILS / file).read_text(encoding="utf-8") for file in files)
        missing = [part for name in identifiers for part in name.split(".") if not re.search(rf"\b{part}\b", code)]
        assert identifiers and not missing, f"{files}: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    names = {name for name in QUOTED.findall(page.read_text(encoding="utf-8")) if re.fullmatch(r"[\w./-]+\.(py|yml|sh)", name)}
    places = [ROOT, MODULE_UTILS, ROOT / "playbooks", ROOT / "pulumi", MODULE_UTILS / "drivers" / "docker"]
    assert [name for name in sorted(names) if not any((place / name).exists() for place in places)] == []
