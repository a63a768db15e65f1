"""Roll out new versions of components on a Docker engine, step by step behind gates."""

from __future__ import annotations

import getpass
import os
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import Deployment
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.report import report
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.rollout import OPTIONS, asked_for

REPORTS = "reports"
ROLL_OUT = "roll_out"


class ActionModule(DeploymentAction):
    """Settles on the controller what is to be released, then runs the module."""

    own_options = (*OPTIONS, "reports")

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, show its summary, and write the report of a release that has gone through a step."""
        result = super().run(tmp, task_vars)
        for line in result.get("summary", ()):
            Display().display(line)
        release = result.get("release") or {}
        if release.get("steps") and result.get("changed"):
            result["report"] = self._reported(release)
            Display().display(f"Report: {result['report']}")
        return result

    def _reported(self, release: dict[str, Any]) -> str:
        began = time.strftime("%Y%m%d-%H%M%S", time.localtime(release["began"]))
        path = Path(self._task.args.get("reports") or REPORTS, f"{release['rollout']['name']}-{began}.html").resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report(release), encoding="utf-8")
        return str(path)

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return the application and the release, validated."""
        given = {name: self._task.args[name] for name in OPTIONS if self._task.args.get(name) not in (None, "")}
        named = ""
        if self._task.args.get("action", ROLL_OUT) != ROLL_OUT and not Path(str(given.get("release", ""))).is_file():
            named = str(given.pop("release", ""))
        try:
            rollout, weights = asked_for(deployment, given)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            **super().module_arguments(deployment),
            "rollout": asdict(rollout) if rollout else None,
            "named": named or (rollout.name if rollout else ""),
            "weights": list(weights),
            "by": f"{getpass.getuser()}@{socket.gethostname()} (process {os.getpid()})",
        }
