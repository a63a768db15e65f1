# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roll out new versions of components step by step, behind health gates."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.report import report
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.rollout import OPTIONS, requested_rollout

ROLL_OUT = "roll_out"


class ActionModule(WorkflowAction):
    """Reads and validates the release on the controller, then runs the workflow."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the workflow's result, display its summary, and write the report of a release that has completed a step."""
        result = super().run(tmp, task_vars)
        for line in result.get("summary", ()):
            self.display(line)
        release = result.get("release") or {}
        if release.get("steps") and result.get("changed") and not self._task.check_mode:
            result["report"] = self._write_report(release)
            self.display(f"Report: {result['report']}")
        return result

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the validated release."""
        release_options = {name: options[name] for name in OPTIONS if options.get(name) is not None}
        self._reports = options["reports"]
        name = ""
        if options["action"] != ROLL_OUT and not Path(str(release_options.get("release", ""))).is_file():
            name = str(release_options.pop("release", ""))
        try:
            rollout, weights = requested_rollout(project, release_options)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            "action": options["action"],
            "rollout": asdict(rollout) if rollout else None,
            "named": name or (rollout.name if rollout else ""),
            "weights": list(weights),
            "back_on_interrupt": options["back_on_interrupt"],
            "timeout": options["timeout"],
        }

    def _write_report(self, release: dict[str, Any]) -> str:
        began = time.strftime("%Y%m%d-%H%M%S", time.localtime(release["began"]))
        path = self.local_path(f"{self._reports}/{release['rollout']['name']}-{began}.html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report(release), encoding="utf-8")
        return str(path)
