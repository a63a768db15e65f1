"""A second `site.yml`, with nothing to do, beside `ansible-playbook` on an empty play. Aim: a ratio of at most 2.5.

Run it from the repository's root with the shop deployed: `.venv/bin/python bench/second_run.py [ROUNDS]`. COMPOSE_PROJECT_NAME
selects another deployment.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from side_by_side import command, measure, report

EMPTY = "- name: Nothing\n  hosts: localhost\n  gather_facts: false\n  tasks: []\n"
ROUNDS = 7


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as empty:
        empty.write(EMPTY)
        empty.flush()
        sides = {"empty play": command(playbook, empty.name), "second site.yml": command(playbook, "playbooks/site.yml")}
        report(measure(sides, rounds), "empty play")


if __name__ == "__main__":
    main()
