"""Generates the README of each role from its argument specification.

`python tools/role_readmes.py` writes them; the unit tests fail if one is stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[1] / "roles"


def readme(role: Path) -> str:
    """Return the README of a role."""
    description = _read(role / "meta" / "main.yml")["galaxy_info"]["description"]
    spec = _read(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    lines = [f"# {role.name}", "", f"{description}.", "", f"{spec['short_description']}.", ""]
    options = spec["options"]
    if not options:
        return "\n".join([*lines, "It takes no variables of its own.", ""])
    lines += ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, option in options.items():
        default = option.get("default", "none, required")
        lines.append(f"| `{name}` | {option['type']} | `{default}` | {option['description']} |")
    return "\n".join([*lines, ""])


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def main() -> None:
    """Write all of them."""
    for role in sorted(ROLES.iterdir()):
        (role / "README.md").write_text(readme(role), encoding="utf-8")


if __name__ == "__main__":
    main()
