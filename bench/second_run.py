"""A second `site.yml`, with nothing to do, beside `ansible-playbook` on an empty play and on `ping`. Aim: a ratio of at most 2.5.

Run it from the repository's root with the shop deployed: `.venv/bin/python bench/second_run.py [ROUNDS]`. COMPOSE_PROJECT_NAME
selects another deployment.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from side_by_side import command, measure, report

EMPTY = "- name: Nothing\n  hosts: localhost\n  gather_facts: false\n  tasks: []\n"
PING = "- name: Ping\n  hosts: localhost\n  gather_facts: false\n  become: true\n  tasks: [{ansible.builtin.ping: }]\n"
ROUNDS = 11


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    with tempfile.TemporaryDirectory() as folder:
        sides = {
            "empty play": _play(playbook, Path(folder, "empty.yml"), EMPTY),
            "ping": _play(playbook, Path(folder, "ping.yml"), PING),
            "second site.yml": command(playbook, "playbooks/site.yml"),
        }
        report(measure(sides, rounds), "empty play")


def _play(playbook: str, path: Path, content: str) -> Callable[[], None]:
    path.write_text(content)
    return command(playbook, str(path))


if __name__ == "__main__":
    main()
