"""The READMEs and defaults of roles match their argument specifications."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted((ROOT / "roles").iterdir())
sys.path.insert(0, str(ROOT / "tools"))

from role_readmes import readme


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_readme_is_up_to_date(role: Path) -> None:
    assert (role / "README.md").read_text() == readme(role), "run python tools/role_readmes.py"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_specification(role: Path) -> None:
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    file = role / "defaults" / "main.yml"
    defaults = yaml.safe_load(file.read_text()) if file.exists() else {}
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults


def test_no_module_is_called_in_a_loop() -> None:
    for file in (ROOT / "roles").glob("*/tasks/*.yml"):
        for task in yaml.safe_load(file.read_text()):
            assert not {"loop", "with_items"} & set(task), f"{file}: {task['name']}"
