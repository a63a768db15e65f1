"""A cold deployment, images already built, beside Docker Compose v2 with the same 16 components and no proxies.

Both start from nothing and end when all components are healthy. Aim: a ratio of at most 1.5, with two more containers for each
instance. Needs the packages of requirements-dev.txt, which include Docker Compose, and the images (`make site` once).
Run it from the repository's root: `.venv/bin/python bench/cold.py [ROUNDS]`. Its applications have their own names and are
removed with their data.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from plain_compose import NAME, compose_program, write_plain
from side_by_side import command, measure, report

ROUNDS = 5
PORTS = {"EDGE_HTTP_PORT": "18200", "EDGE_STATUS_PORT": "18201", "ZIPKIN_PORT": "18202"}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    environment = {"COMPOSE_PROJECT_NAME": "sockshop-bench", **PORTS}
    with tempfile.TemporaryDirectory() as folder:
        program = compose_program()
        compose = (program, "--project-name", NAME, "--file", str(write_plain(Path(folder))))
        deploy_plain = command(*compose, "up", "--detach", "--wait")
        deploy_mesh = command(playbook, "playbooks/site.yml", **environment)
        remove_plain = command(*compose, "down", "--volumes", "--timeout", "2")
        remove_mesh = command(playbook, "playbooks/teardown.yml", "-e", "delete_data=true", **environment)
        durations: dict[str, list[float]] = {"compose": [], "evenkeel": []}
        try:
            for _round in range(rounds):
                durations["compose"] += measure({"compose": deploy_plain}, 1)["compose"]
                remove_plain()
                durations["evenkeel"] += measure({"evenkeel": deploy_mesh}, 1)["evenkeel"]
                remove_mesh()
        finally:
            remove_plain()
            remove_mesh()
        report(durations, "compose")


if __name__ == "__main__":
    main()
